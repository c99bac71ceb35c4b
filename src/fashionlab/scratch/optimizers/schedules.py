"""Learning rates that depend on the step: a schedule is called with the number of steps made."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from ..arguments import known_only, lacking


class LearningRateSchedule:
    """A learning rate for each step, counted from 0."""

    def __call__(self, step: int) -> float:
        """Return the learning rate of that step."""
        raise NotImplementedError


def _check_decay_steps(schedule: LearningRateSchedule, decay_steps: float) -> None:
    if decay_steps <= 0:
        raise ValueError(
            f"{type(schedule).__name__}: decay_steps must be above 0; received {decay_steps}"
        )


class ExponentialDecay(LearningRateSchedule):
    """rate = initial_learning_rate decay_rate^(step / decay_steps); `staircase` rounds down."""

    @known_only
    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        _check_decay_steps(self, decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def __call__(self, step: int) -> float:
        times = step / self.decay_steps
        if self.staircase:
            times = math.floor(times)
        return float(self.initial_learning_rate * self.decay_rate**times)


class PiecewiseConstantDecay(LearningRateSchedule):
    """rate = values[i] up to and with the step boundaries[i], values[-1] after the last one."""

    @known_only
    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: boundaries must be one fewer than values; "
                f"received {len(boundaries)} boundaries and {len(values)} values"
            )
        if any(a >= b for a, b in pairwise(boundaries)):
            raise ValueError(
                f"PiecewiseConstantDecay: boundaries must ascend; received {list(boundaries)}"
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: int) -> float:
        return float(self.values[bisect_left(self.boundaries, step)])


class CosineDecay(LearningRateSchedule):
    """Half a cosine wave from the initial rate to `alpha` times it (Loshchilov and Hutter, 2017):

    rate = initial_learning_rate ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha)

    With `warmup_target` the rate first climbs to it in a straight line, during `warmup_steps`, and
    the wave starts then and there.
    """

    @known_only
    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        _check_decay_steps(self, decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: int) -> float:
        top, start = self.initial_learning_rate, 0
        if self.warmup_target is not None:
            top, start = self.warmup_target, self.warmup_steps
            if step < start:
                climbed = (top - self.initial_learning_rate) * step / start
                return float(self.initial_learning_rate + climbed)
        done = min(step - start, self.decay_steps) / self.decay_steps
        wave = 0.5 * (1 + math.cos(math.pi * done))
        return float(top * ((1 - self.alpha) * wave + self.alpha))


__getattr__ = lacking("schedule", ("CosineDecay", "ExponentialDecay", "PiecewiseConstantDecay"))
