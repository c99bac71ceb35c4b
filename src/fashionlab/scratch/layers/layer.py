"""What every layer is: `forward(X) -> A` and `backward(dA) -> dX`, the image's axis last.

Inside the network an image is a column: arrays are (..., B), so that one value of all images lies
side by side. What convolutions copy, what pools compare and what is summed over a batch are then
long contiguous rows; the products of dense layers take about the same time either way
(benchmarks/engine/fast_forms.py). The model turns images (B, ...) around at its two ends.

A layer owns its buffers. What `forward` and `backward` return lives in them, or in the input's
memory, until the layer's next call. `backward` must follow a `forward(training=True)` of the same
images; it may overwrite the dA it is given, and leaves each weight's gradient in its `Variable`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import activations
from ..arguments import known_only
from ..memory import Buffer

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass
class Variable:
    """A weight and its gradient: views into the model's vectors, of the same shape.

    One that is not trainable, such as a moving average, has no gradient.
    """

    name: str
    shape: Shape
    trainable: bool = True
    value: Array = field(default_factory=lambda: np.empty(0))
    gradient: Array = field(default_factory=lambda: np.empty(0))

    @property
    def size(self) -> int:
        """The number of values."""
        return int(np.prod(self.shape))

    def numpy(self) -> Array:
        """A copy of the value."""
        return self.value.copy()


class Input:
    """The shape of one image, without the batch axis; holds no weights and computes nothing."""

    @known_only
    def __init__(self, shape: Iterable[int]) -> None:
        if isinstance(shape, str) or not isinstance(shape, Iterable):
            raise ValueError(f"Input: shape must be a tuple of whole numbers; received {shape!r}")
        self.shape = tuple(at_least("Input: every dimension", n, 1) for n in shape)


class Layer:
    """A step of the network. `build` is called once, by the model."""

    # Whether a batch must come in one piece, since its images are compared with each other.
    needs_whole_batch = False

    @known_only
    def __init__(self, *, name: str | None = None, dtype: str | None = None) -> None:
        self.name = name or ""
        self.dtype = np.dtype(dtype or "float32")
        if self.dtype not in ("float32", "float64"):
            raise ValueError(
                f"{type(self).__name__}: dtype must be float32 or float64; received {dtype}"
            )
        self.weights: list[Variable] = []
        self.is_initialized = False
        self.input_shape: Shape = ()
        self.output_shape: Shape = ()

    def build(self, input_shape: Shape) -> None:
        """Set both shapes, without the batch axis, and declare `weights`."""
        self.input_shape = self.output_shape = input_shape

    def initialize(self) -> None:
        """Fill each weight by its initializer, once its memory exists."""
        for weight in self.weights:
            initializer = getattr(self, f"{weight.name}_initializer")
            weight.value[:] = initializer(weight.shape, self.dtype)

    def forward(self, x: Array, training: bool = False) -> Array:
        """A from X."""
        raise NotImplementedError

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """dX from dA, or None where it is not needed; leaves the weights' gradients."""
        raise NotImplementedError

    def get_weights(self) -> list[Array]:
        """Copies of the weights, in Keras's order."""
        return [v.numpy() for v in self.weights]

    def count_params(self) -> int:
        """The number of values in the weights, trainable or not."""
        return sum(v.size for v in self.weights)

    def _add_weight(self, name: str, shape: Shape, trainable: bool = True) -> Variable:
        self.weights.append(Variable(name, shape, trainable))
        return self.weights[-1]

    def _buffer(self, shape: Shape) -> Buffer:
        return Buffer(shape, self.dtype)


class Nonlinearity:
    """A layer's activation in place, and what its derivative needs of the last forward pass."""

    def __init__(self, activation: activations.Activation) -> None:
        self.activation = activation
        self._kept = np.empty(0)

    def forward(self, z: Array, training: bool) -> None:
        """A = f(Z) in Z's memory; softmax runs over the units, the last axis but the images'."""
        units_last = _units_last(z)
        if training:  # most derivatives are written from A, which is where Z was
            self._kept = units_last.copy("K") if self.activation.needs_input else units_last
        self.activation.forward(units_last)

    def backward(self, da: Array) -> None:
        """dZ from dA, in dA's memory."""
        self.activation.backward(_units_last(da), self._kept)


def _units_last(a: Array) -> Array:
    return a.T if a.ndim == 2 else np.moveaxis(a, -1, 0)


def at_least(what: str, value: Any, least: int) -> int:
    """The whole number `value`; ValueError where it is none or too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{what} must be a whole number from {least}; received {value!r}")
    return int(value)


def pair(what: str, value: Any) -> tuple[int, int]:
    """(height, width) from one number for both or from two; each at least 1."""
    values = (value, value) if isinstance(value, int | np.integer) else tuple(value)
    if len(values) != 2:
        raise ValueError(f"{what} must be one whole number or two; received {value!r}")
    return at_least(what, values[0], 1), at_least(what, values[1], 1)


def one_of(what: str, value: Any, known: Iterable[str]) -> str:
    """`value`, where it is one of `known`; ValueError otherwise."""
    known = tuple(known)
    if value not in known:
        raise ValueError(f"{what} must be {' or '.join(map(repr, known))}; received {value!r}")
    return str(value)
