"""Activations work in place: `forward` turns Z into A = f(Z), `backward` turns dA into dZ.

Both work on arrays of any memory order and any number of axes, of which the last counts the units.
A derivative is written from the output A, and A is used up: its memory holds something else
afterwards. GELU's derivative is no function of A, so that it `needs_input`: `backward` is then
given a copy of Z, made before `forward`, in A's place.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import find, lacking

Array = NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """A named pair of in-place functions, `forward(z)` and `backward(da, a)`.

    With `needs_input` the second argument of `backward` is Z, otherwise A; either is used up.
    `monotone` says that f never falls, value by value, so that f(max Z) = max f(Z).
    """

    name: str
    forward: Callable[[Array], None]
    backward: Callable[[Array, Array], None]
    needs_input: bool = False
    monotone: bool = False

    def __call__(self, x: ArrayLike) -> Array:
        """Return f(x), a new array: float32, or float64 where x is."""
        x = np.asarray(x)
        a = np.array(x, dtype="float64" if x.dtype == np.float64 else "float32")
        self.forward(a)
        return a


def _nothing(*_: Array) -> None:
    """A = Z, so dZ = dA: leave the array as it is."""


def _relu(z: Array) -> None:
    """A = max(Z, 0)

    The zeros are an array because NumPy's loop over two arrays takes 10 µs at (128, 512), making
    the zeros included, and the one over an array and a number 25 µs.
    """
    np.maximum(z, np.zeros_like(z), out=z)


def _relu_backward(da: Array, a: Array) -> None:
    """dZ = dA where A > 0, else 0 (0 at the kink, as in Keras)."""
    np.multiply(da, a > 0, out=da)


def _sigmoid(z: Array) -> None:
    """A = 1 / (1 + exp(-Z)), to rounding also where it is nearly 0: losses take its logarithm.

    Where exp(-Z) is beyond the largest number, it is infinite and A is 0, as it should be.
    """
    np.negative(z, out=z)
    with np.errstate(over="ignore"):
        np.exp(z, out=z)
    z += 1
    np.divide(1, z, out=z)


def _sigmoid_backward(da: Array, a: Array) -> None:
    """dA/dZ = A (1 - A)"""
    da *= a
    np.subtract(1, a, out=a)
    da *= a


def _tanh(z: Array) -> None:
    """A = tanh(Z)"""
    np.tanh(z, out=z)


def _tanh_backward(da: Array, a: Array) -> None:
    """dA/dZ = 1 - A²"""
    np.multiply(a, a, out=a)
    np.subtract(1, a, out=a)
    da *= a


def _softmax(z: Array) -> None:
    """A_k = exp(Z_k) / sum_j exp(Z_j), with the row's maximum taken off first."""
    z -= np.maximum.reduce(z, axis=-1, keepdims=True)
    np.exp(z, out=z)
    z /= np.add.reduce(z, axis=-1, keepdims=True)


def _softmax_backward(da: Array, a: Array) -> None:
    """dZ_k = A_k dA_k - A_k sum_j A_j dA_j"""
    da *= a
    a *= np.add.reduce(da, axis=-1, keepdims=True)
    da -= a


# Phi(-x) = phi(x) (b_1 t + ... + b_5 t⁵), t = 1 / (1 + p x), x >= 0, with an error below 7.5e-8:
# Abramowitz and Stegun, Handbook of Mathematical Functions (1964), formula 26.2.17
_P = 0.2316419
_B = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)


def _normal(z: Array) -> tuple[Array, Array]:
    """Return the normal distribution's Phi(-|Z|) and density phi(Z), to the rounding of Z's type.

    float64, which only checks of the derivative use, takes math.erfc number by number.
    """
    density = np.multiply(z, z)
    density *= -0.5
    np.exp(density, out=density)
    density *= 1 / math.sqrt(2 * math.pi)
    tail = np.abs(z)
    if z.dtype == np.float64:
        tail *= math.sqrt(0.5)
        tail[...] = np.frompyfunc(math.erfc, 1, 1)(tail)
        tail *= 0.5
        return tail, density
    tail *= _P
    tail += 1
    t = np.divide(1, tail, out=tail)
    tail = np.multiply(t, _B[4])
    for b in _B[3::-1]:
        tail += b
        tail *= t
    tail *= density
    return tail, density


def _gelu(z: Array) -> None:
    """A = Z Phi(Z) = max(Z, 0) - |Z| Phi(-|Z|), the exact one, Keras's approximate=False."""
    tail, size = _normal(z)
    np.abs(z, out=size)
    tail *= size
    _relu(z)
    z -= tail


def _gelu_backward(da: Array, z: Array) -> None:
    """dA/dZ = Phi(Z) + Z phi(Z), where Phi(Z) = 1 - Phi(-Z) = |Phi(-|Z|) - 1| for Z > 0"""
    tail, density = _normal(z)
    density *= z
    tail -= z > 0
    np.abs(tail, out=tail)
    tail += density
    da *= tail


linear = Activation("linear", _nothing, _nothing, monotone=True)
relu = Activation("relu", _relu, _relu_backward, monotone=True)
sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_backward, monotone=True)
tanh = Activation("tanh", _tanh, _tanh_backward, monotone=True)
softmax = Activation("softmax", _softmax, _softmax_backward)
gelu = Activation("gelu", _gelu, _gelu_backward, needs_input=True)

_BY_NAME = {f.name: f for f in (linear, relu, sigmoid, tanh, softmax, gelu)}


def get(identifier: str | Activation | None) -> Activation:
    """Return the activation of that name, linear for None; raise ValueError for an unknown name."""
    if identifier is None:
        return linear
    if isinstance(identifier, Activation):
        return identifier
    return find("activation", identifier, _BY_NAME)


__getattr__ = lacking("activation", _BY_NAME)
