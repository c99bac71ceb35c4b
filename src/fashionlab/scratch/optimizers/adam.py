"""Adam, and AdamW with decoupled weight decay."""

from typing import Any

import numpy as np

from ..arguments import known_only
from .optimizer import Array, Optimizer
from .schedules import LearningRateSchedule


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, the form before section 2.1): t counts the steps,

        m := beta_1 m + (1 - beta_1) dw,    v := beta_2 v + (1 - beta_2) dw²
        w := w - learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

    The slots hold m / (1 - beta_1) and v / (1 - beta_2), which saves two passes over memory; the
    factors go into the rate and into epsilon.
    """

    slots = ("momentum", "velocity")

    @known_only
    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        weight_decay: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
    ) -> None:
        for name, beta in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not 0 <= beta < 1:
                raise ValueError(
                    f"{type(self).__name__}: {name} must be in [0, 1); received {beta}"
                )
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        average = use_ema, ema_momentum, ema_overwrite_frequency
        super().__init__(learning_rate, weight_decay, global_clipnorm, *average)

    def _prepare(self, rate: float, dtype: np.dtype[Any]) -> None:
        t = self.iterations + 1
        root = (1 - self.beta_2) ** 0.5
        rate *= (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        self._rate = dtype.type(rate * (1 - self.beta_1) / root)
        self._epsilon = dtype.type(self.epsilon / root)
        self._beta_1, self._beta_2 = dtype.type(self.beta_1), dtype.type(self.beta_2)

    def _update(self, w: Array, dw: Array, spare: Array, *slots: Array) -> None:
        m, v = slots
        m *= self._beta_1
        m += dw
        v *= self._beta_2
        dw *= dw
        v += dw
        np.sqrt(v, out=dw)
        dw += self._epsilon
        np.divide(m, dw, out=dw)
        dw *= self._rate
        w -= dw


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    @known_only
    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a float; received None")
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            weight_decay=weight_decay,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
        )
