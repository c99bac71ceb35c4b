"""Weights in a NumPy archive `*.weights.npz`, each under "layer's name/weight's name"."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .arguments import known_only

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]

SUFFIX = ".weights.npz"


@known_only
def save_weights(self: "Sequential", filepath: str | Path, overwrite: bool = True) -> None:
    """Write all weights to a NumPy archive `*.weights.npz`; complete or not at all."""
    path = _checked("save_weights", filepath)
    if path.exists() and not overwrite:
        raise ValueError(f"save_weights: {path} exists; pass overwrite=True to replace it")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **_by_name(self))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@known_only
def load_weights(self: "Sequential", filepath: str | Path) -> None:
    """Read what `save_weights` wrote.

    Raises FileNotFoundError, or ValueError where the file is no such archive or holds weights of
    another model; the model's weights are then as before.
    """
    expected = _by_name(self)
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
    self.set_weights([found[name] for name in expected])


def _by_name(model: "Sequential") -> dict[str, Array]:
    return {f"{layer.name}/{v.name}": v.value for layer in model.layers for v in layer.weights}


def _checked(method: str, filepath: str | Path) -> Path:
    path = Path(filepath)
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"{method}: the file's name must end with {SUFFIX}; received {path}")
    return path


def _kind(array: Array | None) -> str:
    return "absent" if array is None else f"{array.dtype} {array.shape}"
