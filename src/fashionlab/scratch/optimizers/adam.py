"""Adam, and AdamW with decoupled weight decay."""

import numpy as np

from ..arguments import known_only
from .optimizer import Array, Optimizer
from .schedules import LearningRateSchedule


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015, the form before section 2.1): t counts the steps,

        m := beta_1 m + (1 - beta_1) dw,    v := beta_2 v + (1 - beta_2) dw²
        w := w - learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

    The slots "m" and "v" hold m and v.
    """

    slots = ("m", "v")

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
        self.beta_1, self.beta_2, self.epsilon = float(beta_1), float(beta_2), float(epsilon)
        average = use_ema, ema_momentum, ema_overwrite_frequency
        super().__init__(learning_rate, weight_decay, global_clipnorm, *average)

    def _update(self, w: Array, dw: Array, rate: float) -> None:
        t = self.iterations + 1
        alpha = rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        m, v = self.vectors["m"], self.vectors["v"]
        m *= self.beta_1
        m += (1 - self.beta_1) * dw
        v *= self.beta_2
        v += (1 - self.beta_2) * dw**2
        w -= alpha * m / (np.sqrt(v) + self.epsilon)


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
