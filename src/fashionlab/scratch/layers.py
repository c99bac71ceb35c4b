"""Layers: `forward(X) -> A` and `backward(dA) -> dX`, batch axis first.

A layer owns its output and input-gradient buffers, sized once for `piece` images. What `forward`
and `backward` return lives in them (or in the input's memory) until the next call. `backward` may
overwrite the dA it is given, and leaves the gradient of each weight in its `Variable`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import activations, initializers

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass
class Variable:
    """A weight and its gradient: two views into the model's two vectors, of the same shape."""

    name: str
    shape: Shape
    value: Array = field(default_factory=lambda: np.empty(0))
    gradient: Array = field(default_factory=lambda: np.empty(0))

    def numpy(self) -> Array:
        """A copy of the value."""
        return self.value.copy()


class Input:
    """The shape of one image, without the batch axis; holds no weights and computes nothing."""

    def __init__(self, shape: Iterable[int]) -> None:
        self.shape = tuple(int(n) for n in shape)
        if any(n < 1 for n in self.shape):
            raise ValueError(f"Input: every dimension must be at least 1; received {self.shape}")


class Layer:
    """A step of the network. `build` is called once, by the model."""

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        self.name = name or type(self).__name__.lower()
        self.dtype = np.dtype(dtype or "float32")
        self.weights: list[Variable] = []
        self.output_shape: Shape = ()

    def build(self, input_shape: Shape) -> None:
        """Set `output_shape` and declare `weights`; shapes are without the batch axis."""
        raise NotImplementedError

    def initialize(self) -> None:
        """Fill the weights, once their memory exists."""

    def allocate(self, piece: int) -> None:
        """Size the buffers for pieces of up to `piece` images."""

    def forward(self, x: Array) -> Array:
        """A from X."""
        raise NotImplementedError

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """dX from dA, or None where it is not needed; leaves the weights' gradients."""
        raise NotImplementedError

    def get_weights(self) -> list[Array]:
        """Copies of the weights, in Keras's order."""
        return [v.numpy() for v in self.weights]

    def count_params(self) -> int:
        """The number of trainable values."""
        return sum(int(np.prod(v.shape)) for v in self.weights)


class Rescaling(Layer):
    """A = scale X + offset: turns bytes into numbers near 1, inside the model, once for all."""

    def __init__(
        self,
        scale: float,
        offset: float = 0.0,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.scale, self.offset = scale, offset

    def build(self, input_shape: Shape) -> None:
        """The shape stays."""
        self.output_shape = input_shape

    def allocate(self, piece: int) -> None:
        """One output buffer (piece, ...)."""
        self._a = np.empty((piece, *self.output_shape), self.dtype)

    def forward(self, x: Array) -> Array:
        """A = scale X + offset, for X of any numeric type."""
        a = self._a[: len(x)]
        np.multiply(x, self.dtype.type(self.scale), out=a)
        if self.offset:
            a += self.dtype.type(self.offset)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """dX = scale dA"""
        da *= self.dtype.type(self.scale)
        return da


class Flatten(Layer):
    """(B, H, W) -> (B, D) with D = H W, rows one after the other; a view."""

    def build(self, input_shape: Shape) -> None:
        """All axes but the batch's become one."""
        self._input_shape = input_shape
        self.output_shape = (int(np.prod(input_shape)),)

    def forward(self, x: Array) -> Array:
        """The same values, seen as a matrix."""
        return x.reshape(len(x), -1)

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """The same values, seen in the input's shape."""
        return da.reshape(len(da), *self._input_shape)


class Dense(Layer):
    """A = f(X W + b): every unit sees every input. X (B, D), W (D, U), b (U,), A (B, U)."""

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: str | initializers.Initializer = "glorot_uniform",
        bias_initializer: str | initializers.Initializer = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"Dense: units must be a positive integer; received {units!r}")
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        """Declare the kernel (D, U) and the bias (U,)."""
        if len(input_shape) != 1:
            raise ValueError(
                f"{self.name}: Dense takes one axis besides the batch's; received {input_shape}; "
                "put a Flatten before it"
            )
        self._inputs = input_shape[0]
        self.output_shape = (self.units,)
        self.kernel = Variable("kernel", (self._inputs, self.units))
        self.bias = Variable("bias", (self.units,))
        self.weights = [self.kernel, self.bias] if self.use_bias else [self.kernel]

    def initialize(self) -> None:
        """Draw the weights."""
        self.kernel.value[:] = self.kernel_initializer(self.kernel.shape, self.dtype)
        if self.use_bias:
            self.bias.value[:] = self.bias_initializer(self.bias.shape, self.dtype)

    def allocate(self, piece: int) -> None:
        """An output (piece, U) and an input gradient (piece, D)."""
        self._a = np.empty((piece, self.units), self.dtype)
        self._dx = np.empty((piece, self._inputs), self.dtype)

    def forward(self, x: Array) -> Array:
        """Z = X W + b, A = f(Z), in one buffer."""
        self._x = x
        a = self._a[: len(x)]
        np.matmul(x, self.kernel.value, out=a)
        if self.use_bias:
            a += self.bias.value
        self.activation.forward(a)
        return a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """From dA: dZ = dA f'(Z), then, since Z_nu = sum_d X_nd W_du + b_u,

            dW = Xᵀ dZ        db_u = sum_n dZ_nu        dX = dZ Wᵀ

        Requires that `forward` was the last call, with the same piece.
        """
        self.activation.backward(da, self._a[: len(da)])
        np.matmul(self._x.T, da, out=self.kernel.gradient)
        if self.use_bias:
            np.sum(da, axis=0, out=self.bias.gradient)
        if not need_dx:
            return None
        dx = self._dx[: len(da)]
        np.matmul(da, self.kernel.value.T, out=dx)
        return dx
