"""Back-propagation against central differences, in float64."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import losses
from fashionlab.scratch.layers import Dense, Flatten, Rescaling

STEP = 1e-6


def network(hidden, output):
    options = {"dtype": "float64", "bias_initializer": scratch.initializers.RandomNormal(seed=3)}
    return scratch.Sequential(
        [
            scratch.Input((2, 3)),
            Rescaling(0.5, 0.1, dtype="float64"),
            Flatten(dtype="float64"),
            Dense(5, hidden, kernel_initializer=scratch.initializers.GlorotUniform(1), **options),
            Dense(3, output, kernel_initializer=scratch.initializers.GlorotUniform(2), **options),
        ]
    )


@pytest.mark.parametrize("hidden", ["linear", "relu", "sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize(
    ("output", "from_logits"), [("softmax", False), ("sigmoid", False), ("linear", True)]
)
def test_every_gradient_equals_the_central_difference(hidden, output, from_logits):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 2, 3)), np.eye(3)[rng.integers(0, 3, 7)]
    model = network(hidden, output)
    model.compile("sgd", losses.CategoricalCrossentropy(from_logits=from_logits))
    model._gradients(x, y)
    computed = model.gradients_vector.copy()
    numeric = np.empty_like(computed)
    w = model.weights_vector
    for i in range(w.size):
        kept = w[i]
        w[i] = kept + STEP
        above = model.loss(y, model.predict(x))
        w[i] = kept - STEP
        below = model.loss(y, model.predict(x))
        w[i] = kept
        numeric[i] = (above - below) / (2 * STEP)
    assert np.abs(computed).max() > 1e-3
    np.testing.assert_allclose(computed, numeric, rtol=1e-6, atol=1e-8)


def test_a_batch_in_pieces_has_the_gradient_of_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 2, 3)), np.eye(3)[rng.integers(0, 3, 10)]
    model = network("sigmoid", "linear")
    model.compile("sgd", losses.CategoricalCrossentropy(from_logits=True))
    whole_loss, _ = model._gradients(x, y)
    whole = model.gradients_vector.copy()
    monkeypatch.setattr("fashionlab.scratch.sequential.PIECE", 4)
    loss, _ = model._gradients(x, y)
    np.testing.assert_allclose(model.gradients_vector, whole, rtol=1e-12, atol=1e-15)
    assert loss == pytest.approx(whole_loss)
