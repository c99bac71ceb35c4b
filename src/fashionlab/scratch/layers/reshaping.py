"""Layers without weights that scale values or change their shape: Rescaling, Flatten, Reshape."""

import math
from collections.abc import Iterable

import numpy as np

from ..arguments import known_only
from .layer import Array, Layer, Shape


class Rescaling(Layer):
    """A = scale X + offset, which turns bytes into numbers near 1 inside the model."""

    @known_only
    def __init__(
        self,
        scale: float,
        offset: float = 0.0,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.scale, self.offset = scale, offset
        self._memory = self._buffer(())

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A in the memory order of X, which may be of any numeric type."""
        as_given = not x.flags.c_contiguous  # by the user: one image after the other
        if as_given:
            x = np.moveaxis(x, -1, 0)
        a = self._memory(x.size).reshape(x.shape)
        np.copyto(a, x)  # and then: faster than one product of bytes and a number
        a *= self.dtype.type(self.scale)
        if self.offset:
            a += self.dtype.type(self.offset)
        return np.moveaxis(a, 0, -1) if as_given else a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX = scale dA."""
        if not need_dx:
            return None
        da *= self.dtype.type(self.scale)
        return da


class Flatten(Layer):
    """(H, W, C, B) -> (D, B) with D = H W C, rows one after the other; a view."""

    def build(self, input_shape: Shape) -> None:
        """Make one axis of all but the batch's."""
        super().build(input_shape)
        self.output_shape = (math.prod(input_shape),)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return X as a matrix, a view."""
        return x.reshape(-1, x.shape[-1])

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dA in the input's shape, a view."""
        return da.reshape(*self.input_shape, -1)


class Reshape(Layer):
    """X in another shape, given without the batch axis; -1 stands for what is left."""

    @known_only
    def __init__(
        self, target_shape: Iterable[int], *, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.target_shape = tuple(target_shape)

    def build(self, input_shape: Shape) -> None:
        """Work out the -1."""
        super().build(input_shape)
        size, known = math.prod(input_shape), -math.prod(self.target_shape)
        shape = self.target_shape
        if shape.count(-1) == 1 and known > 0 and size % known == 0:
            shape = tuple(size // known if n == -1 else n for n in shape)
        if any(n < 1 for n in shape) or math.prod(shape) != size:
            raise ValueError(
                f"{self.name}: the target shape must hold the {size} values of {input_shape}; "
                f"received {self.target_shape}"
            )
        self.output_shape = shape

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return X in the new shape."""
        return x.reshape(*self.output_shape, -1)

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dA in the input's shape."""
        return da.reshape(*self.input_shape, -1)
