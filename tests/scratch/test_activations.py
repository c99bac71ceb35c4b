"""Activations: by hand, against Keras, and their derivatives against central differences."""

import math

import keras
import numpy as np
import pytest

from fashionlab.scratch import activations

NAMES = ["linear", "relu", "sigmoid", "tanh", "softmax", "gelu"]
LAYOUTS = {
    "C": lambda x: x.copy(),
    "F": lambda x: x.copy(order="F"),
    "part of F": lambda x: np.asfortranarray(np.concatenate([x, x]))[: len(x)],
    "channels": lambda x: x.reshape(2, -1, 1, x.shape[-1]).copy(),
}


def backward(activation, da, z):
    """dZ; neither Z nor dA is written to, nor is A."""
    z, da = z.copy(order="K"), da.copy(order="K")
    a = activation.forward(z)
    for array in (z, da, a):
        array.flags.writeable = False
    return activation.backward(da, z, a)


def test_gelu_by_hand():
    # Phi(1) = 0.8413447, so that gelu(1) = 0.8413447 and gelu(-1) = -(1 - 0.8413447)
    np.testing.assert_allclose(activations.gelu([-1, 0, 1]), [-0.1586553, 0, 0.8413447], rtol=2e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_are_those_of_keras_in_any_memory_order(name, layout):
    x = LAYOUTS[layout](np.random.default_rng(0).normal(0, 3, (8, 6)).astype("float32"))
    theirs = keras.ops.convert_to_numpy(keras.activations.get(name)(x.copy()))
    x.flags.writeable = False
    ours = activations.get(name).forward(x)
    np.testing.assert_allclose(ours, theirs, rtol=5e-7, atol=5e-7)


def test_gelu_in_float32_is_exact_to_its_rounding():
    z = np.linspace(-12, 12, 40_001, dtype=np.float32)
    exact = [0.5 * x * math.erfc(-x * math.sqrt(0.5)) for x in z.tolist()]
    # 4 roundings of |z|: PyTorch's own, through 1 + erf, is off by as much as 1.2e-6
    assert (np.abs(activations.gelu(z) - exact) <= 4 * 2**-23 * np.abs(z)).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_derivative_equals_the_central_difference_in_any_memory_order(name, layout):
    rng = np.random.default_rng(1)
    z = rng.normal(0, 2, (8, 6))
    z[np.abs(z) < 0.01] = 0.5  # away from relu's kink
    z, da = LAYOUTS[layout](z), LAYOUTS[layout](rng.normal(size=(8, 6)))
    activation, step = activations.get(name), 1e-6
    numeric = np.empty_like(z)
    for i in np.ndindex(z.shape):
        values = []
        for way in (step, -step):
            moved = z.copy()
            moved[i] += way
            values.append((da * activation(moved)).sum())
        numeric[i] = (values[0] - values[1]) / (2 * step)
    np.testing.assert_allclose(backward(activation, da, z), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_derivative_in_float32_is_that_in_float64(name):
    rng = np.random.default_rng(2)
    z, da = (rng.normal(0, 3, (40, 6)).astype("float32") for _ in range(2))
    activation = activations.get(name)
    exact = backward(activation, da.astype("float64"), z.astype("float64"))
    np.testing.assert_allclose(backward(activation, da, z), exact, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_huge_numbers_stay_finite_forward_and_backward(name):
    z = np.array([[-1e4, -90.0, 0.0, 90.0, 1e4]], np.float32)
    activation = activations.get(name)
    assert np.isfinite(activation(z)).all()
    assert np.isfinite(backward(activation, np.ones_like(z), z)).all()


def test_relu_is_flat_at_its_kink():
    assert backward(activations.relu, np.ones((1, 2)), np.array([[0.0, -0.0]])).tolist() == [[0, 0]]


def test_calling_an_activation_leaves_its_input_untouched():
    x = np.array([[-1, 2]])
    assert activations.get("relu")(x).tolist() == [[0, 2]]
    assert x.tolist() == [[-1, 2]]
