"""Dense, where every unit sees every input, and Activation, f alone."""

import numpy as np

from .. import activations, initializers
from ..arguments import at_least, known_only
from .layer import Array, Layer, Nonlinearity, Shape


class Dense(Layer):
    """A = f(Wᵀ X + b), for X (D, B), kernel W (D, U), bias b (U,), A (U, B)."""

    @known_only
    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: str | initializers.Initializer = "glorot_uniform",
        bias_initializer: str | initializers.Initializer = "zeros",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.units = at_least("Dense: units", units, 1)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Declare the kernel (D, U) and the bias (U,)."""
        super().build(input_shape)
        if len(input_shape) != 1:
            raise ValueError(
                f"{self.name}: Dense takes one axis, without the batch's; received {input_shape}; "
                "put a Flatten before it"
            )
        self.output_shape = (self.units,)
        self.kernel = self._add_weight(
            "kernel", (*input_shape, self.units), self.kernel_initializer
        )
        if self.use_bias:
            self.bias = self._add_weight("bias", (self.units,), self.bias_initializer)
        self._f = Nonlinearity(self.activation)
        self._a = self._buffer(self.output_shape)
        self._dx = self._buffer(input_shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = f(Z), Z = Wᵀ X + b, in one buffer."""
        a = self._a(x.shape[-1])
        np.matmul(self.kernel.value.T, x, out=a)
        if self.use_bias:
            a += self.bias.value[:, None]
        self._f.forward(a, training)
        if training:
            self._x = x
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX. With dZ = dA f'(Z), since Z_un = sum_d W_du X_dn + b_u,

        dW = X dZᵀ        db_u = sum_n dZ_un        dX = W dZ
        """
        self._f.backward(da)
        np.matmul(self._x, da.T, out=self.kernel.gradient)
        if self.use_bias:
            np.sum(da, axis=-1, out=self.bias.gradient)
        if not need_dx:
            return None
        return np.matmul(self.kernel.value, da, out=self._dx(da.shape[-1]))


class Activation(Layer):
    """A = f(X), for X of any shape."""

    @known_only
    def __init__(
        self,
        activation: str | activations.Activation | None,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.activation = activations.get(activation)

    def build(self, input_shape: Shape) -> None:
        """Keep the shape."""
        super().build(input_shape)
        self._f = Nonlinearity(self.activation)
        self._a = self._buffer(input_shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = f(X) in a buffer of its own: the layer before may still need X."""
        a = self._a(x.shape[-1])
        np.copyto(a, x)
        self._f.forward(a, training)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX = dA f'(X)."""
        self._f.backward(da)
        return da
