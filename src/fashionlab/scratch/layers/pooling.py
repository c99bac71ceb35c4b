"""Pooling layers: one value for each window and channel; no weights."""

from typing import ClassVar

import numpy as np

from ..arguments import known_only, one_of, pair
from .convolution import Windows
from .layer import Array, Layer, Shape


class _Pooling2D(Layer):
    """A layer from X (H, W, C, B) to A (Ho, Wo, C, B). `strides` None is the pool's size."""

    fill: ClassVar[float]  # around a padded image, without effect on the result

    @known_only
    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        self.pool_size = pair(f"{kind}: pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair(f"{kind}: strides", strides)
        self.padding = one_of(f"{kind}: padding", padding, ("valid", "same"))

    def build(self, input_shape: Shape) -> None:
        """Set the output's shape: as many channels, fewer positions."""
        super().build(input_shape)
        self.windows = Windows(self.name, input_shape, self.pool_size, self.strides, self.padding)
        self.output_shape = (*self.windows.positions, input_shape[2])
        self._padded = self._buffer(self.windows.padded_shape)
        self._dx = self._buffer(self.windows.padded_shape)
        self._a = self._buffer(self.output_shape)
        self._part = self._buffer(self.output_shape)
        self._taps = [(r, s) for r in range(self.pool_size[0]) for s in range(self.pool_size[1])]

    def _pad(self, x: Array) -> Array:
        if not self.windows.is_padded:
            return x
        padded = self._padded(x.shape[-1])
        padded[:] = self.fill
        np.copyto(padded[self.windows.inside], x)
        return padded


class MaxPooling2D(_Pooling2D):
    """The largest value of each window."""

    fill = -np.inf

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A_ijc = max over (r, s) of X_(i t + r)(j t + s)c"""
        self._x = self._pad(x)
        a = self._a(x.shape[-1])
        np.copyto(a, self.windows.tap(self._x, 0, 0))
        for r, s in self._taps[1:]:
            np.maximum(a, self.windows.tap(self._x, r, s), out=a)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX: dA goes to the largest value, to the first of equal ones, as in Keras."""
        if not need_dx:
            return None
        images = da.shape[-1]
        a, part, dx = self._a(images), self._part(images), self._dx(images)
        dx[:] = 0
        for r, s in self._taps:
            np.multiply(da, self.windows.tap(self._x, r, s) == a, out=part)
            da -= part  # the rest is for later values of the window
            pixels = self.windows.tap(dx, r, s)
            pixels += part
        return dx[self.windows.inside]


class AveragePooling2D(_Pooling2D):
    """The mean of each window, without its padding."""

    fill = 0.0

    @known_only
    def __init__(
        self,
        pool_size: int | tuple[int, int],
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(pool_size, strides, padding, name=name, dtype=dtype)

    def build(self, input_shape: Shape) -> None:
        """Count the pixels of each window that lie in the image, (Ho, Wo, 1, 1)."""
        super().build(input_shape)
        image = np.zeros((*self.windows.padded_shape[:2], 1, 1), self.dtype)
        image[self.windows.inside] = 1
        self._count = sum(self.windows.tap(image, r, s) for r, s in self._taps)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A_ijc = mean over (r, s) of X_(i t + r)(j t + s)c"""
        x = self._pad(x)
        a = self._a(x.shape[-1])
        np.copyto(a, self.windows.tap(x, 0, 0))
        for r, s in self._taps[1:]:
            a += self.windows.tap(x, r, s)
        a /= self._count
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX: every pixel of a window gets dA divided by their number."""
        if not need_dx:
            return None
        dx = self._dx(da.shape[-1])
        dx[:] = 0
        da /= self._count
        for r, s in self._taps:
            pixels = self.windows.tap(dx, r, s)
            pixels += da
        return dx[self.windows.inside]


class GlobalAveragePooling2D(Layer):
    """The mean of each channel: X (H, W, C, B) to A (C, B)."""

    def build(self, input_shape: Shape) -> None:
        """Set the output's shape, the channels."""
        super().build(input_shape)
        if len(input_shape) != 3:
            raise ValueError(
                f"{self.name}: expected images of shape (height, width, channels); "
                f"received {input_shape}"
            )
        self.output_shape = input_shape[-1:]
        self._a, self._dx = self._buffer(self.output_shape), self._buffer(input_shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A_c = mean over (i, j) of X_ijc."""
        return np.mean(x, axis=(0, 1), out=self._a(x.shape[-1]))

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX: every pixel of a channel gets dA / (H W)."""
        if not need_dx:
            return None
        dx = self._dx(da.shape[-1])
        dx[:] = da * self.dtype.type(1 / (dx.shape[0] * dx.shape[1]))
        return dx
