"""RMSprop: steps scaled by the root of the mean squared gradient."""

from typing import Any

import numpy as np

from ..arguments import known_only
from .optimizer import Array, Optimizer
from .schedules import LearningRateSchedule


class RMSprop(Optimizer):
    """Gradients divided by the root of their mean square (Tieleman and Hinton, 2012):

        v := rho v + (1 - rho) dw²,   w := w - u,   u = learning_rate dw / sqrt(v + epsilon)

    `centered` takes the square of the mean gradient, a := rho a + (1 - rho) dw, off v under the
    root; `momentum` m moves by u := m u + learning_rate dw / sqrt(...) instead.

    The slots "velocity" and "average_gradient" hold v / (1 - rho) and a / (1 - rho), which saves
    passes over memory; the factor goes into the rate and into epsilon.
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
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slots = (
            "velocity",
            *(["momentum"] if momentum else []),
            *(["average_gradient"] if centered else []),
        )
        average = use_ema, ema_momentum, ema_overwrite_frequency
        super().__init__(learning_rate, weight_decay, global_clipnorm, *average)

    def _prepare(self, rate: float, dtype: np.dtype[Any]) -> None:
        self._rho, self._momentum = dtype.type(self.rho), dtype.type(self.momentum)
        self._rate = dtype.type(rate / (1 - self.rho) ** 0.5)
        self._epsilon = dtype.type(self.epsilon / (1 - self.rho))
        self._rest = dtype.type(1 - self.rho)

    def _update(self, w: Array, dw: Array, spare: Array, *slots: Array) -> None:
        v, *more = slots
        v *= self._rho
        v += np.multiply(dw, dw, out=spare)
        if self.centered:
            # v - a² is (1 - rho) (v' - (1 - rho) a'²) in what the slots v' and a' hold
            a = more.pop()
            a *= self._rho
            a += dw
            np.multiply(a, a, out=spare)
            spare *= self._rest
            np.subtract(v, spare, out=spare)
            spare += self._epsilon
        else:
            np.add(v, self._epsilon, out=spare)
        np.sqrt(spare, out=spare)
        dw /= spare
        dw *= self._rate
        if more:
            (u,) = more
            u *= self._momentum
            u += dw
            w -= u
        else:
            w -= dw
