"""Optimizers: one step moves the whole weight vector along its gradient, both of shape (P,).

`optimizer` holds what all have in common; `sgd`, `adam` and `rmsprop` hold one rule each;
`schedules` the learning rates that depend on the step.
"""

from typing import Any

from ..arguments import find, lacking
from . import schedules
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "get", "schedules"]

_BY_NAME: dict[str, Any] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}


def get(identifier: str | Optimizer) -> Optimizer:
    """Return the optimizer of that name, with its defaults; else raise ValueError."""
    if isinstance(identifier, Optimizer):
        return identifier
    lower = str(identifier).lower()
    name = lower if lower in _BY_NAME else str(identifier)
    optimizer: Optimizer = find("optimizer", name, _BY_NAME)()
    return optimizer


__getattr__ = lacking("optimizer", [c.__name__ for c in _BY_NAME.values()])
