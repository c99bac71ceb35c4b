"""The names in a run folder, and the folder that it is written to until it is whole."""

import os
import shlex
import subprocess
from pathlib import Path

from fashionlab.errors import RunError
from fashionlab.runs import checkpoints
from fashionlab.runs.lock import Lock

HISTORY = "history.csv"
WEIGHTS = "weights.safetensors"
PREDICTIONS = "predictions.npz"
EXAMPLES = "examples.npz"
EXPLANATION = "explanation.npz"
PROTOCOL = "protocol.json"
METRICS = "metrics.json"
ROBUSTNESS = "robustness.json"
LAYERS = "model.json"
MODEL, SMALL_MODEL = "model.onnx", "model-8bit.onnx"
KERAS_MODEL = "model.keras"
TENSORBOARD = "tensorboard"


def work_folder(folder: Path) -> Path:
    """Return the folder that a run is written to until it is whole: FOLDER.partial.

    Raises RunError where no folder can have such a name.
    """
    if "\0" in str(folder):
        raise RunError(f"a run folder's name must have no NUL; received {str(folder)!r:.80}")
    return folder.with_name(f"{folder.name}.partial")


def resume_command(folder: Path) -> str:
    """Return the command that goes on with a run, quoted for the system's shell."""
    quoted = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return f"fashionlab train --resume --out {quoted([str(folder)])}"


def is_begun(folder: Path) -> bool:
    """Return whether an earlier session has left a checkpoint."""
    return bool(checkpoints.saved(work_folder(folder)))


def require_absent(folder: Path) -> None:
    """Raise RunError where something stands in the place of a run folder to be written."""
    if folder.exists() or folder.is_symlink():
        raise RunError(f"{folder} exists already; choose another --out or remove it")


def require_free(folder: Path, resume: bool = False) -> None:
    """Raise RunError where another process writes `folder`.

    Without `resume` also where it exists, or an earlier process was stopped and left a checkpoint.
    """
    if not resume:
        require_absent(folder)
    work = work_folder(folder)
    Lock(work, folder).require_free()
    if not resume and (saved := checkpoints.saved(work)):
        raise RunError(
            f"{folder} was begun and not finished ({work} has {saved[-1].name}); go on with "
            f"--resume, remove {work} to start again, or choose another --out"
        )
