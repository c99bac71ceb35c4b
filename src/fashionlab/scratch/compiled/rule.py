"""An optimizer's next step as C takes it."""

import math
from typing import Any

from numpy.typing import NDArray

from .. import optimizers
from .structures import ADAM, MOMENTUM, NESTEROV, RMSPROP, SGD, Rule

Array = NDArray[Any]


def rule_of(optimizer: optimizers.Optimizer, vector: Array) -> Rule:
    """Return the numbers of an optimizer's next step, with its slots made where they are not."""
    optimizer.prepare(vector)
    rate, t = float(optimizer.learning_rate), optimizer.iterations + 1
    slots: list[str] = []
    rule = Rule(
        rate=rate,
        decay=(optimizer.weight_decay or 0.0) * rate,
        clip_norm=max(optimizer.global_clipnorm or 0.0, 0.0),
    )
    match optimizer:
        case optimizers.SGD():
            with_momentum = NESTEROV if optimizer.nesterov else MOMENTUM
            rule.rule = with_momentum if optimizer.momentum else SGD
            rule.momentum = optimizer.momentum
            slots = ["velocity"] if optimizer.momentum else []
        case optimizers.Adam():
            rule.rule, rule.epsilon = ADAM, optimizer.epsilon
            rule.beta_1, rule.rest_1 = optimizer.beta_1, 1 - optimizer.beta_1
            rule.beta_2, rule.rest_2 = optimizer.beta_2, 1 - optimizer.beta_2
            corrected = math.sqrt(1 - _power(optimizer.beta_2, t))
            rule.rate = rate * corrected / (1 - _power(optimizer.beta_1, t))
            slots = ["m", "v"]
        case optimizers.RMSprop():
            rule.rule, rule.epsilon = RMSPROP, optimizer.epsilon
            rule.beta_2, rule.rest_2 = optimizer.rho, 1 - optimizer.rho
            rule.momentum, rule.centered = optimizer.momentum, optimizer.centered
            slots = ["v", *(["momentum"] if optimizer.momentum else [""])]
            slots += ["average_gradient"] if optimizer.centered else []
    rule.vectors = vectors = dict(optimizer.vectors)
    for i, name in enumerate(slots):
        if name:
            rule.slot[i] = vectors[name].ctypes.data
    if optimizer.use_ema:
        every = optimizer.ema_overwrite_frequency
        rule.averages = 2 if t == 1 else 1
        rule.keep, rule.rest = optimizer.ema_momentum, 1 - optimizer.ema_momentum
        rule.overwrites = bool(every and t % every == 0)
        rule.average = vectors["average"].ctypes.data
    return rule


def _power(base: float, n: int) -> float:
    """Return base^n by multiplications alone: the system's own may have another last digit."""
    power = 1.0
    while n:
        if n % 2:
            power *= base
        base, n = base * base, n // 2
    return power
