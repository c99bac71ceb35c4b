"""Conv2D: the same small Dense layer at every position of an image.

H, W    height and width of the input        Ho, Wo   of the output
C, F    channels of the input, filters       R, S     height and width of the kernel
t       the stride                           i, j     a position of the output
"""

from typing import final

import numpy as np

from .. import activations, initializers
from ..arguments import at_least, known_only, one_of, pair
from .layer import Array, Layer, Nonlinearity, Shape


@final
class Windows:
    """The pixels of an (H, W, C) image that each output position sees, as Keras counts them.

    "valid" takes the windows that lie inside the image; "same" makes ceil(H / t) by
    ceil(W / t) positions, with padding around the image, the odd row or column at its end.
    """

    def __init__(
        self,
        name: str,
        input_shape: Shape,
        size: tuple[int, int],
        strides: tuple[int, int],
        padding: str,
    ) -> None:
        if len(input_shape) != 3:
            raise ValueError(
                f"{name}: expected images of shape (height, width, channels); "
                f"received {input_shape}"
            )
        self.size, self.strides = size, strides
        lengths, before, padded = [], [], []
        for length, k, s in zip(input_shape[:2], size, strides, strict=True):
            if padding == "valid" and k > length:
                raise ValueError(
                    f"{name}: a window of {size[0]} x {size[1]} must fit into the image; "
                    f"received {input_shape}; use padding='same' or fewer layers"
                )
            out = -(-length // s) if padding == "same" else (length - k) // s + 1
            around = max((out - 1) * s + k - length, 0) if padding == "same" else 0
            lengths.append(out)
            before.append(around // 2)
            padded.append(length + around)
        self.positions = tuple(lengths)  # (Ho, Wo)
        self.inside = tuple(slice(b, b + n) for b, n in zip(before, input_shape, strict=False))
        self.padded_shape = (*padded, input_shape[2])
        self.is_padded = self.padded_shape != input_shape

    def seen(self, x: Array) -> Array:
        """Return all windows of a padded X (H, W, C, B), a view (Ho, R, S, C, Wo, B)."""
        view = np.lib.stride_tricks.sliding_window_view(x, self.size, (0, 1))
        (ho, wo), (down, right) = self.positions, self.strides
        view = view[: (ho - 1) * down + 1 : down, : (wo - 1) * right + 1 : right]
        windows: Array = view.transpose(0, 4, 5, 2, 1, 3)
        return windows

    def tap(self, x: Array, row: int, column: int) -> Array:
        """Return the pixel at (row, column) of each window of a padded X, a view (Ho, Wo, C, B)."""
        (ho, wo), (down, right) = self.positions, self.strides
        return x[
            row : row + (ho - 1) * down + 1 : down, column : column + (wo - 1) * right + 1 : right
        ]


class Conv2D(Layer):
    """A_ijf = f(sum_rsc W_rscf X_(i t + r)(j t + s)c + b_f), for each image.

    X (H, W, C, B), kernel W (R, S, C, F), bias b (F,), A (Ho, Wo, F, B). A row of output positions
    is one matrix product: its windows, copied side by side, are the columns.
    """

    @known_only
    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        *,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: str | initializers.Initializer = "glorot_uniform",
        bias_initializer: str | initializers.Initializer = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.filters = at_least("Conv2D: filters", filters, 1)
        self.kernel_size = pair("Conv2D: kernel_size", kernel_size)
        self.strides = pair("Conv2D: strides", strides)
        self.padding = one_of("Conv2D: padding", padding, ("valid", "same"))
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Declare the kernel (R, S, C, F) and the bias (F,)."""
        super().build(input_shape)
        self.windows = Windows(self.name, input_shape, self.kernel_size, self.strides, self.padding)
        channels = input_shape[2]
        self.output_shape = (*self.windows.positions, self.filters)
        self.kernel = self._add_weight(
            "kernel", (*self.kernel_size, channels, self.filters), self.kernel_initializer
        )
        if self.use_bias:
            self.bias = self._add_weight("bias", (self.filters,), self.bias_initializer)
        columns = self.windows.positions[1]
        self._f = Nonlinearity(self.activation)
        self._x = self._buffer(self.windows.padded_shape)
        self._dx = self._buffer(self.windows.padded_shape)
        self._a = self._buffer(self.output_shape)
        self._patches = self._buffer((*self.kernel_size, channels, columns))
        self._z = self._buffer((self.filters, columns))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = f(Z), row by row Z_i = Wᵀ P_i + b with the windows P_i (R S C, Wo B)."""
        images = x.shape[-1]
        a, z, patches = self._a(images), self._z(images), self._patches(images)
        kernel = self.kernel.value.reshape(-1, self.filters)  # (R S C, F)
        seen = self._seen(x)
        for i in range(len(a)):
            np.copyto(patches, seen[i])
            np.matmul(kernel.T, patches.reshape(len(kernel), -1), out=z.reshape(len(z), -1))
            np.copyto(a[i], z.swapaxes(0, 1))  # (F, Wo, B) to (Wo, F, B)
        if self.use_bias:
            a += self.bias.value[:, None]
        self._f.forward(a, training)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX. With dZ = dA f'(Z), row by row, since Z_i = Wᵀ P_i + b,

            dW = sum_i P_i dZ_iᵀ        db_f = sum_ijb dZ_ijfb        dP_i = W dZ_i

        and dX is the sum of all dP that came from the same pixel. The windows are copied again:
        kept, they would need R S times the memory of X.
        """
        images = da.shape[-1]
        z, patches = self._z(images), self._patches(images)
        kernel = self.kernel.value.reshape(-1, self.filters)
        dkernel = self.kernel.gradient.reshape(kernel.shape)
        dkernel[:] = 0
        self._f.backward(da)
        if self.use_bias:
            np.sum(da, axis=(0, 1, 3), out=self.bias.gradient)
        seen = self.windows.seen(self._x(images))
        dx = self._dx(images)
        if need_dx:
            dx[:] = 0
        for i in range(len(da)):
            np.copyto(patches, seen[i])
            np.copyto(z, da[i].swapaxes(0, 1))
            dz, p = z.reshape(len(z), -1), patches.reshape(len(kernel), -1)
            dkernel += p @ dz.T
            if need_dx:
                np.matmul(kernel, dz, out=p)
                self._scatter(patches, dx, i)
        return dx[self.windows.inside] if need_dx else None

    def _seen(self, x: Array) -> Array:
        """Copy X into a buffer with the padding around it, and return its windows."""
        padded = self._x(x.shape[-1])
        if self.windows.is_padded:
            padded[:] = 0
        np.copyto(padded[self.windows.inside], x)
        return self.windows.seen(padded)

    def _scatter(self, dpatches: Array, dx: Array, row: int) -> None:
        """Add dP (R, S, C, Wo, B) of a row of output positions to the pixels they came from."""
        (down, right), columns = self.strides, dpatches.shape[3]
        for r in range(self.kernel_size[0]):
            for s in range(self.kernel_size[1]):
                pixels = dx[row * down + r, s : s + (columns - 1) * right + 1 : right]
                pixels += dpatches[r, s].swapaxes(0, 1)  # (C, Wo, B) to (Wo, C, B)
