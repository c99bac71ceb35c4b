"""SGD: gradient descent, with momentum or without."""

from ..arguments import known_only
from .optimizer import Array, Optimizer
from .schedules import LearningRateSchedule


class SGD(Optimizer):
    """Gradient descent: w := w - learning_rate dw; with `momentum` m,

        v := m v - learning_rate dw,   w := w + v,   or with `nesterov`

        v := m v - learning_rate dw,   w := w + m v - learning_rate dw

    The slot "velocity" holds v.
    """

    @known_only
    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        *,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
    ) -> None:
        if not isinstance(momentum, float) or not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be a float in [0, 1]; received {momentum!r}")
        self.momentum, self.nesterov = float(momentum), nesterov
        if momentum:
            self.slots = ("velocity",)
        average = use_ema, ema_momentum, ema_overwrite_frequency
        super().__init__(learning_rate, weight_decay, global_clipnorm, *average)

    def _update(self, w: Array, dw: Array, rate: float) -> None:
        m = self.momentum
        if not m:
            w -= rate * dw
            return
        v = self.vectors["velocity"]
        v *= m
        v -= rate * dw
        w += m * v - rate * dw if self.nesterov else v
