"""The derivative of an output by the pixels, against differences in float64."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Rescaling,
    Reshape,
)
from fashionlab.scratch.passes import input_gradients

from .test_own_layers import Noise

F64 = {"dtype": "float64"}
RNG = np.random.default_rng(0)
X = RNG.uniform(0, 255, (5, 6, 6))
LABELS = np.array([0, 2, 1, 1, 0])
NETWORKS = {
    "dense": [Flatten(**F64), Dense(8, "gelu", **F64), Dropout(0.5, **F64), Dense(3, **F64)],
    "convolution": [
        Reshape((6, 6, 1), **F64),
        Conv2D(4, 3, padding="same", activation="tanh", **F64),
        BatchNormalization(**F64),
        MaxPooling2D(2, **F64),
        Flatten(**F64),
        Dense(3, "softmax", **F64),
    ],
    "normalisation without scale": [
        Reshape((6, 6, 1), **F64),
        Conv2D(4, (2, 3), 2, **F64),
        BatchNormalization(scale=False, epsilon=0.1, **F64),
        Activation("sigmoid", **F64),
        AveragePooling2D(1, **F64),
        GlobalAveragePooling2D(**F64),
        Dense(3, **F64),
    ],
}


def network(layers):
    model = scratch.Sequential([Input((6, 6)), Rescaling(1 / 255, **F64), *layers])
    rng = np.random.default_rng(3)
    model.set_weights(
        [
            rng.uniform(0.5, 2, w.shape) if "variance" in w.name else rng.normal(0, 0.5, w.shape)
            for w in model.variables
        ]
    )
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_slope_of_the_output_in_prediction(name):
    model = network(NETWORKS[name]) if name not in MADE else MADE[name]
    MADE[name] = model
    before = model.get_weights()
    found = input_gradients(model, X, LABELS, 2)
    assert found.shape == X.shape and found.dtype == np.float64
    step = 1e-4
    slopes = np.empty_like(X)
    for place in np.ndindex(6, 6):
        up, down = X.copy(), X.copy()
        up[:, *place] += step
        down[:, *place] -= step
        difference = model.forward(up) - model.forward(down)
        slopes[:, *place] = difference[np.arange(5), LABELS] / (2 * step)
    np.testing.assert_allclose(found, slopes, atol=1e-7 * np.abs(slopes).max())
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


MADE = {}  # a layer can be in one model


def test_the_slope_of_a_batch_normalisation_by_hand():
    model = scratch.Sequential([Input((2,)), BatchNormalization(epsilon=1.0)])
    model.set_weights([[3, 5], [0, 0], [7, 7], [3, 8]])  # gamma, beta, mean, variance
    found = input_gradients(model, np.array([[1.0, 2], [4, 9]]), np.array([0, 1]), 8)
    np.testing.assert_allclose(found, [[3 / 2, 0], [0, 5 / 3]])  # gamma / sqrt(variance + 1)


def test_a_layer_of_ones_own_that_differs_in_training_must_say_how():
    model = network([Flatten(**F64), Noise(1.0, **F64), Dense(3, **F64)])
    with pytest.raises(NotImplementedError, match=r"noise: Noise computes something else"):
        input_gradients(model, X, LABELS, 2)
