"""What scratch lacks of Keras is refused in one line that says what there is instead."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

Init = TypeVar("Init", bound=Callable[..., None])


def lacks(kind: str, name: str, there_are: Iterable[str]) -> str:
    """The line for a class, a name or an argument that scratch has not."""
    names = ", ".join(there_are) or "none"
    return f"scratch has no {kind} {name!r}; it has {names}; use the keras engine"


def known_only(init: Init) -> Init:
    """Decorates an `__init__`: another argument is a TypeError that names those there are.

    The signature stays what it was, for `inspect.signature` and for type checkers.
    """
    names = list(inspect.signature(init).parameters)[1:]

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        for name in options:
            if name not in names:
                raise TypeError(f"{type(self).__name__}: {lacks('argument', name, names)}")
        init(self, *args, **options)

    return cast(Init, checked)
