"""The compiled library: found, checked, loaded once a process; or why there is none.

A truncated or overwritten library can kill the process that loads it, so its SHA-256 must first be
that of the record that was written when it was built. FASHIONLAB_COMPILED, for developers, names
another library, with its record next to it; with the value 0 there is none.
"""

import ctypes
import hashlib
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

# As in `build`, which is not imported for them: it needs many modules that nothing else does.
LIBRARY = "_compiled.dll" if sys.platform == "win32" else "_compiled.so"
RECORD = "_compiled.json"
ABI = 1  # what fl_abi() must return
NAMES = ("plain", "neon", "avx2", "avx512")  # of `enum Instructions`, the slowest first
VARIABLE = "FASHIONLAB_COMPILED"
MOST_THREADS = 64  # of the pool
REMEDY = "run python -m fashionlab.scratch.compiled.build"


class _RefusedError(Exception):
    """The library cannot be used."""


def load() -> ctypes.CDLL | None:
    """Return the library; None where there is none that can be used."""
    return _loaded()[0]


def reason() -> str | None:
    """Return in one line why `load` returns None; None where it does not."""
    return _loaded()[1]


def supported() -> tuple[str, ...]:
    """Return the names of the instruction sets that this processor has, the fastest first.

    Raises RuntimeError where there is no library.
    """
    library = load()
    if library is None:
        raise RuntimeError(f"the library must be there; {reason()}")
    return tuple(NAMES[i] for i in reversed(range(len(NAMES))) if library.fl_supports(i))


def instructions() -> str:
    """Return the name of the fastest instruction set that this processor has, of NAMES.

    Raises RuntimeError where there is no library.
    """
    return supported()[0]


def threads() -> int:
    """Return how many threads to use: OMP_NUM_THREADS, or one for each CPU of this process."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    asked = int(first.lstrip("0")[:4] or 0) if first.isascii() and first.isdigit() else 0
    return min(max(asked or _cpus(), 1), MOST_THREADS)


def described(compiled: bool | None = None, why: str | None = None) -> dict[str, Any]:
    """Return what the network from scratch runs on, for environment.json.

    `compiled` says whether a model does, by default whether it could; `why`, for what else than a
    missing library it does not.
    """
    if load() is not None and compiled is not False:
        return {"form": "compiled", "instructions": instructions(), "threads": threads()}
    return {"form": "numpy", "reason": reason() or why or "the model was compiled without it"}


@cache
def _loaded() -> tuple[ctypes.CDLL | None, str | None]:
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(__file__).with_name(LIBRARY)
    try:
        if named == "0":
            raise _RefusedError(f"the compiled form is turned off by {VARIABLE}=0")
        return _checked(path), None
    except _RefusedError as error:
        return None, str(error)


def _checked(path: Path) -> ctypes.CDLL:
    """Load the library at a path; _RefusedError where it is not what was built."""
    record = _record(path.with_name(RECORD))
    if "reason" in record:
        raise _RefusedError(
            f"the compiled form was not built: {_line(record['reason'])}; "
            f"with a C compiler at hand, {REMEDY}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _RefusedError(_without(path, error)) from error
    if hashlib.sha256(content).hexdigest() != record.get("sha256"):
        raise _RefusedError(f"{path} must be as it was built, but was changed; {REMEDY}")
    try:
        library = ctypes.CDLL(str(path))
        abi = library.fl_abi()
        _ = library.fl_supports
    except OSError as error:  # of another architecture or system
        raise _RefusedError(f"{path} cannot be loaded ({_line(error)}); {REMEDY}") from error
    except AttributeError as error:
        raise _RefusedError(f"{path} lacks a function ({_line(error)}); {REMEDY}") from error
    if abi != ABI:
        raise _RefusedError(f"{path} must have the interface {ABI}; received {abi}; {REMEDY}")
    return library


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise _RefusedError(_without(path, error)) from error
    except (ValueError, RecursionError) as error:
        raise _RefusedError(f"{path} must be JSON, but is damaged; {REMEDY}") from error
    if not isinstance(record, dict):
        raise _RefusedError(f"{path} must be a JSON object, but is damaged; {REMEDY}")
    return record


def _without(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"the compiled form was not built ({path} is not there); {REMEDY}"
    return f"{path} cannot be read ({error.strerror}); {REMEDY}"


def _line(text: object) -> str:
    return " ".join(str(text).split())


def _cpus() -> int:
    """Count the CPUs that this process may use: in a container, fewer than the machine has."""
    if count := getattr(os, "process_cpu_count", None):  # Python 3.13
        return count() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
