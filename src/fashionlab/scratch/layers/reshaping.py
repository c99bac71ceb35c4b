"""Layers without weights that scale values or change their shape: Rescaling, Flatten, Reshape."""

import math
from collections.abc import Iterable

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
        self.scale, self.offset = float(scale), float(offset)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A."""
        return x * self.scale + self.offset

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX = scale dA."""
        return da * self.scale


class Flatten(Layer):
    """(B, H, W, C) -> (B, D) with D = H W C, rows one after the other; a view."""

    def build(self, input_shape: Shape) -> None:
        """Make one axis of all but the batch's."""
        super().build(input_shape)
        self.output_shape = (math.prod(input_shape),)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return X as a matrix, a view."""
        return x.reshape(len(x), -1)

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dA in the input's shape, a view."""
        return da.reshape(-1, *self.input_shape)


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
        return x.reshape(-1, *self.output_shape)

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dA in the input's shape."""
        return da.reshape(-1, *self.input_shape)
