"""Optimizers: one step moves the whole weight vector along its gradient, both of shape (P,).

`optimizer` holds what all have in common; `sgd`, `adam` and `rmsprop` hold one rule each;
`schedules` the learning rates that depend on the step.
"""

from typing import NoReturn

from ..arguments import lacks
from . import schedules
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "get", "schedules"]

_BY_NAME = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW, "RMSprop": RMSprop}


def get(identifier: str | Optimizer) -> Optimizer:
    """Return the optimizer of that name, with its defaults; else raise ValueError."""
    if isinstance(identifier, Optimizer):
        return identifier
    for name, found in _BY_NAME.items():
        if str(identifier).lower() == name.lower():
            optimizer: Optimizer = found()
            return optimizer
    raise ValueError(lacks("optimizer", str(identifier), (n.lower() for n in _BY_NAME)))


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(lacks("optimizer", name, _BY_NAME))
