"""The contract of a layer: `forward(X) -> A` and `backward(dA) -> dX`, the image's axis last.

Inside the network an image is a column: arrays are (..., B), so that one value of all images lies
side by side. What convolutions copy, what pools compare and what is summed over a batch are then
long contiguous rows; the products of dense layers take about the same time either way
(benchmarks/engine/fast_forms.py). The model turns images (B, ...) around at its two ends.

A layer owns its buffers. What `forward` and `backward` return lives in them, or in the input's
memory, until the layer's next call. `backward` must follow a `forward(training=True)` of the same
images; it may overwrite the dA it is given, and leaves each weight's gradient in its `Variable`.

A layer of your own is a subclass of `Layer`, or of one of the layers here. It declares its weights
in `build`, by `_add_weight`, and draws its random numbers from `generator` alone: these two are
what models, checkpoints, replicas, `gradcheck` and optimizers find of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .. import activations, initializers
from ..arguments import at_least, known_only
from ..memory import Buffer

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass
class Variable:
    """A weight and its gradient: views into the model's vectors, of the same shape.

    A weight that is not trainable, such as a moving average, has no gradient.
    """

    name: str
    shape: Shape
    initializer: initializers.Initializer
    trainable: bool = True
    value: Array = field(default_factory=lambda: np.empty(0))
    gradient: Array = field(default_factory=lambda: np.empty(0))

    @property
    def size(self) -> int:
        """The number of values."""
        return int(np.prod(self.shape))

    def numpy(self) -> Array:
        """Return a copy of the value."""
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

    # Whether a batch must not be split: because images are compared with each other, or because
    # `forward` changes weights that are not trained.
    needs_whole_batch = False
    # The source of all random numbers that the layer draws, if it draws any, and its seed, if it
    # was given one. Checkpoints hold its state, each replica gets a generator of its own in its
    # place, `gradcheck` draws the same numbers again.
    generator: np.random.Generator | None = None
    seed: int | None = None

    @known_only
    def __init__(self, *, name: str | None = None, dtype: str | None = None) -> None:
        self.name = name or ""
        self.dtype = np.dtype(dtype or "float32")
        if self.dtype not in ("float32", "float64"):
            raise ValueError(
                f"{type(self).__name__}: dtype must be float32 or float64; received {dtype}"
            )
        self.weights: list[Variable] = []
        self.input_shape: Shape = ()
        self.output_shape: Shape = ()

    def build(self, input_shape: Shape) -> None:
        """Set both shapes, without the batch axis, and declare `weights`."""
        self.input_shape = self.output_shape = input_shape

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A for X."""
        raise NotImplementedError

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX for dA, or None where it is not needed; fill the weights' gradients."""
        raise NotImplementedError

    def get_weights(self) -> list[Array]:
        """Return copies of the weights, in Keras's order."""
        return [v.numpy() for v in self.weights]

    def count_params(self) -> int:
        """Return the number of values in the weights, trainable or not."""
        return sum(v.size for v in self.weights)

    def _add_weight(
        self,
        name: str,
        shape: Shape,
        initializer: str | initializers.Initializer,
        trainable: bool = True,
    ) -> Variable:
        """Declare a weight; the model gives it memory and calls `initializer(shape, dtype)`."""
        self.weights.append(Variable(name, shape, initializers.get(initializer), trainable))
        return self.weights[-1]

    def _buffer(self, shape: Shape) -> Buffer:
        return Buffer(shape, self.dtype)


@final
class Nonlinearity:
    """A layer's activation in place, and what its derivative needs of the last forward pass."""

    def __init__(self, activation: activations.Activation) -> None:
        self.activation = activation
        self._kept = np.empty(0)

    def forward(self, z: Array, training: bool) -> None:
        """Turn Z into A = f(Z); softmax runs over the units, the last axis but the images'."""
        units_last = _units_last(z)
        if training:  # most derivatives are written from A, which is where Z was
            self._kept = units_last.copy("K") if self.activation.needs_input else units_last
        self.activation.forward(units_last)

    def backward(self, da: Array) -> None:
        """Turn dA into dZ."""
        self.activation.backward(_units_last(da), self._kept)


def _units_last(a: Array) -> Array:
    return a.T if a.ndim == 2 else np.moveaxis(a, -1, 0)
