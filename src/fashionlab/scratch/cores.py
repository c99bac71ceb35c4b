"""Calls on several cores at once; nothing of the mathematics.

NumPy's matrix products use all cores by themselves, everything else uses one. Where many images go
through, it is faster to give each core images of its own, and products that use that core alone
(benchmarks/engine/fast_forms.py). For a batch of 128 it is not: the threads wait for each other
too often.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")

NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads")
FOLDERS = ("../numpy.libs", ".dylibs")  # of NumPy's wheels, on Linux and Windows, and on macOS


@cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """Return OpenBLAS's getter and setter of its threads; None where NumPy has another BLAS."""
    package = Path(np.__file__).parent
    for path in (path for folder in FOLDERS for path in (package / folder).glob("*openblas*")):
        with suppress(OSError):  # not a library of this system
            library = ctypes.CDLL(str(path.resolve()))
            for name in NAMES:
                if hasattr(library, name.format("get")):
                    get, set_ = (getattr(library, name.format(what)) for what in ("get", "set"))
                    return get, set_
    return None


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="fashionlab")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork


def count() -> int:
    """Return how many cores OpenBLAS may use; 1 where NumPy has another BLAS.

    OPENBLAS_NUM_THREADS or threadpoolctl sets it.
    """
    openblas = _openblas()
    return openblas[0]() if openblas else 1


def together(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return the results of all calls, the first made in this thread, BLAS with one core each."""
    openblas = _openblas()
    if openblas is None or len(calls) == 1:
        return [call() for call in calls]
    get_threads, set_threads = openblas
    before = get_threads()
    set_threads(1)
    try:
        others = [_pool().submit(call) for call in calls[1:]]
        try:
            first = calls[0]()
        finally:  # the caller must not go on while other threads write
            wait(others)
        return [first, *(other.result() for other in others)]
    finally:
        set_threads(before)
