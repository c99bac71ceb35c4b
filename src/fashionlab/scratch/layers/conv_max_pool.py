"""A Conv2D and the MaxPooling2D after it in one pass, which is faster for few channels.

A model uses it where `stages` returns one. It computes what the two layers compute one after the
other (tests hold them equal), for less traffic through memory (benchmarks/engine/fast_forms.py):

- Only outputs that a pool reads are computed, all outputs of a pool by one product: its columns are
  the windows that a whole pool sees, its kernel V holds W once for each of the pool's outputs.
- The maximum is taken while the outputs are still in the cache, and before the activation, which
  is monotone: f(max Z) = max f(Z).
"""

from collections.abc import Sequence
from itertools import product
from typing import final

import numpy as np

from ..memory import Buffer, aligned
from .convolution import Conv2D, Windows
from .layer import Array, Layer, Nonlinearity
from .pooling import MaxPooling2D

PART = 2**20  # values of Z at a time; 4 MB in float32, a part of the last cache
LARGEST_WINDOW = 64  # values; V multiplies by the zeros in it, which more channels do not repay


def stages(layers: Sequence[Layer]) -> list[Layer]:
    """Return what a pass calls: the built layers, two of them as one where that is faster."""
    found: list[Layer] = []
    for layer in layers:
        fused = _fuse(found[-1], layer) if found else None
        found[-1 if fused else len(found) :] = [fused or layer]
    return found


def _fuse(conv: Layer, pool: Layer) -> "ConvMaxPool | None":
    """Return the fast form of two layers, or None; a subclass may compute something else."""
    if not (type(conv) is Conv2D and type(pool) is MaxPooling2D):
        return None
    rows, columns = _window(conv, pool)
    fits = (
        pool.strides == pool.pool_size
        and pool.padding == "valid"
        and conv.activation.monotone
        and rows * columns * conv.input_shape[2] <= LARGEST_WINDOW
    )
    return ConvMaxPool(conv, pool) if fits else None


def _window(conv: Conv2D, pool: MaxPooling2D) -> tuple[int, int]:
    """Return the height and width of what one pool sees of the image."""
    rows, columns = (
        (p - 1) * s + k
        for p, s, k in zip(pool.pool_size, conv.strides, conv.kernel_size, strict=True)
    )
    return rows, columns


@final
class ConvMaxPool(Layer):
    """A layer from X (H, W, C, B) to A (Ho, Wo, F, B), the pool's; its weights are the Conv2D's."""

    def __init__(self, conv: Conv2D, pool: MaxPooling2D) -> None:
        super().__init__(name=f"{conv.name}, {pool.name}", dtype=conv.dtype.name)
        self.build(conv.input_shape)
        self.conv, self.weights = conv, conv.weights
        self.output_shape = pool.output_shape
        rows, columns = self._size = _window(conv, pool)
        down, right = (p * s for p, s in zip(pool.pool_size, conv.strides, strict=True))
        self._windows = Windows(
            self.name, conv.windows.padded_shape, self._size, (down, right), "valid"
        )
        ho, wo = self._windows.positions = pool.windows.positions
        channels, filters = conv.input_shape[2], conv.filters
        self._outputs = list(product(range(pool.pool_size[0]), range(pool.pool_size[1])))
        self._places = [  # in V, of the kernel for each output of a pool
            (slice(p * s, p * s + m), slice(q * t, q * t + n))
            for (p, q), (s, t), (m, n) in (
                (output, conv.strides, conv.kernel_size) for output in self._outputs
            )
        ]
        self._kernels = (rows, columns, channels, len(self._outputs), filters)  # shape, in V
        self._window = window = rows * columns * channels
        self._v = aligned((window + conv.use_bias, len(self._outputs) * filters), self.dtype)
        self._f = Nonlinearity(conv.activation)
        self._x = self._buffer(conv.windows.padded_shape)
        self._dx = self._buffer(conv.windows.padded_shape)
        self._patches = self._buffer((window + conv.use_bias, ho, wo))
        self._z = self._buffer((len(self._outputs), filters))
        self._is_larger = Buffer((len(self._outputs) - 1, filters, ho, wo), np.bool_)
        self._a = self._buffer(self.output_shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A: for some rows of pools at a time Z = Vᵀ P and its maximum over each pool; f(Z).

        The bias is one more row of V, for one more value of each window that is always 1.
        """
        conv, images = self.conv, x.shape[-1]
        kernels = self._v[: self._window].reshape(self._kernels)
        for k, (rows, columns) in enumerate(self._places):
            kernels[rows, columns, :, k] = conv.kernel.value
        a, patches, is_larger = self._a(images), self._patches(images), self._is_larger(images)
        if conv.use_bias:
            self._v[-1] = np.tile(conv.bias.value, len(self._outputs))
            patches[-1] = 1
        windows = self._windows.seen(self._pad(x))  # (Ho, rows, columns, C, Wo, B)
        windows = windows.transpose(1, 2, 3, 0, 4, 5)
        np.copyto(patches[: self._window].reshape(windows.shape), windows)
        for rows in self._parts(images):
            part = patches[:, rows]  # (window, some of Ho, Wo, B)
            z = self._z(part[0].size)
            np.matmul(self._v.T, part.reshape(len(part), -1), out=z.reshape(-1, z.shape[2]))
            z = z.reshape(*z.shape[:2], *part.shape[1:])  # (outputs, F, some of Ho, Wo, B)
            best = z[0]
            for k in range(1, len(z)):
                if training:
                    np.greater(z[k], best, out=is_larger[k - 1, :, rows])
                np.maximum(best, z[k], out=best)
            np.copyto(a[rows], best.transpose(1, 2, 0, 3))
        self._f.forward(a, training)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX. dA f'(Z) goes to the largest output of a pool, the first of equal ones.

        That is the last one that was larger than all before it, so the loop runs from the last one
        down. Then dV = P dZᵀ, summed over the parts; dW is the sum of dV at the places where V
        holds W, and db that of its last row.
        """
        conv, images = self.conv, da.shape[-1]
        patches, is_larger, dx = self._patches(images), self._is_larger(images), self._dx(images)
        dv = np.zeros(self._v.T.shape, self.dtype)  # (outputs F, window)
        self._f.backward(da)
        if need_dx:
            dx[:] = 0
        for rows in self._parts(images):
            part = patches[:, rows]
            dz = self._z(part[0].size)
            z = dz.reshape(*dz.shape[:2], *part.shape[1:])
            rest = z[0]
            np.copyto(rest, da[rows].transpose(2, 0, 1, 3))
            for k in range(len(z) - 1, 0, -1):
                np.multiply(rest, is_larger[k - 1, :, rows], out=z[k])
                rest -= z[k]
            dz, flat = dz.reshape(-1, dz.shape[2]), part.reshape(len(part), -1)
            dv += dz @ flat.T
            if need_dx:
                np.matmul(self._v, dz, out=flat)
                self._scatter(part[: self._window], dx, rows.start)
        dkernels = dv.T[: self._window].reshape(self._kernels)
        conv.kernel.gradient[:] = 0
        for k, (rows, columns) in enumerate(self._places):
            conv.kernel.gradient += dkernels[rows, columns, :, k]
        if conv.use_bias:
            np.sum(dv[:, -1].reshape(self._kernels[3:]), axis=0, out=conv.bias.gradient)
        return dx[conv.windows.inside] if need_dx else None

    def _pad(self, x: Array) -> Array:
        padded = self._x(x.shape[-1])
        if self.conv.windows.is_padded:
            padded[:] = 0
        np.copyto(padded[self.conv.windows.inside], x)
        return padded

    def _parts(self, images: int) -> list[slice]:
        """Return slices of rows of pools that fit the cache together, one row at least."""
        ho, wo = self._windows.positions
        rows = max(1, PART // (self._v.shape[1] * wo * images))
        return [slice(i, min(i + rows, ho)) for i in range(0, ho, rows)]

    def _scatter(self, dpatches: Array, dx: Array, first: int) -> None:
        """Add dP (rows columns C, some of Ho, Wo, B) to the pixels they came from."""
        (down, right), (_, ho, wo, images) = self._windows.strides, dpatches.shape
        dpatches = dpatches.reshape(*self._kernels[:3], ho, wo, images)
        for m, n in product(range(self._size[0]), range(self._size[1])):
            top = first * down + m
            pixels = dx[
                top : top + (ho - 1) * down + 1 : down, n : n + (wo - 1) * right + 1 : right
            ]
            pixels += dpatches[m, n].transpose(1, 2, 0, 3)
