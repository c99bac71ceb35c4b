"""A batch on several replicas has the results of one model; nothing is left behind."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import cores, layers, replicas

RNG = np.random.default_rng(0)
X = RNG.random((50, 8, 8, 1))
Y = RNG.integers(0, 3, 50)
WEIGHTS = RNG.random(50)


@pytest.fixture
def three_cores(monkeypatch):
    monkeypatch.setattr(cores, "count", lambda: 3)
    monkeypatch.setattr(replicas, "SHARE", 1)


def model_of(*before_the_end):
    model = scratch.Sequential(
        [
            scratch.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", dtype="float64"),
            layers.MaxPooling2D(2, dtype="float64"),
            layers.Flatten(dtype="float64"),
            *before_the_end,
            layers.Dense(3, dtype="float64"),
        ]
    )
    loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy"])
    model.micro_batch_size = 10
    return model


def copy_of(model):
    other = model_of()
    other.set_weights(model.get_weights())
    return other


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_shared_batch_has_the_gradients_of_one_core(weights, three_cores, monkeypatch):
    shared = model_of()
    alone = copy_of(shared)
    sums = shared.compute_gradients(X, Y, weights)
    assert len(shared.replicas) == 2
    monkeypatch.setattr(cores, "count", lambda: 1)
    assert alone.compute_gradients(X, Y, weights) == pytest.approx(sums, rel=1e-12)
    np.testing.assert_allclose(shared.gradients_vector, alone.gradients_vector, atol=1e-14)


def test_predictions_and_figures_do_not_depend_on_the_cores(three_cores, monkeypatch):
    model = model_of()
    shared = model.predict(X), model.evaluate(X, Y, sample_weight=WEIGHTS)
    assert len(model.replicas) == 2
    monkeypatch.setattr(cores, "count", lambda: 1)
    np.testing.assert_allclose(model.predict(X), shared[0], rtol=1e-12)
    assert model.evaluate(X, Y, sample_weight=WEIGHTS) == pytest.approx(shared[1], rel=1e-12)


def testreplicas_follow_new_weights_layers_and_losses(three_cores):
    model = model_of()
    model.predict(X)
    model.set_weights([w * 0 + 1 for w in model.get_weights()])
    model.fit(X, Y, batch_size=50, epochs=2, verbose=0)
    outputs = model.predict(X)
    assert np.ptp(outputs) > 0
    np.testing.assert_allclose(outputs, copy_of(model).predict(X), rtol=1e-12)
    model.add(layers.Activation("softmax", dtype="float64"))
    np.testing.assert_allclose(model.predict(X).sum(axis=1), 1)
    model.compile("sgd", "mse")
    expected = np.mean((model.predict(X) - 1) ** 2)
    assert model.evaluate(X, np.ones((50, 3))) == pytest.approx(expected)


def test_dropout_draws_apart_on_each_core_and_again_from_the_same_state(three_cores):
    dropout = layers.Dropout(0.5, seed=1, dtype="float64")
    model = model_of(dropout)
    state = dropout.generator.bit_generator.state
    model.compute_gradients(X, Y)
    first = model.gradients_vector.copy()
    draws = [m.layers[3].generator.random() for m in (model, *model.replicas)]
    assert len(set(draws)) == 3
    dropout.generator.bit_generator.state = state
    model.compute_gradients(X, Y)
    np.testing.assert_array_equal(model.gradients_vector, first)


def test_batch_normalization_is_never_shared_in_training(three_cores):
    model = model_of(layers.BatchNormalization(dtype="float64"))
    model.compute_gradients(X, Y)
    assert model.replicas == []
