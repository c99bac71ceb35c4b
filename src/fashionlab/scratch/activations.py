"""Activations: A = f(Z), value by value; softmax takes the last axis, the units, together.

Arrays may have any number of axes. `forward(z)` returns A and `backward(da, z, a)` returns dZ, both
new arrays. A derivative is written from A where that is the shorter formula.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import find, lacking

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Activation:
    """A named function, `forward(z) -> a`, and its chain rule, `backward(da, z, a) -> dz`."""

    name: str
    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array, Array], Array]

    def __call__(self, x: ArrayLike) -> Array:
        """Return f(x), a new array: float32, or float64 where x is."""
        x = np.asarray(x)
        dtype = "float64" if x.dtype == np.float64 else "float32"
        return np.asarray(self.forward(np.array(x, dtype)))


def _linear(z: Array) -> Array:
    """A = Z"""
    return z


def _linear_backward(da: Array, z: Array, a: Array) -> Array:
    """dA/dZ = 1"""
    return da


def _relu(z: Array) -> Array:
    """A = max(Z, 0)"""
    return np.maximum(z, 0)


def _relu_backward(da: Array, z: Array, a: Array) -> Array:
    """dA/dZ = 1 where Z > 0, else 0 (0 at the kink, as in Keras)."""
    return da * (z > 0)


def _sigmoid(z: Array) -> Array:
    """A = 1 / (1 + exp(-Z)), to rounding also where it is nearly 0: losses take its logarithm.

    Where exp(-Z) is beyond the largest number, it is infinite and A is 0, as it should be.
    """
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def _sigmoid_backward(da: Array, z: Array, a: Array) -> Array:
    """dA/dZ = A (1 - A)"""
    return da * a * (1 - a)


def _tanh_backward(da: Array, z: Array, a: Array) -> Array:
    """dA/dZ = 1 - A²"""
    return da * (1 - a * a)


def _softmax(z: Array) -> Array:
    """A_k = exp(Z_k) / sum_j exp(Z_j), with the row's maximum taken off first."""
    e: Array = np.exp(z - z.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def _softmax_backward(da: Array, z: Array, a: Array) -> Array:
    """dZ_k = A_k (dA_k - sum_j A_j dA_j)"""
    dz: Array = a * (da - (a * da).sum(axis=-1, keepdims=True))
    return dz


# Phi(-x) = phi(x) (b_1 t + ... + b_5 t⁵), t = 1 / (1 + p x), x >= 0, with an error below 7.5e-8:
# Abramowitz and Stegun, Handbook of Mathematical Functions (1964), formula 26.2.17
_P = 0.2316419
_B = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)


def _normal(z: Array) -> tuple[Array, Array]:
    """Return the normal distribution's Phi(-|Z|) and density phi(Z), to the rounding of Z's type.

    float64, which only checks of the derivative use, takes math.erfc number by number.
    """
    density = np.exp(-z * z / 2) * (1 / math.sqrt(2 * math.pi))
    if z.dtype == np.float64:
        erfc = np.frompyfunc(math.erfc, 1, 1)
        return np.asarray(erfc(np.abs(z) * math.sqrt(0.5)), z.dtype) / 2, density
    t = 1 / (1 + _P * np.abs(z))
    b_1, b_2, b_3, b_4, b_5 = _B
    return density * t * (b_1 + t * (b_2 + t * (b_3 + t * (b_4 + t * b_5)))), density


def _gelu(z: Array) -> Array:
    """A = Z Phi(Z) = max(Z, 0) - |Z| Phi(-|Z|), the exact one, Keras's approximate=False."""
    tail, _ = _normal(z)
    return np.maximum(z, 0) - np.abs(z) * tail


def _gelu_backward(da: Array, z: Array, a: Array) -> Array:
    """dA/dZ = Phi(Z) + Z phi(Z), where Phi(Z) = 1 - Phi(-Z) for Z > 0"""
    tail, density = _normal(z)
    return da * (np.where(z > 0, 1 - tail, tail) + z * density)


linear = Activation("linear", _linear, _linear_backward)
relu = Activation("relu", _relu, _relu_backward)
sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_backward)
tanh = Activation("tanh", np.tanh, _tanh_backward)
softmax = Activation("softmax", _softmax, _softmax_backward)
gelu = Activation("gelu", _gelu, _gelu_backward)

_BY_NAME = {f.name: f for f in (linear, relu, sigmoid, tanh, softmax, gelu)}


def get(identifier: str | Activation | None) -> Activation:
    """Return the activation of that name, linear for None; raise ValueError for an unknown name."""
    if identifier is None:
        return linear
    if isinstance(identifier, Activation):
        return identifier
    return find("activation", identifier, _BY_NAME)


__getattr__ = lacking("activation", _BY_NAME)
