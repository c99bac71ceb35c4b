"""Conv2D: the same small Dense layer at every position of an image.

H, W    height and width of the input        Ho, Wo   of the output
C, F    channels of the input, filters       R, S     height and width of the kernel
t       the stride                           i, j     a position of the output
"""

from itertools import product

import numpy as np

from .. import activations, initializers
from ..arguments import at_least, known_only, one_of, pair
from .layer import Array, Layer, Shape


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
        self.taps = list(product(range(size[0]), range(size[1])))  # places (r, s) in a window

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """Return X (B, H, W, C) with `value` around each image."""
        if not self.is_padded:
            return x
        padded = np.full((len(x), *self.padded_shape), value, x.dtype)
        padded[:, *self.inside] = x
        return padded

    def tap(self, x: Array, r: int, s: int) -> Array:
        """Return the pixel (r, s) of every window of a padded X, a view (B, Ho, Wo, C)."""
        (ho, wo), (down, right) = self.positions, self.strides
        return x[:, r : r + (ho - 1) * down + 1 : down, s : s + (wo - 1) * right + 1 : right]

    def patches(self, x: Array) -> Array:
        """Return the windows of a padded X as the rows of a matrix (B Ho Wo, R S C)."""
        taps = [self.tap(x, r, s) for r, s in self.taps]
        return np.concatenate(taps, axis=-1).reshape(-1, len(taps) * x.shape[-1])


class Conv2D(Layer):
    """A_ijf = f(sum_rsc W_rscf X_(i t + r)(j t + s)c + b_f), for each image.

    X (B, H, W, C), kernel W (R, S, C, F), bias b (F,), A (B, Ho, Wo, F). With the windows of all
    positions as rows of a matrix, this is a Dense layer's product.
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

    @property
    def largest(self) -> int:
        """The number of values, an image, of P or A, whichever is larger."""
        height, width = self.windows.positions
        return height * width * max(self.kernel.size // self.filters, self.filters)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = f(Z), Z = P W + b with the windows P (B Ho Wo, R S C) and W (R S C, F)."""
        x = self.windows.pad(x)
        z = self.windows.patches(x) @ self.kernel.value.reshape(-1, self.filters)
        if self.use_bias:
            z += self.bias.value
        a = self.activation.forward(z)  # (B Ho Wo, F)
        if training:
            self._kept = x, z, a
        return a.reshape(-1, *self.output_shape)

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX. With dZ = dA f'(Z), since Z = P W + b,

            dW = Pᵀ dZ        db_f = sum_n dZ_nf        dP = dZ Wᵀ

        and dX is the sum of all dP that came from the same pixel. The windows are copied again:
        kept, they would need R S times the memory of X.
        """
        x, z, a = self._kept
        dz = self.activation.backward(da.reshape(a.shape), z, a)  # (B Ho Wo, F)
        kernel = self.kernel
        kernel.gradient[:] = (self.windows.patches(x).T @ dz).reshape(kernel.shape)
        if self.use_bias:
            self.bias.gradient[:] = np.einsum("nf->f", dz)  # sum(0) takes three times as long
        if not need_dx:
            return None
        dp = dz @ kernel.value.reshape(-1, self.filters).T  # (B Ho Wo, R S C)
        dp = dp.reshape(*da.shape[:3], len(self.windows.taps), -1)  # (B, Ho, Wo, R S, C)
        dx = np.zeros_like(x)
        for k, (r, s) in enumerate(self.windows.taps):
            pixels = self.windows.tap(dx, r, s)
            pixels += dp[:, :, :, k]
        return dx[:, *self.windows.inside]
