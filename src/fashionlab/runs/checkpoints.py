"""Checkpoints: everything that a training needs to resume, in folders that are whole or absent.

    checkpoint-00000938/       938 steps into the training
        arrays.safetensors     weights, optimizer state, random states, weights of the best epoch
        state.json             epoch, step, history, sums of the epoch so far
        manifest.sha256        the SHA-256 of both, as `sha256sum --check` reads it; written last

The two newest are kept. Loading one recomputes the manifest and compares it byte by byte, so that a
changed or missing bit anywhere is seen; it runs no code from the files.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from fashionlab import files
from fashionlab.errors import CheckpointError
from fashionlab.runs.reading import LARGEST_ARRAYS, LARGEST_TEXT
from fashionlab.runs.records import State
from fashionlab.typed import parse, typed

KEPT = 2
PREFIX = "checkpoint-"
ARRAYS, STATE, MANIFEST = "arrays.safetensors", "state.json", "manifest.sha256"
FORMAT = 1  # of the files; another one is not read


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training between two steps."""

    steps: int  # made since the training began
    arrays: Mapping[str, NDArray[Any]]
    state: Mapping[str, Any]  # JSON values


def save(run: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into the run's folder, and remove all but the two newest.

    Raises OSError, which names the path; the checkpoints before are then as they were.
    """
    arrays = save_arrays({name: np.asarray(a) for name, a in checkpoint.arrays.items()})
    state = {"format": FORMAT, "steps": checkpoint.steps, **checkpoint.state}
    contents = {
        ARRAYS: arrays,
        STATE: json.dumps(state, allow_nan=False).encode(),
    }
    manifest = _manifest(contents)
    files.write_folder(run / f"{PREFIX}{checkpoint.steps:08d}", {**contents, MANIFEST: manifest})
    for old in saved(run)[:-KEPT]:
        files.remove_folder(old)


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint; raises CheckpointError where a file is missing or was changed."""
    try:
        contents = {
            ARRAYS: files.read(folder / ARRAYS, LARGEST_ARRAYS),
            STATE: files.read(folder / STATE, LARGEST_TEXT),
        }
        manifest = files.read(folder / MANIFEST, LARGEST_TEXT)
    except OSError as error:
        raise _damaged(folder, f"{Path(error.filename).name}: {error.strerror}") from error
    if manifest != _manifest(contents):
        raise _damaged(folder, f"{_changed(contents, manifest)} is not as it was written")
    try:
        arrays = load_arrays(contents[ARRAYS])
        state = typed(State, parse(contents[STATE]))
    except Exception as error:  # a parser raises anything for a hostile file
        raise _damaged(folder, error) from error
    written, steps = state.pop("format"), state.pop("steps")
    if written != FORMAT:
        raise _damaged(folder, f"format {written!r}, where this version reads {FORMAT}")
    if [row.get("epoch") for row in state["history"]] != list(range(1, len(state["history"]) + 1)):
        raise _damaged(folder, "its epochs are not 1, 2, ...")
    return Checkpoint(steps, arrays, state)


def newest(run: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest sound checkpoint, or None where there is none at all.

    A damaged one is reported and, once an older one is found to be sound, removed. Raises
    CheckpointError, and removes nothing, where all are damaged.
    """
    damaged: list[tuple[Path, CheckpointError]] = []
    for folder in reversed(saved(run)):
        try:
            checkpoint = load(folder)
        except CheckpointError as error:
            damaged.append((folder, error))
            continue
        for bad, reason in damaged:
            say(f"{reason}; the one before it is used")
            files.remove_folder(bad)
        return checkpoint
    if damaged:
        reasons = "; ".join(str(error) for _, error in damaged)
        raise CheckpointError(f"no checkpoint can be used: {reasons}; remove {run} to start again")
    return None


def saved(run: Path) -> list[Path]:
    """Return the checkpoints in a run's folder, the oldest first."""
    folders = [p for p in run.glob(f"{PREFIX}*") if p.name.removeprefix(PREFIX).isdecimal()]
    return sorted(folders, key=lambda p: int(p.name.removeprefix(PREFIX)))


def remove_all(run: Path) -> None:
    """Remove the checkpoints of a finished training."""
    for folder in saved(run):
        files.remove_folder(folder)


def _manifest(contents: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in contents.items()]
    return ("\n".join(lines) + "\n").encode()


def _changed(contents: Mapping[str, bytes], manifest: bytes) -> str:
    """Return the files whose lines the manifest lacks; the manifest itself where it lacks both."""
    expected = dict(zip(contents, _manifest(contents).splitlines(), strict=True))
    changed = [name for name, line in expected.items() if line not in manifest.splitlines()]
    return changed[0] if len(changed) == 1 else MANIFEST


def _damaged(folder: Path, why: object) -> CheckpointError:
    return CheckpointError(f"{folder} is damaged ({why})")
