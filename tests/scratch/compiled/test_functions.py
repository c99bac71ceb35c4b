"""exp, tanh, sigmoid, log as C computes them: accuracy over all magnitudes, and what is infinite.

A layer of one input and one unit with the weight 1 hands its input to the activation as it is.
"""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.compiled import Program, library
from fashionlab.scratch.layers import Activation, Dense

pytestmark = pytest.mark.usefixtures("compiled")

ULP = 2**-23  # the spacing of float32 at 1
TINY = np.finfo(np.float32).tiny


def model_of(*layers, inputs=1, loss="mse"):
    model = scratch.Sequential([scratch.Input((inputs,)), *layers])
    model.set_weights([np.eye(*w.shape) if w.ndim == 2 else w * 0 for w in model.get_weights()])
    model.compile("sgd", loss, jit_compile=True)
    return model


def applied(f, z):
    """f(z) of each number, with every instruction set, which must agree."""
    model = model_of(Dense(1, f))
    x = np.asarray(z, np.float32)[:, np.newaxis]
    found = []
    for instructions in library.supported():
        model.program = Program(model, instructions)
        found.append(model.program.outputs(x)[:, 0])  # which does not ask for finite images
    for other in found[1:]:
        np.testing.assert_array_equal(other.view(np.uint32), found[0].view(np.uint32))
    return found[0]


def magnitudes():
    """Numbers of both signs, from the smallest that is not denormal to the largest."""
    sizes = np.exp(np.linspace(np.log(TINY), np.log(np.finfo(np.float32).max / 1.01), 20_000))
    near = np.linspace(0, 100, 200_001)
    return np.concatenate([-sizes, sizes, -near, near, [0.0, -0.0]]).astype(np.float32)


def relative_error(found, exact):
    """The largest; what is exactly 0 must be 0."""
    assert (found[exact == 0] == 0).all()
    return np.abs(found / np.where(exact == 0, np.inf, exact) - 1)[exact != 0].max()


def test_tanh():
    z = magnitudes()
    assert relative_error(applied("tanh", z), np.tanh(z.astype(np.float64))) < 2 * ULP


def test_exp_as_the_sigmoid_sees_it():
    """1 / (1 + e^-z) is 1 / e^-z to rounding where z is far below 0, and 0 below -88.7."""
    z = magnitudes()
    z = z[z > -87.3]  # below, the sigmoid has fewer digits itself
    exact = 1 / (1 + np.exp(-z.astype(np.float64)))
    assert relative_error(applied("sigmoid", z), exact) < 2 * ULP
    beyond = np.array([-88.8, -1e3, -1e30, -3e38])
    np.testing.assert_array_equal(applied("sigmoid", beyond), 0)


def test_exp_as_the_softmax_sees_it():
    """Softmax of (z, 0) is e^z / (1 + e^z), which far below 0 is e^z to rounding."""
    z = -np.linspace(0, 87.2, 300_001, dtype=np.float32)
    model = model_of(Dense(2), Activation("softmax"), inputs=2)
    found = model.predict(np.stack([z, 0 * z], axis=1))
    exact = np.exp(z.astype(np.float64))
    assert relative_error(found[:, 0], exact / (1 + exact)) < 2 * ULP
    assert model.predict(np.array([[-87.4, 0], [-1e30, 0]])).tolist() == [[0, 1], [0, 1]]


def test_gelu():
    from scipy.special import erfc

    z = magnitudes()
    double = z.astype(np.float64)
    exact = np.maximum(double, 0) - np.abs(double) * erfc(np.abs(double) / 2**0.5) / 2
    error = np.abs(applied("gelu", z) - exact) / np.maximum(1, np.abs(exact))
    assert error.max() < 4e-7  # Abramowitz and Stegun's 7.5e-8 times |z|, which is below 5 there


@pytest.mark.parametrize(
    ("f", "at"),
    [
        ("linear", [np.inf, -np.inf]),
        ("relu", [np.inf, 0]),
        ("sigmoid", [1, 0]),
        ("tanh", [1, -1]),
    ],
)
def test_infinite_numbers(f, at):
    np.testing.assert_array_equal(applied(f, [np.inf, -np.inf]), at)


@pytest.mark.parametrize("f", ["linear", "relu", "sigmoid", "tanh", "gelu"])
def test_nan_stays_nan(f):
    z = np.zeros(40, np.float32)
    z[[3, 17, 39]] = np.nan
    np.testing.assert_array_equal(np.isnan(applied(f, z)), np.isnan(z))


def test_nan_in_a_softmax_is_nan_in_its_image_alone():
    model = model_of(Dense(3, "softmax"), inputs=3)
    x = np.ones((5, 3), np.float32)
    x[2, 1] = np.nan
    found = model.program.outputs(x)
    assert np.isnan(found[2]).all()
    assert np.isfinite(np.delete(found, 2, axis=0)).all()


def test_log():
    """The loss of a probability p from 1e-7 to 1 is -log p, in double."""
    p = np.exp(np.linspace(np.log(1.1e-7), 0, 20_001)).astype(np.float32)
    model = model_of(Dense(2), inputs=2, loss="sparse_categorical_crossentropy")
    for one in p[::20]:
        x = np.array([[one, np.float32(1) - one]], np.float32)
        share = x[0, 0] / (x[0, 0] + x[0, 1])
        clipped = min(share, np.float32(1 - 1e-7))
        found = model.evaluate(x, np.array([0]))
        assert found == pytest.approx(-np.log(np.float64(clipped)), rel=1e-14, abs=1e-16)
