"""Error messages for what Keras has and scratch lacks: one line that lists what scratch has."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


def lacks(kind: str, name: str, there_are: Iterable[str]) -> str:
    """Return the message for a class, a name or an argument that scratch lacks."""
    names = ", ".join(there_are) or "none"
    return f"scratch has no {kind} {name!r}; it has {names}; use the keras engine"


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
