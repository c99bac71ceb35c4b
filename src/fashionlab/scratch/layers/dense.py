"""Dense, where every unit sees every input, and Activation, f alone."""

from .. import activations, initializers
from ..arguments import at_least, known_only
from .layer import Array, Layer, Shape


class Dense(Layer):
    """A = f(X W + b), for X (B, D), kernel W (D, U), bias b (U,), A (B, U)."""

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

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = f(Z), Z = X W + b."""
        z = x @ self.kernel.value  # (B, U)
        if self.use_bias:
            z += self.bias.value
        a = self.activation.forward(z)
        if training:
            self._kept = x, z, a
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX. With dZ = dA f'(Z), since Z_nu = sum_d X_nd W_du + b_u,

        dW = Xᵀ dZ        db_u = sum_n dZ_nu        dX = dZ Wᵀ
        """
        x, z, a = self._kept
        dz = self.activation.backward(da, z, a)  # (B, U)
        self.kernel.gradient[:] = x.T @ dz
        if self.use_bias:
            self.bias.gradient[:] = dz.sum(axis=0)
        return dz @ self.kernel.value.T if need_dx else None


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

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = f(X)."""
        a = self.activation.forward(x)
        if training:
            self._kept = x, a
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX = dA f'(X)."""
        x, a = self._kept
        return self.activation.backward(da, x, a)
