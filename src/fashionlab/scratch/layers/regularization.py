"""Layers that compute something else in training: Dropout, BatchNormalization."""

import numpy as np

from .. import initializers
from ..arguments import known_only
from .layer import Array, Layer, Shape


class Dropout(Layer):
    """A layer that in training sets each value to 0 with probability `rate`, and divides it by
    1 - rate otherwise, so that its mean stays (Srivastava et al., 2014). In prediction A = X.

    A seed makes the draws repeatable. Keras draws other numbers from the same seed.
    """

    generator: np.random.Generator

    @known_only
    def __init__(
        self,
        rate: float,
        *,
        seed: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate must be in [0, 1]; received {rate!r}")
        self.rate, self.seed = rate, seed
        self.generator = np.random.Generator(np.random.SFC64(seed))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A = X M, with M 0 or 1 / (1 - rate), drawn again in each call."""
        if not training:
            return x
        kept = self.generator.random(x.shape, self.dtype) >= self.rate  # image after image
        mask: Array = kept / self.dtype.type(1 - self.rate or 1)  # at rate 1 nothing is kept
        self._kept = (mask,)
        return x * mask

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX = dA M."""
        (mask,) = self._kept
        return da * mask

    def input_gradient(self, x: Array, da: Array) -> Array:
        """Return dX = dA, since A = X in prediction."""
        return da


class BatchNormalization(Layer):
    """A layer that gives each channel mean 0 and deviation 1 (Ioffe and Szegedy, 2015):

        X̂ = (X - mean) / sqrt(variance + epsilon),  A = gamma X̂ + beta

    for each channel, the last axis. In training, mean and variance are the batch's, over its images
    and positions, and the moving mean and variance go 1 - momentum of the way to them. In
    prediction, mean and variance are the moving ones.
    """

    needs_whole_batch = True

    @known_only
    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | initializers.Initializer = "zeros",
        gamma_initializer: str | initializers.Initializer = "ones",
        moving_mean_initializer: str | initializers.Initializer = "zeros",
        moving_variance_initializer: str | initializers.Initializer = "ones",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if axis != -1:
            raise ValueError(
                f"BatchNormalization: axis must be -1, the channels; received {axis!r}"
            )
        if not 0 <= momentum <= 1 or epsilon < 0:
            raise ValueError(
                "BatchNormalization: momentum must be in [0, 1] and epsilon at least 0; "
                f"received {momentum!r} and {epsilon!r}"
            )
        self.axis, self.momentum, self.epsilon = axis, float(momentum), float(epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        """Declare gamma, beta and the moving mean and variance, a value for each channel."""
        super().build(input_shape)
        channels = input_shape[-1:]
        if self.scale:
            self.gamma = self._add_weight("gamma", channels, self.gamma_initializer)
        if self.center:
            self.beta = self._add_weight("beta", channels, self.beta_initializer)
        self.moving_mean = self._add_weight(
            "moving_mean", channels, self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self._add_weight(
            "moving_variance", channels, self.moving_variance_initializer, trainable=False
        )
        self._over = tuple(range(len(input_shape)))  # all axes but the channels', the batch's too

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return A; in training, update the moving mean and variance."""
        mean, variance = self.moving_mean.value, self.moving_variance.value  # (C,)
        if training:
            mean = x.mean(self._over)
            variance = np.square(x - mean).mean(self._over)  # divided by the count
            for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.value[:] = self.momentum * moving.value + (1 - self.momentum) * now
        deviation = np.sqrt(variance + self.epsilon)
        normal: Array = (x - mean) / deviation
        if training:
            self._kept = normal, deviation
        a = normal * self.gamma.value if self.scale else normal
        return a + self.beta.value if self.center else a

    def backward(self, da: Array, need_dx: bool = True) -> Array | None:
        """Return dX. dgamma = sum dA X̂, dbeta = sum dA; since mean and variance depend on X,

            dX = gamma / deviation (dA - mean(dA) - X̂ mean(dA X̂))

        with sums and means over images and positions, for each channel.
        """
        normal, deviation = self._kept
        dgamma, dbeta = (da * normal).sum(self._over), da.sum(self._over)  # (C,)
        if self.scale:
            self.gamma.gradient[:] = dgamma
        if self.center:
            self.beta.gradient[:] = dbeta
        if not need_dx:
            return None
        count = da.size // len(dbeta)
        dx: Array = (da - dbeta / count - normal * (dgamma / count)) / deviation
        return dx * self.gamma.value if self.scale else dx

    def input_gradient(self, x: Array, da: Array) -> Array:
        """Return dX = gamma / deviation dA: in prediction mean and variance are constants."""
        dx: Array = da / np.sqrt(self.moving_variance.value + self.epsilon)
        return dx * self.gamma.value if self.scale else dx
