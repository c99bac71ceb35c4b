"""RMSprop: steps scaled by the root of the mean squared gradient."""

import numpy as np

from ..arguments import known_only
from .optimizer import Array, Optimizer
from .schedules import LearningRateSchedule


class RMSprop(Optimizer):
    """Gradients divided by the root of their mean square (Tieleman and Hinton, 2012):

        v := rho v + (1 - rho) dw²,   w := w - u,   u = learning_rate dw / sqrt(v + epsilon)

    `centered` takes the square of the mean gradient, a := rho a + (1 - rho) dw, off v under the
    root; `momentum` m moves by u := m u + learning_rate dw / sqrt(...) instead.

    The slots "v", "momentum" and "average_gradient" hold v, u and a.
    """

    @known_only
    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        *,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
    ) -> None:
        if not 0 <= rho < 1:
            raise ValueError(f"RMSprop: rho must be in [0, 1); received {rho}")
        if not 0 <= momentum <= 1:
            raise ValueError(f"RMSprop: momentum must be in [0, 1]; received {momentum}")
        self.rho, self.momentum = float(rho), float(momentum)
        self.epsilon, self.centered = float(epsilon), centered
        self.slots = (
            "v",
            *(["momentum"] if momentum else []),
            *(["average_gradient"] if centered else []),
        )
        average = use_ema, ema_momentum, ema_overwrite_frequency
        super().__init__(learning_rate, weight_decay, global_clipnorm, *average)

    def _update(self, w: Array, dw: Array, rate: float) -> None:
        v = self.vectors["v"]
        v *= self.rho
        v += (1 - self.rho) * dw**2
        variance = v
        if self.centered:
            a = self.vectors["average_gradient"]
            a *= self.rho
            a += (1 - self.rho) * dw
            variance = v - a**2
        step = rate * dw / np.sqrt(variance + self.epsilon)
        if self.momentum:
            u = self.vectors["momentum"]
            u *= self.momentum
            u += step
            step = u
        w -= step
