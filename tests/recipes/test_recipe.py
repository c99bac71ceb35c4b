"""What a recipe refuses, and the model that it builds."""

import numpy as np
import pytest

from fashionlab import recipes
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError
from fashionlab.recipes import build


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "cosinus"}, "no schedule 'cosinus'; did you mean 'cosine'"),
        ({"final_learning_rate": 0.0001}, "0 with 'constant'; received 0.0001"),
        ({"schedule": "exponential"}, "above 0 with schedule 'exponential'"),
        ({"schedule": "cosine", "final_learning_rate": 0.1}, "from 0 to learning_rate, 0.001;"),
        ({"schedule": "cosine", "final_learning_rate": -0.1}, "final_learning_rate .* -0.1"),
        (
            {"schedule": "cosine", "final_learning_rate": True},
            "final_learning_rate must be a number; .*: True",
        ),
        ({"schedule": "cosine", "final_learning_rate": float("nan")}, "received nan"),
        ({"warmup_epochs": 1}, "warmup_epochs needs schedule 'cosine'; received 'constant'"),
        ({"schedule": "cosine", "warmup_epochs": 30}, "below epochs, 30; received 30"),
        ({"schedule": "cosine", "warmup_epochs": -1}, "warmup_epochs .* -1"),
        (
            {"schedule": "cosine", "warmup_epochs": "1"},
            "warmup_epochs must be a number; received text: '1'",
        ),
        ({"moving_average": 1}, "moving_average must be .* received 1"),
        ({"moving_average": 0.0}, "moving_average must be .* received 0.0"),
        ({"moving_average": True}, "moving_average must be a number; .*: True"),
        ({"early_stopping_patience": 0}, "early_stopping_patience must be .* received 0"),
        (
            {"early_stopping_patience": 1.0},
            "early_stopping_patience must be a whole number; .*: 1.0",
        ),
        ({"restore_best_weights": 1}, "restore_best_weights must be true or false; .*: 1"),
        ({"early_stopping_patience": 1}, "test set is never used to choose"),
        ({"restore_best_weights": True}, "test set is never used to choose"),
        ({"monitor": "test_accuracy"}, "no monitor 'test_accuracy'"),
        ({"augment": "flip"}, "augment must be a table; received text: 'flip'"),
        ({"augment": {"flips": True}}, "no option of augment 'flips'; did you mean 'flip'"),
        ({"augment": {"shift": -1}}, "shift must be .* received -1"),
    ],
)
def test_an_option_outside_its_range_is_one_line(changes, message):
    with pytest.raises(InvalidValueError, match=message) as caught:
        recipes.override(recipes.get("report-mlp"), changes)
    assert "\n" not in str(caught.value)


SCHEDULES = [
    ({}, {0: 0.1, 10: 0.1, 20: 0.1}),
    ({"schedule": "cosine"}, {0: 0.1, 10: 0.05, 20: 0.0}),
    ({"schedule": "cosine", "final_learning_rate": 0.02}, {0: 0.1, 10: 0.06, 20: 0.02}),
    ({"schedule": "exponential", "final_learning_rate": 0.001}, {0: 0.1, 10: 0.01, 20: 0.001}),
    (
        # 4 steps up, 16 down, of which 8 are half
        {"schedule": "cosine", "final_learning_rate": 0.02, "warmup_epochs": 0.8},
        {0: 0.0, 1: 0.025, 4: 0.1, 12: 0.06, 20: 0.02},
    ),
]


@pytest.mark.parametrize("name", ["scratch", "keras"])
@pytest.mark.parametrize(("changes", "rates"), SCHEDULES)
def test_the_rate_goes_from_the_first_to_the_final_one(changes, rates, name):
    changes = {"epochs": 4, "learning_rate": 0.1, **changes}
    chosen = recipes.override(recipes.get("report-mlp"), changes)
    optimizer = trained(name, changes, steps=5).optimizer
    for step, rate in rates.items():
        if name == "scratch":
            optimizer.iterations = step
        else:
            optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(rate, rel=1e-5, abs=1e-8)
        assert recipes.learning_rates(chosen, 5)(step) == pytest.approx(rate, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["scratch", "keras"])
@pytest.mark.parametrize("warmup", [0.9, 0.4])  # of one step: to be rounded up, and down
def test_a_warm_up_of_less_than_a_step_leaves_one_to_decay(warmup, name):
    changes = {"epochs": 1, "schedule": "cosine", "warmup_epochs": warmup}
    assert float(trained(name, changes, steps=1).optimizer.learning_rate) == pytest.approx(0.001)


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_a_rate_may_be_a_whole_number(name):
    for changes in ({}, {"schedule": "exponential", "final_learning_rate": 1}):
        optimizer = trained(name, {"learning_rate": 1, **changes}).optimizer
        assert float(optimizer.learning_rate) == 1


X = np.random.default_rng(0).integers(0, 256, (5, 8, 6, 6), dtype=np.uint8)  # 5 batches of 8
Y = np.eye(4, dtype=np.float32)[np.random.default_rng(1).integers(0, 4, (5, 8))]


def trained(engine_name, changes, steps=5, batches=0, weights=None):
    """A small model of report-mlp with these changes, after so many batches."""
    changes = {"output_activation": "linear", "model": {"units": [5]}} | changes
    recipe = recipes.override(recipes.get("report-mlp"), changes)
    model = build(recipe, get_engine(engine_name), (6, 6), 4, 0, steps)
    if weights:
        model.set_weights(weights)
    for x, y in zip(X[:batches], Y[:batches], strict=True):
        model.train_on_batch(x, y)
    return model


def averaged(model):
    if hasattr(model, "weights_vector"):
        model.optimizer.finalize(model.weights_vector)
    else:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    return model.get_weights()


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_both_engines_train_the_same_and_average_the_same(optimizer):
    changes = {"optimizer": optimizer, "learning_rate": 0.01, "epochs": 1, "moving_average": 0.6}
    changes |= {"schedule": "cosine", "final_learning_rate": 0.001, "warmup_epochs": 0.4}
    start = trained("scratch", changes).get_weights()
    ours, theirs = (trained(e, changes, 5, 5, start) for e in ("scratch", "keras"))
    last = ours.get_weights()
    for u, v in zip(last, theirs.get_weights(), strict=True):
        np.testing.assert_allclose(u, v, rtol=1e-4, atol=2e-6)
    average = averaged(ours)
    for u, v in zip(average, averaged(theirs), strict=True):
        np.testing.assert_allclose(u, v, rtol=1e-4, atol=2e-6)
    assert all(abs(u - v).max() > 1e-4 for u, v in zip(average, last, strict=True))


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_the_average_is_that_of_the_weights_after_each_step(name):
    changes = {"moving_average": 0.6}
    start = trained(name, changes).get_weights()
    expected = trained(name, changes, 5, 1, start).get_weights()
    for batches in (2, 3):
        now = trained(name, changes, 5, batches, start).get_weights()
        expected = [0.6 * a + 0.4 * w for a, w in zip(expected, now, strict=True)]
    for u, v in zip(averaged(trained(name, changes, 5, 3, start)), expected, strict=True):
        np.testing.assert_allclose(u, v, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_without_a_moving_average_the_optimizer_keeps_none(name):
    assert not trained(name, {}).optimizer.use_ema


@pytest.mark.parametrize("name", ["scratch", "keras"])
@pytest.mark.parametrize("base", ["report-mlp", "report-cnn"])
def test_dropout_follows_each_hidden_layer_and_leaves_the_first_weights(base, name):
    def of(dropout, seed=0):
        options = {"units": [5, 3], "dropout": dropout}
        recipe = recipes.override(recipes.get(base), {"model": options})
        return build(recipe, get_engine(name), (6, 6), 4, seed)

    with_it, without = of(0.3), of(0)
    # Keras numbers its input layers over all models.
    names, others = (
        [layer.name for layer in model.layers if "input_layer" not in layer.name]
        for model in (with_it, without)
    )
    assert names[-5:] == ["hidden_1", "dropout_1", "hidden_2", "dropout_2", "output"]
    assert [n for n in names if "dropout" not in n] == others
    models = (with_it, of(0.3, seed=1))
    drops = [layer for m in models for layer in m.layers if "dropout" in layer.name]
    assert [layer.rate for layer in drops] == 4 * [0.3]
    initial = {x.kernel_initializer.seed for x in with_it.layers if "hidden" in x.name}
    assert len({layer.seed for layer in drops} - {seed >> 1 for seed in initial}) == 4
    for u, v in zip(with_it.get_weights(), without.get_weights(), strict=True):
        assert np.array_equal(u, v)


def test_the_seeds_of_the_first_weights_never_change():
    layers = build(recipes.get("report-mlp"), get_engine("scratch"), (6, 6), 4).layers
    seeds = [x.kernel_initializer.seed for x in layers if hasattr(x, "kernel_initializer")]
    assert seeds == [3757552657, 673228719, 3241444873]


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_dropout_draws_by_the_seed_alone(name):
    def loss(seed):
        recipe = recipes.override(recipes.get("report-mlp"), {"model": {"dropout": 0.5}})
        model = build(recipe, get_engine(name), (6, 6), 4, seed)
        model.set_weights(weights)
        return float(model.train_on_batch(X[0], Y[0], return_dict=True)["loss"])

    weights = build(recipes.get("report-mlp"), get_engine(name), (6, 6), 4).get_weights()
    # Keras on PyTorch keeps seeds in 31 bits: of ten some were larger if nothing cut them
    losses = [loss(seed) for seed in range(10)]
    assert len(set(losses)) == 10 and losses[3] == loss(3)


@pytest.mark.parametrize("rate", [1, 1.5, -0.1, float("nan"), "0.5", None])
@pytest.mark.parametrize("builder", ["report-mlp", "report-cnn"])
def test_a_dropout_outside_its_range_is_one_line(rate, builder):
    with pytest.raises(InvalidValueError, match=rf"^model.dropout must be .*{rate!r}"):
        recipes.override(recipes.get(builder), {"model": {"dropout": rate}})


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_an_activation_that_there_is_not_is_one_line(name):
    recipe = recipes.override(recipes.get("report-mlp"), {"model": {"activation": "rele"}})
    with pytest.raises(InvalidValueError, match=r"^report-mlp cannot be built: .+$"):
        build(recipe, get_engine(name), (6, 6), 4)


@pytest.mark.parametrize("optimizer", ["Array", "Optimizer", "sgd", "LossScaleOptimizer"])
def test_what_is_no_optimizer_is_refused(optimizer):
    with pytest.raises(InvalidValueError, match="no optimizer"):
        recipes.override(recipes.get("report-mlp"), {"optimizer": optimizer})


def test_an_optimizer_that_scratch_lacks_is_refused():
    recipe = recipes.override(recipes.get("tiny"), {"engine": "scratch"})
    with pytest.raises(InvalidValueError, match="no optimizer 'Muon'"):
        build(recipe, get_engine("scratch"), (28, 28), 10)


@pytest.mark.parametrize("optimizer", recipes.OPTIMIZERS)
def test_keras_has_every_optimizer_that_a_recipe_may_name(optimizer):
    changes = {"optimizer": optimizer, "schedule": "cosine", "moving_average": 0.9}
    recipe = recipes.override(recipes.get("report-mlp"), changes)
    x = np.zeros((4, 6, 6), np.uint8)
    build(recipe, get_engine("keras"), (6, 6), 4).fit(x, np.eye(4, dtype=np.float32), verbose=0)
