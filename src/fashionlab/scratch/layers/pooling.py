"""Pooling layers: one value for each window and channel; no weights."""

import numpy as np

from ..arguments import known_only, one_of, pair
from .convolution import Windows
from .layer import Array, Layer, Shape


class _Pooling2D(Layer):
    """A layer from X (B, H, W, C) to A (B, Ho, Wo, C). `strides` None is the pool's size."""

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


class MaxPooling2D(_Pooling2D):
    """The largest value of each window."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A_ijc = max over (r, s) of X_(i t + r)(j t + s)c"""
        taps = [self.windows.tap(self.windows.pad(x, -np.inf), *tap) for tap in self.windows.taps]
        a = taps[0]
        best = np.zeros(a.shape, np.min_scalar_type(len(taps)))  # the tap that is the largest
        for k in range(1, len(taps)):
            if training:
                best = np.maximum(best, (taps[k] > a) * best.dtype.type(k))
            a = np.maximum(a, taps[k])
        if training:
            self._kept = (best,)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX: dA goes to the largest value, to the first of equal ones, as in Keras.

        That is the last one that was larger than all before it.
        """
        (best,) = self._kept
        dx = np.zeros((len(da), *self.windows.padded_shape), da.dtype)
        for k, tap in enumerate(self.windows.taps):
            pixels = self.windows.tap(dx, *tap)
            pixels += da * (best == k)
        return dx[:, *self.windows.inside]


class AveragePooling2D(_Pooling2D):
    """The mean of each window, without its padding."""

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
        """Count the pixels of each window that lie in the image, (1, Ho, Wo, 1)."""
        super().build(input_shape)
        self._count = self._sum(self.windows.pad(np.ones((1, *input_shape[:2], 1), self.dtype)))

    def _sum(self, x: Array) -> Array:
        """Return the sum of each window of a padded X, (B, Ho, Wo, C)."""
        first, *others = self.windows.taps
        total = self.windows.tap(x, *first)
        for r, s in others:
            total = total + self.windows.tap(x, r, s)
        return total

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A_ijc = mean over (r, s) of X_(i t + r)(j t + s)c"""
        return self._sum(self.windows.pad(x)) / self._count

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX: every pixel of a window gets dA divided by their number."""
        dx = np.zeros((len(da), *self.windows.padded_shape), da.dtype)
        for r, s in self.windows.taps:
            pixels = self.windows.tap(dx, r, s)
            pixels += da / self._count
        return dx[:, *self.windows.inside]


class GlobalAveragePooling2D(Layer):
    """The mean of each channel: X (B, H, W, C) to A (B, C)."""

    def build(self, input_shape: Shape) -> None:
        """Set the output's shape, the channels."""
        super().build(input_shape)
        if len(input_shape) != 3:
            raise ValueError(
                f"{self.name}: expected images of shape (height, width, channels); "
                f"received {input_shape}"
            )
        self.output_shape = input_shape[-1:]

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A_c = mean over (i, j) of X_ijc."""
        return np.asarray(x.mean(axis=(1, 2)))

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX: every pixel of a channel gets dA / (H W)."""
        height, width, _ = self.input_shape
        share = da[:, np.newaxis, np.newaxis] / (height * width)  # (B, 1, 1, C)
        return np.broadcast_to(share, (len(da), *self.input_shape))
