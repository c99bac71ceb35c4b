"""Checks of arguments, and the messages for what Keras has and scratch lacks."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar, cast

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])
Value = TypeVar("Value")


def lacks(kind: str, name: str, there_are: Iterable[str]) -> str:
    """Return the message for a class, a name or an argument that scratch lacks."""
    names = ", ".join(there_are) or "none"
    return f"scratch has no {kind} {name!r}; it has {names}; use the keras engine"


def find(kind: str, name: str, known: Mapping[str, Value]) -> Value:
    """Return the value under its key, or a class under its own name; else raise ValueError."""
    for key, value in known.items():
        if name in (key, getattr(value, "__name__", key)):
            return value
    raise ValueError(lacks(kind, name, known))


def lacking(kind: str, there_are: Iterable[str]) -> Callable[[str], NoReturn]:
    """Return a module's `__getattr__`, which refuses all other names."""

    def refuse(name: str) -> NoReturn:
        raise AttributeError(lacks(kind, name, there_are))

    return refuse


def known_only(function: Function) -> Function:
    """Make an unknown argument of a constructor or method a TypeError that lists the known ones.

    The signature stays as it was, for `inspect.signature` and for type checkers.
    """
    names = list(inspect.signature(function).parameters)[1:]

    @functools.wraps(function)
    def checked(self: Any, *args: Any, **options: Any) -> Any:
        for name in options:
            if name not in names:
                constructor = function.__name__ == "__init__"
                called = type(self).__name__ if constructor else function.__name__
                raise TypeError(f"{called}: {lacks('argument', name, names)}")
        return function(self, *args, **options)

    return cast(Function, checked)


def at_least(what: str, value: Any, least: int) -> int:
    """Return the whole number `value`; raise ValueError where it is none or too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{what} must be a whole number from {least}; received {value!r}")
    return int(value)


def pair(what: str, value: Any) -> tuple[int, int]:
    """Return (height, width) from one number for both or from two; each at least 1."""
    values = (value, value) if isinstance(value, int | np.integer) else tuple(value)
    if len(values) != 2:
        raise ValueError(f"{what} must be one whole number or two; received {value!r}")
    return at_least(what, values[0], 1), at_least(what, values[1], 1)


def one_of(what: str, value: Any, known: Iterable[str]) -> str:
    """Return `value`, where it is one of `known`; raise ValueError otherwise."""
    known = tuple(known)
    if value not in known:
        raise ValueError(f"{what} must be {' or '.join(map(repr, known))}; received {value!r}")
    return str(value)
