"""Training, evaluation and prediction in C: a whole step in one call, on all cores.

`library` finds the shared library that `build` made of the C sources; `program` hands it a model,
as `plan`, `rule` and `structures` describe it. How it computes is in docs/backprop.md, "The same
step in C"; passes.h lists the sources in the order in which to read them.
"""

from typing import TYPE_CHECKING

from .plan import LackingError
from .program import Program

if TYPE_CHECKING:
    from ..sequential import Sequential

__all__ = ["Program", "lacking", "program"]


def program(model: "Sequential", jit_compile: str | bool) -> Program | None:
    """Return the passes of a compiled model in C; None where it runs in NumPy.

    Raises ValueError where C is to be taken and is not there, or does not have all of the model.
    """
    if jit_compile not in ("auto", True, False):
        raise ValueError(f"compile: jit_compile must be 'auto', True or False; {jit_compile!r}")
    try:
        return Program(model) if jit_compile else None
    except LackingError as error:
        if jit_compile is True:
            raise ValueError(f"compile: jit_compile=True: {error}; 'auto' takes NumPy") from error
        return None


def lacking(model: "Sequential") -> str | None:
    """Return why a compiled model cannot run in C; None where it can."""
    try:
        Program(model)
    except LackingError as error:
        return str(error)
    return None
