"""Conv2D and the MaxPooling2D after it in one pass: the fast form for images with few channels.

A model takes it by itself where `fits` holds. It computes what the two layers do one after the
other (tests hold them equal), for less traffic through memory (benchmarks/fast_forms.py):

- Only outputs that a pool reads are computed, all outputs of a pool by one product: its columns are
  the windows that a whole pool sees, its kernel V holds W once for each of the pool's outputs.
- The maximum is taken while a row of pools is still in the cache, and before the activation, which
  keeps order: f(max Z) = max f(Z).
"""

from itertools import product

import numpy as np

from ..memory import Buffer, aligned
from .convolution import Conv2D, Windows
from .layer import Array, Layer, Nonlinearity
from .pooling import MaxPooling2D

KEEP_ORDER = ("linear", "relu", "sigmoid", "tanh")
LARGEST_WINDOW = 64  # values; V multiplies by the zeros in it, which more channels do not repay


def fits(conv: Layer, pool: Layer) -> bool:
    """Whether the two layers, in this order, may be one ConvMaxPool."""
    if not (isinstance(conv, Conv2D) and isinstance(pool, MaxPooling2D)):
        return False
    rows, columns = _window(conv, pool)
    return (
        pool.strides == pool.pool_size
        and pool.padding == "valid"
        and conv.activation.name in KEEP_ORDER
        and rows * columns * conv.input_shape[2] <= LARGEST_WINDOW
    )


def _window(conv: Conv2D, pool: MaxPooling2D) -> tuple[int, int]:
    """Height and width of what one pool sees of the image."""
    rows, columns = (
        (p - 1) * s + k
        for p, s, k in zip(pool.pool_size, conv.strides, conv.kernel_size, strict=True)
    )
    return rows, columns


class ConvMaxPool(Layer):
    """X (H, W, C, B) to A (Ho, Wo, F, B), the pools' positions; the weights are the Conv2D's."""

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
        self._patches = self._buffer((ho, window + conv.use_bias, wo))
        self._z = self._buffer((len(self._outputs), filters, wo))
        self._is_larger = Buffer((ho, len(self._outputs) - 1, filters, wo), np.bool_)
        self._a = self._buffer(self.output_shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """For each row of pools: Z = Vᵀ P, its maximum over a pool's outputs, then f(Z).

        The bias is one more row of V, for one more value of each window that is always 1.
        """
        conv, images = self.conv, x.shape[-1]
        kernels = self._v[: self._window].reshape(self._kernels)
        for k, (rows, columns) in enumerate(self._places):
            kernels[rows, columns, :, k] = conv.kernel.value
        a, patches, z = self._a(images), self._patches(images), self._z(images)
        if conv.use_bias:
            self._v[-1] = np.tile(conv.bias.value, len(self._outputs))
            patches[:, -1] = 1
        windows = self._windows.seen(self._pad(x))  # (Ho, rows, columns, C, Wo, B)
        np.copyto(patches[:, : self._window].reshape(windows.shape), windows)
        is_larger = self._is_larger(images)
        for i in range(len(a)):
            row = patches[i].reshape(len(self._v), -1)
            np.matmul(self._v.T, row, out=z.reshape(-1, row.shape[1]))
            best = z[0]  # (F, Wo, B)
            for k in range(1, len(z)):
                if training:
                    np.greater(z[k], best, out=is_larger[i, k - 1])
                np.maximum(best, z[k], out=best)
            np.copyto(a[i], best.swapaxes(0, 1))
        self._f.forward(a, training)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """dA f'(Z) goes to the output of the pool that was the largest, the first of equal ones:

        the last that was larger than all before it, so the outputs are asked from the last on.
        Then dV = sum_i P_i dZ_iᵀ; dW is the sum of dV at the places where V holds W, and db of its
        last row.
        """
        conv, images = self.conv, da.shape[-1]
        z, patches, dx = self._z(images), self._patches(images), self._dx(images)
        is_larger = self._is_larger(images)
        dv = np.zeros(self._v.T.shape, self.dtype)  # (outputs F, window)
        self._f.backward(da)
        if need_dx:
            dx[:] = 0
        for i in range(len(da)):
            rest = z[0]
            np.copyto(rest, da[i].swapaxes(0, 1))
            for k in range(len(z) - 1, 0, -1):
                np.multiply(rest, is_larger[i, k - 1], out=z[k])
                rest -= z[k]
            row = patches[i].reshape(len(self._v), -1)
            dz = z.reshape(-1, row.shape[1])
            dv += dz @ row.T
            if need_dx:
                np.matmul(self._v, dz, out=row)
                self._scatter(patches[i, : self._window], dx, i)
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

    def _scatter(self, dpatches: Array, dx: Array, row: int) -> None:
        """Add dP (rows columns C, Wo, B) of a row of pools to the pixels they came from."""
        (down, right), count = self._windows.strides, dpatches.shape[1]
        dpatches = dpatches.reshape(*self._kernels[:3], *dpatches.shape[1:])
        for m, n in product(range(self._size[0]), range(self._size[1])):
            pixels = dx[row * down + m, n : n + (count - 1) * right + 1 : right]
            pixels += dpatches[m, n].swapaxes(0, 1)
