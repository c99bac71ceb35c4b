"""Weights in a NumPy archive `*.weights.npz`, each under "layer's name/weight's name"."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SUFFIX = ".weights.npz"


def save(filepath: str | Path, weights: Mapping[str, Array], overwrite: bool) -> None:
    """Write the archive, complete or not at all."""
    path = _checked("save_weights", filepath)
    if path.exists() and not overwrite:
        raise ValueError(f"save_weights: {path} exists; pass overwrite=True to replace it")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **weights)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load(filepath: str | Path, expected: Mapping[str, Array]) -> list[Array]:
    """Return the weights of an archive in the order of `expected`, the model's own.

    Raises FileNotFoundError, or ValueError where the file is no such archive or holds weights of
    another model.
    """
    path = _checked("load_weights", filepath)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {name: np.asarray(archive[name]) for name in archive.files}
    except OSError:
        raise
    except Exception as error:  # zipfile and NumPy raise anything for a hostile file
        raise ValueError(
            f"load_weights: {path} must be an archive that save_weights wrote ({error})"
        ) from error
    for name in {**expected, **found}:
        want, have = expected.get(name), found.get(name)
        if want is None or have is None or want.shape != have.shape or have.dtype.kind != "f":
            raise ValueError(
                f"load_weights: {path} must hold the weights of this model; {name!r} should "
                f"be {_kind(want)} and is {_kind(have)}"
            )
    return [found[name] for name in expected]


def _checked(method: str, filepath: str | Path) -> Path:
    path = Path(filepath)
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"{method}: the file's name must end with {SUFFIX}; received {path}")
    return path


def _kind(array: Array | None) -> str:
    return "absent" if array is None else f"{array.dtype} {array.shape}"
