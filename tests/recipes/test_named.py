"""The named recipes, files, and changes of a recipe."""

import json
import sys
from dataclasses import asdict, fields

import numpy as np
import pytest

from fashionlab import recipes
from fashionlab.data import Augmentation
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError, MissingDependencyError
from fashionlab.recipes import build


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("report-net", 407_050),
        ("report-mlp", 535_818),
        ("report-cnn", 1_387_434),
        ("report-cnn-text", 3_640_238),
    ],
)
def test_parameter_counts_are_the_reports(name, parameters):
    assert build(recipes.get(name), get_engine("keras"), (28, 28), 10).count_params() == parameters


@pytest.mark.parametrize(
    ("name", "most"), [("tiny", 20_000), ("small", 100_000), ("medium", 300_000)]
)
def test_parameter_counts_are_below_what_the_names_stand_for(name, most):
    model = build(recipes.get(name), get_engine("keras"), (28, 28), 10)
    assert most / 2 < model.count_params() < most


@pytest.mark.parametrize("name", ["net", "mlp", "cnn"])
@pytest.mark.parametrize("engine_name", ["scratch", "keras"])
def test_the_reports_layers_trained_well_are_its_layers(name, engine_name):
    ours, theirs = (
        build(recipes.get(n), get_engine(engine_name), (28, 28), 10)
        for n in (name, f"report-{name}")
    )
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    model, report = recipes.get(name).model, recipes.get(f"report-{name}").model
    assert model.get("activation") == report.get("activation")


@pytest.mark.parametrize("name", ["tiny", "small"])
def test_small_convolution_networks_are_built_by_scratch_too(name):
    recipe = recipes.override(recipes.get(name), {"engine": "scratch", "optimizer": "SGD"})
    ours = build(recipe, get_engine("scratch"), (28, 28), 10)
    theirs = build(recipe, get_engine("keras"), (28, 28), 10)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]


@pytest.mark.parametrize("name", [n for n in recipes.RECIPES if not n.startswith("report-")])
def test_no_recipe_chooses_by_or_watches_the_test_set(name):
    recipe = recipes.get(name)
    assert not recipe.test_each_epoch and not recipe.restore_best_weights
    assert recipe.validation_fraction == 0 and recipe.early_stopping_patience is None
    assert recipe.schedule == "cosine"  # fixed before the training begins


@pytest.mark.parametrize("name", ["report-net", "report-mlp"])
def test_scratch_builds_the_same_weights_shapes_as_keras(name):
    ours, theirs = (
        build(recipes.get(name), get_engine(e), (28, 28), 10) for e in ("scratch", "keras")
    )
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]


def test_layer_shapes_and_parameters_are_those_of_the_reports_cnn():
    model = build(recipes.get("report-cnn"), get_engine("keras"), (28, 28), 10)
    layers = {layer.name: (layer.output.shape[1:], layer.count_params()) for layer in model.layers}
    assert layers["conv_1"] == ((27, 27, 32), 160)
    assert layers["pool_1"] == ((13, 13, 32), 0)
    assert layers["flatten"] == ((5408,), 0)
    assert layers["hidden_1"] == ((256,), 1_384_704)
    assert layers["output"] == ((10,), 2_570)


def test_the_first_systems_loss_before_training_is_above_15():
    x = np.random.default_rng(0).integers(0, 256, (500, 28, 28), dtype=np.uint8)
    y = np.eye(10, dtype=np.float32)[np.arange(500) % 10]
    loss, _ = build(recipes.get("report-net"), get_engine("scratch"), (28, 28), 10).evaluate(x, y)
    assert loss > 15


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_a_seed_decides_the_weights(name):
    recipe, engine = recipes.get("report-net"), get_engine(name)
    a, b, c = (build(recipe, engine, (6, 6), 4, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))
    assert not any(np.array_equal(u, v) for u, v in zip(a, c, strict=True))


def test_unknown_recipe_suggests_the_nearest():
    with pytest.raises(InvalidValueError, match="did you mean 'report-cnn'"):
        recipes.get("report-cn")


def test_unknown_engine_names_the_engines():
    with pytest.raises(InvalidValueError, match="scratch, keras"):
        get_engine("theano")


def test_missing_keras_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "fashionlab\[keras\]"$'):
        get_engine("keras")


def test_a_file_changes_fields_of_its_base(tmp_path):
    path = tmp_path / "wide.toml"
    path.write_text('base = "report-mlp"\nepochs = 7\nbatch_size = "all"\n[model]\nunits = [9]\n')
    recipe = recipes.get(str(path))
    assert recipe == recipes.override(
        recipes.RECIPES["report-mlp"],
        {"name": "wide", "epochs": 7, "batch_size": None, "model": {"units": [9]}},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs = 3", "base"),
        ('base = "report-mpl"', "did you mean 'report-mlp'"),
        ('base = "report-mlp"\nepoch = 3', "did you mean 'epochs'"),
        ('base = "report-mlp"\nepochs = 0', "epochs must be"),
        ('base = "report-mlp"\nepochs = true', "epochs must be"),
        (
            'base = "report-mlp"\nlearning_rate = "fast"',
            "learning_rate must be a number; received text: 'fast'",
        ),
        ('base = "report-mlp"\nlearning_rate = nan', "learning_rate must be finite; received nan"),
        ('base = "report-mlp"\nvalidation_fraction = 1.0', "validation_fraction must be"),
        ('base = "report-mlp"\nmodel = 3', "model must be a table; received a whole number: 3"),
        ('base = "report-mlp"\n[model]\nunit = [3]', "did you mean 'units'"),
        ("base =", "TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_remedy(text, message, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InvalidValueError, match=message):
        recipes.get(str(path))


TABLES = {"augment", "model"}
ALL_OPTIONS = {
    "schedule": "cosine",
    "final_learning_rate": 0.0001,
    "warmup_epochs": 1.5,
    "moving_average": 0.9,
    "early_stopping_patience": 3,
    "restore_best_weights": True,
    "monitor": "validation_accuracy",
    "validation_fraction": 0.1,
    "augment": {"flip": True, "shift": 2},
    "model": {"dropout": 0.5},
}


def test_a_recipe_comes_back_from_json():
    recipe = recipes.override(recipes.get("report-net"), ALL_OPTIONS)
    back = recipes.Recipe(**json.loads(json.dumps(asdict(recipe))))
    assert back == recipes.override(recipe, {"model": {"units": [512]}})
    assert back.augmentation == Augmentation(flip=True, shift=2)


OTHERS = {  # a value for each field, other than that of the base
    "name": "mine",
    "builder": "cnn",
    "engine": "scratch",
    "epochs": 7,
    "batch_size": 64,
    "optimizer": "AdamW",
    "learning_rate": 0.01,
    "output_activation": "linear",
    "test_each_epoch": False,
    "optimizer_options": {"weight_decay": 0.1},
    "label_smoothing": 0.1,
    "flip_at_prediction": True,
    "precision": "float32",
    **ALL_OPTIONS,
}


def as_toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {as_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def test_every_field_can_be_set_in_a_file(tmp_path):
    assert OTHERS.keys() == {field.name for field in fields(recipes.Recipe)}
    path = tmp_path / "mine.toml"
    needs = {
        "final_learning_rate": {"schedule": "cosine"},
        "warmup_epochs": {"schedule": "cosine"},
        "early_stopping_patience": {"validation_fraction": 0.1},
        "restore_best_weights": {"validation_fraction": 0.1},
    }
    for name, value in OTHERS.items():
        base = "tiny" if name == "precision" else "report-mlp"
        together = {"base": base, name: value, **needs.get(name, {})}
        path.write_text("\n".join(f"{key} = {as_toml(v)}" for key, v in together.items()))
        found, before = (getattr(recipes.get(x), name) for x in (str(path), base))
        assert found == ({**before, **value} if isinstance(value, dict) else value)
        assert found != before


def test_options_of_augment_are_added_to_those_there_are():
    flipped = recipes.override(recipes.get("report-mlp"), {"augment": {"flip": True, "shift": 1}})
    assert recipes.override(flipped, {"augment": {"shift": 2}}).augment == {
        "flip": True,
        "shift": 2,
    }


def test_with_another_optimizer_the_options_of_the_first_go():
    tiny = recipes.get("tiny")
    changed = recipes.override(tiny, {"optimizer": "SGD", "optimizer_options": {"momentum": 0.9}})
    assert changed.optimizer_options == {"momentum": 0.9}
    changed = recipes.override(tiny, {"optimizer": "Muon", "optimizer_options": {"momentum": 0.8}})
    assert changed.optimizer_options == {**tiny.optimizer_options, "momentum": 0.8}


def test_the_named_recipes_of_the_report_use_none_of_the_new_options():
    defaults = {f.name: f.default for f in fields(recipes.Recipe)}
    for name in (n for n in recipes.RECIPES if n.startswith("report-")):
        recipe = recipes.get(name)
        assert all(getattr(recipe, f) == defaults[f] for f in ALL_OPTIONS.keys() - TABLES)
        assert recipe.augmentation is None and "dropout" not in recipe.model


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        ("net", {"epochs": 1}, {"warmup_epochs": 1 / 300, "moving_average": pytest.approx(0.7)}),
        ("net", {"epochs": 300}, {"moving_average": 0.999}),
        ("net", {"epochs": 1, "moving_average": 0.99}, {"moving_average": 0.99}),
        ("fast-94", {"epochs": 1}, {"moving_average": pytest.approx(1 - 12 / 500)}),
        ("medium", {"epochs": 10}, {"warmup_epochs": 0.3}),
        ("medium", {"epochs": 200}, {"warmup_epochs": 3}),
        ("medium", {"epochs": 10, "warmup_epochs": 5}, {"warmup_epochs": 5}),
        ("medium", {"schedule": "constant"}, {"warmup_epochs": 0, "final_learning_rate": 0}),
        ("medium", {"schedule": "exponential", "final_learning_rate": 0.001}, {"warmup_epochs": 0}),
        ("tiny", {"builder": "mlp"}, {"precision": "float32", "model": {}}),
        ("tiny", {"builder": "mlp", "model": {"units": [3]}}, {"model": {"units": [3]}}),
    ],
)
def test_what_no_longer_fits_a_changed_field_gives_way(base, changes, expected):
    changed = recipes.override(recipes.get(base), changes)
    assert {name: getattr(changed, name) for name in expected} == expected


def test_a_lower_rate_ends_lower_in_proportion():
    slow = recipes.override(recipes.get("net"), {"final_learning_rate": 0.001})
    slower = recipes.override(slow, {"learning_rate": 0.0005})
    assert slower.final_learning_rate == pytest.approx(0.0001)
    assert recipes.override(slow, {"learning_rate": 0.01}).final_learning_rate == 0.001


@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        ("net", {"epochs": 1, "warmup_epochs": 1}, "warmup_epochs must be from 0 to below epochs"),
        ("net", {"schedule": "constant", "warmup_epochs": 1}, "needs schedule 'cosine'"),
        ("net", {"schedule": "exponential"}, "final_learning_rate must be above 0"),
        ("net", {"learning_rate": 0.001, "final_learning_rate": 0.01}, "to learning_rate, 0.001"),
        ("tiny", {"builder": "mlp", "precision": "bfloat16"}, "needs the builder 'convnet'"),
        ("tiny", {"early_stopping_patience": 3}, "give a validation_fraction above 0"),
    ],
)
def test_changes_that_contradict_each_other_stay_refused(base, changes, said):
    with pytest.raises(InvalidValueError, match=said):
        recipes.override(recipes.get(base), changes)


@pytest.mark.parametrize("base", recipes.RECIPES)
def test_every_recipe_can_be_trained_for_an_epoch(base):
    assert recipes.override(recipes.get(base), {"epochs": 1}).warmup_epochs < 1


def test_all_recipes_flip_but_the_reports_and_that_for_digits():
    """A digit's mirror image is no digit, or another one, as docs/commands.md says."""
    flips = {n: bool(recipe.augment.get("flip")) for n, recipe in recipes.RECIPES.items()}
    assert flips == {n: recipe.flip_at_prediction for n, recipe in recipes.RECIPES.items()}
    assert {n for n, flip in flips.items() if not flip and not n.startswith("report-")} == {
        "digits"
    }
