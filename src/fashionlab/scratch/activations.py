"""Activations: each works in place on Z, and its derivative is written from its output A alone.

`forward(Z)` turns Z into A = f(Z) in the same memory; `backward(dA, A)` turns dA into dZ in dA's
memory. All four have shape (B, U).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """A named pair of in-place functions."""

    name: str
    forward: Callable[[Array], None]
    backward: Callable[[Array, Array], None]


def _nothing(*_: Array) -> None:
    """A = Z, so dZ = dA."""


def _relu(z: Array) -> None:
    """A = max(Z, 0)"""
    np.maximum(z, 0, out=z)


def _relu_backward(da: Array, a: Array) -> None:
    """dZ = dA where A > 0, else 0 (0 at the kink, as in Keras)."""
    np.multiply(da, a > 0, out=da)


def _sigmoid(z: Array) -> None:
    """A = 1 / (1 + exp(-Z)), to rounding also where it is nearly 0: losses take its logarithm.

    Where exp(-Z) is beyond the largest number, it is infinite and A is 0, as it should be.
    """
    np.multiply(z, -1, out=z)
    with np.errstate(over="ignore"):
        np.exp(z, out=z)
    z += 1
    np.divide(1, z, out=z)


def _sigmoid_backward(da: Array, a: Array) -> None:
    """dA/dZ = A (1 - A)"""
    da *= a
    da *= 1 - a


def _tanh(z: Array) -> None:
    """A = tanh(Z)"""
    np.tanh(z, out=z)


def _tanh_backward(da: Array, a: Array) -> None:
    """dA/dZ = 1 - A²"""
    da *= 1 - a * a


def _softmax(z: Array) -> None:
    """A_k = exp(Z_k) / sum_j exp(Z_j), with the row's maximum taken off first."""
    z -= z.max(axis=-1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=-1, keepdims=True)


def _softmax_backward(da: Array, a: Array) -> None:
    """dZ_k = A_k (dA_k - sum_j dA_j A_j)"""
    da -= (da * a).sum(axis=-1, keepdims=True)
    da *= a


linear = Activation("linear", _nothing, _nothing)
relu = Activation("relu", _relu, _relu_backward)
sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_backward)
tanh = Activation("tanh", _tanh, _tanh_backward)
softmax = Activation("softmax", _softmax, _softmax_backward)

_BY_NAME = {f.name: f for f in (linear, relu, sigmoid, tanh, softmax)}


def get(identifier: str | Activation | None) -> Activation:
    """The activation of that name; None is linear. Raises ValueError for an unknown name."""
    if identifier is None:
        return linear
    if isinstance(identifier, Activation):
        return identifier
    if identifier not in _BY_NAME:
        raise ValueError(f"scratch has no activation {identifier!r}; it has {', '.join(_BY_NAME)}")
    return _BY_NAME[identifier]
