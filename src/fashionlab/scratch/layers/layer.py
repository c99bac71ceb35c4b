"""The contract of a layer: `forward(X) -> A` and `backward(dA) -> dX`, an image a row.

Arrays are (B, ...): the first axis counts the images. Both methods return new arrays, or views of
what they were given, and never write into it. `backward` follows a `forward(training=True)` of the
same images and leaves each weight's gradient in its `Variable`. What it needs of the forward pass
is in `_kept`, which copies and pickles of a layer leave out.

A layer of your own is a subclass of `Layer`, or of one of the layers here. It declares its weights
in `build`, by `_add_weight`, and draws its random numbers from `generator` alone: these two are
what models, checkpoints, `gradcheck` and optimizers find of it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import initializers
from ..arguments import at_least, known_only

Array = NDArray[np.floating[Any]]
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
    # was given one. Checkpoints hold its state; `gradcheck` draws the same numbers again.
    generator: np.random.Generator | None = None
    seed: int | None = None
    _kept: tuple[Array, ...] = ()  # what `backward` needs of the last `forward(training=True)`

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

    def input_gradient(self, x: Array, da: Array) -> Array:
        """Return dX for dA, where A = forward(X) as in prediction; leaves other weight gradients.

        A layer that computes something else in training has its own. Raises NotImplementedError
        where such a layer has none.
        """
        if self.needs_whole_batch or self.generator is not None:
            raise NotImplementedError(
                f"{self.name}: {type(self).__name__} computes something else in training than in "
                "prediction; give it a method input_gradient(x, da) -> dX for prediction"
            )
        self.forward(x, training=True)
        dx = self.backward(da)
        if dx is None:
            raise TypeError(f"{self.name}: backward must return dX; received None")
        return dx

    @property
    def largest(self) -> int:
        """The number of values, an image, of the largest array that a pass makes."""
        return math.prod(self.output_shape)

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

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to one batch."""
        return {name: value for name, value in self.__dict__.items() if name != "_kept"}
