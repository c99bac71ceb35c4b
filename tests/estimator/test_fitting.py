"""How ScratchClassifier fits: seeds, weights of rows, partial and warm fits, copies."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

from fashionlab import ScratchClassifier, scratch
from fashionlab.errors import InvalidValueError
from fashionlab.estimator.rows import hold_out

from .conftest import same_bits


@pytest.mark.parametrize("batch_size", [32, 1000])
def test_random_state_decides_every_bit(iris, batch_size):
    x = iris[0]
    one, same, other = (
        ScratchClassifier(batch_size=batch_size, epochs=3, random_state=seed).fit(*iris)
        for seed in (1, 1, 2)
    )
    assert same_bits(one, same, x)
    assert not same_bits(one, other, x)


def test_without_random_state_each_fit_differs(iris):
    model = ScratchClassifier(epochs=1)
    assert not same_bits(clone(model).fit(*iris), clone(model).fit(*iris), iris[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_weights_equal_repeated_rows_in_any_order(iris, early_stopping):
    x, y = iris
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, len(y))
    order = rng.permutation(np.repeat(np.arange(len(y)), weights))
    model = ScratchClassifier(batch_size=1000, early_stopping=early_stopping, random_state=0)
    weighted = clone(model).fit(x, y, sample_weight=weights)
    repeated = clone(model).fit(x[order], y[order])
    np.testing.assert_allclose(
        weighted.predict_proba(x), repeated.predict_proba(x), rtol=1e-7, atol=1e-12
    )
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_)
    assert weighted.best_validation_score_ == pytest.approx(repeated.best_validation_score_)


def test_a_weight_of_zero_removes_the_row_in_batches_too(iris):
    x, y = iris
    model = ScratchClassifier(batch_size=16, epochs=3, random_state=0)
    kept = np.arange(len(y)) % 3 > 0
    weighted = clone(model).fit(x, y, sample_weight=kept)
    assert same_bits(weighted, clone(model).fit(x[kept], y[kept]), x)


def test_scale_of_the_weights_does_not_matter_to_fit(iris):
    weights = np.random.default_rng(0).uniform(0.5, 2, len(iris[1]))
    model = ScratchClassifier(batch_size=16, epochs=3, random_state=0)
    one, other = (clone(model).fit(*iris, sample_weight=s * weights) for s in (1, 1024))
    assert same_bits(one, other, iris[0])


def test_weights_of_a_class_shift_predictions_to_it():
    x, y = make_classification(400, flip_y=0.4, random_state=0)
    model = ScratchClassifier(epochs=20, random_state=0)
    plain = clone(model).fit(x, y).predict(x).mean()
    shifted = clone(model).fit(x, y, sample_weight=np.where(y == 1, 5, 1)).predict(x).mean()
    assert shifted > plain + 0.2


@pytest.mark.parametrize("batch_size", [16, 1000])
def test_fit_is_a_partial_fit_for_each_epoch(iris, batch_size):
    model = ScratchClassifier(batch_size=batch_size, epochs=4, random_state=0)
    fitted, stepped = clone(model).fit(*iris), clone(model)
    for _ in range(4):
        stepped.partial_fit(*iris, classes=np.unique(iris[1]))
    assert same_bits(fitted, stepped, iris[0])
    assert fitted.loss_curve_ == stepped.loss_curve_
    assert fitted.n_iter_ == stepped.n_iter_ == 4


def test_partial_fit_over_chunks_is_train_on_batch_over_them(iris):
    x, y = iris
    model = ScratchClassifier(random_state=0)
    classes, codes = np.unique(y, return_inverse=True)
    by_hand = clone(model).partial_fit(x[:1], y[:1], classes).model_
    for start in range(0, 150, 50):
        by_hand.train_on_batch(x[start : start + 50], codes[start : start + 50])
    model.partial_fit(x[:1], y[:1], classes)
    for start in range(0, 150, 50):
        model.partial_fit(x[start : start + 50], y[start : start + 50])
    np.testing.assert_array_equal(model.decision_function(x), by_hand.predict(x))


def test_partial_fit_takes_weights_as_they_are(iris):
    x, y = iris[0][:10], iris[1][:10]
    model = ScratchClassifier(optimizer="sgd", learning_rate=0.1, random_state=0)
    classes = np.unique(iris[1])
    single = clone(model).set_params(learning_rate=0.2).partial_fit(x, y, classes)
    double = clone(model).partial_fit(x, y, classes, sample_weight=np.full(10, 2))
    np.testing.assert_allclose(single.predict_proba(x), double.predict_proba(x))


def test_warm_start_goes_on_from_the_weights(iris):
    model = ScratchClassifier(epochs=10, random_state=0, warm_start=True).fit(*iris)
    first = list(model.loss_curve_)
    model.fit(*iris)
    assert model.n_iter_ == 20
    assert model.loss_curve_[:10] == first
    assert model.loss_curve_[10] < first[-1]
    cold = ScratchClassifier(epochs=10, random_state=0).fit(*iris).fit(*iris)
    assert cold.loss_curve_ == first


def test_warm_start_keeps_the_classes(iris):
    x, y = iris
    model = ScratchClassifier(epochs=1, warm_start=True).fit(x, y)
    with pytest.raises(InvalidValueError, match="classes must be the network's"):
        model.fit(x[y != "setosa"], y[y != "setosa"])


def test_early_stopping_stops_and_keeps_the_best_epoch(iris):
    x, y = iris
    model = ScratchClassifier(
        learning_rate=0.05, epochs=500, early_stopping=True, patience=5, random_state=0
    ).fit(x, y)
    assert model.n_iter_ < 500
    best = clone(model).set_params(epochs=model.n_iter_ - model.patience).fit(x, y)
    assert same_bits(model, best, x)
    assert model.best_validation_score_ > 0.8
    assert model.score(x, y) > 0.9


def test_rows_held_out_have_no_equal_among_those_trained_on(iris):
    x, y = np.tile(iris[0], (3, 1)), np.tile(iris[1], 3)
    held_out = hold_out(x, np.unique(y, return_inverse=True)[1], 0.1, seed=0)
    assert 0.05 < held_out.mean() < 0.2
    trained_on = {row.tobytes() for row in x[~held_out]}
    assert not any(row.tobytes() in trained_on for row in x[held_out])


@pytest.mark.parametrize("through", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("optimizer", ["adam", scratch.optimizers.SGD(momentum=0.9)])
def test_a_copy_predicts_and_goes_on_training_the_same(iris, through, optimizer):
    model = ScratchClassifier(
        dropped_out, optimizer=optimizer, batch_size=16, epochs=2, random_state=0
    ).fit(*iris)
    copied = through(model)
    assert same_bits(model, copied, iris[0])
    for each in (model, copied):
        each.partial_fit(*iris)
    assert same_bits(model, copied, iris[0])


def dropped_out(nn, input_shape, classes, seed):
    return nn.Sequential(
        [
            nn.Input(input_shape),
            nn.layers.Dense(16, activation="relu", kernel_initializer="ones"),
            nn.layers.BatchNormalization(),
            nn.layers.Dropout(0.5, seed=seed),
            nn.layers.Dense(classes, kernel_initializer="zeros"),
        ]
    )


def test_an_optimizer_given_is_left_as_it_was(iris):
    optimizer = scratch.optimizers.Adam()
    model = ScratchClassifier(optimizer=optimizer, learning_rate=0.01, epochs=2).fit(*iris)
    assert model.optimizer is optimizer
    assert (optimizer.iterations, optimizer.learning_rate) == (0, 0.001)
    assert (model.model_.optimizer.iterations, model.model_.optimizer.learning_rate) == (4, 0.01)


def test_dense_computes_in_the_precision_of_its_rows(iris):
    x, y = iris
    for dtype in ("float32", "float64"):
        model = ScratchClassifier(epochs=1).fit(x.astype(dtype), y)
        assert model.model_.dtype == dtype


@pytest.mark.parametrize("seed", [None, 5])
def test_layers_that_draw_are_seeded_by_random_state_and_go_on_in_a_copy(iris, seed):
    def builder(nn, shape, classes, number):
        glorot = nn.initializers.GlorotUniform(seed=number)
        return nn.Sequential(
            [
                nn.Input(shape),
                nn.layers.Dense(8, kernel_initializer=glorot),
                nn.layers.Dropout(0.5, seed=seed),
                nn.layers.Dropout(0.5, seed=seed),
                nn.layers.Dense(classes, kernel_initializer=glorot),
            ]
        )

    def fitted(random_state=3):
        made = ScratchClassifier(builder, epochs=2, random_state=random_state)
        return made.fit(*iris)

    one, other = fitted(), fitted()
    assert same_bits(one, other, iris[0])
    first, second = (words.tolist() for words in one.model_.generator_states.values())
    assert (first == second) == (seed is not None)
    again = copy.deepcopy(one)
    for estimator in (one, again):
        estimator.partial_fit(*iris)
    assert same_bits(one, again, iris[0])
    assert not same_bits(one, other, iris[0])
