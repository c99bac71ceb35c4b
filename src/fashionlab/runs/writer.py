"""RunWriter: the writer of one run folder, in one or several sessions."""

import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from fashionlab import files
from fashionlab.errors import RunError, StoppedError
from fashionlab.evaluation.metrics import Metrics, compute_metrics
from fashionlab.runs import checkpoints, lock
from fashionlab.runs.checkpoints import Checkpoint
from fashionlab.runs.layout import (
    EXAMPLES,
    HISTORY,
    PREDICTIONS,
    TENSORBOARD,
    WEIGHTS,
    require_absent,
    require_free,
    resume_command,
    work_folder,
)
from fashionlab.runs.lock import Lock

Array = NDArray[Any]
OLD_LOCK = "lock"  # in the folder itself, of version 0.1.0.dev0


class RunWriter:
    """The writer of one run folder; a context, which gives the folder its name on success.

    Until then everything lies in FOLDER.partial, which one process at a time may hold. After an
    exception, Ctrl-C included, that folder stays where it has a checkpoint, for `resume`, and goes
    otherwise. Raises RunError where `folder` exists, another process writes it, or it cannot be
    written; without `resume` also where an unfinished run is there.
    """

    def __init__(self, folder: Path, resume: bool = False) -> None:
        self.folder, self._resume = folder, resume
        self._work = work_folder(folder)
        self._lock = Lock(self._work, folder)

    def __enter__(self) -> Self:
        require_free(self.folder, self._resume)  # before anything is made
        try:
            self._lock.acquire()
            try:
                require_absent(self.folder)  # it may have been finished in between
                files.flush_folder(self._work.parent)
                self._clean()
            except BaseException:
                self._let_go()
                raise
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._require_lock()
                files.flush_folder(self._work)
                files.rename(self._work, self.folder)
                checkpoints.remove_all(self.folder)
        except OSError as failed:
            raise self._unwritable(failed) from failed
        finally:
            self._let_go()
        if isinstance(error, OSError):
            raise self._unwritable(error) from error
        if isinstance(error, KeyboardInterrupt) and checkpoints.saved(self._work):
            raise self.stopped("stopped", status=130) from None

    def _clean(self) -> None:
        """Remove what a killed process left: files not whole, or all where it got nowhere."""
        files.clean(self._work)
        (self._work / OLD_LOCK).unlink(missing_ok=True)
        if not checkpoints.saved(self._work):
            for path in self._work.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def _let_go(self) -> None:
        """Release the lock; first remove a folder that has nothing to go on from."""
        if self._lock.is_held and not checkpoints.saved(self._work):
            with suppress(OSError):  # it has its name by now, or there is more in it
                self._clean()
                self._work.rmdir()
        self._lock.release()

    def _require_lock(self) -> None:
        if not self._lock.is_held:
            raise RunError(
                f"{self.folder} was taken over by another process, since this one did not answer "
                "for too long; let that one go on, or choose another --out"
            )

    @property
    def is_leased(self) -> bool:
        """Whether other processes are kept out by a lease: the file system has no locks."""
        return self._lock.is_lease

    def stopped(self, when: str, status: int) -> StoppedError:
        """Return the error for a training that stops on request, and can be resumed."""
        newest = checkpoints.saved(self._work)[-1]
        return StoppedError(f"{when}; {newest} is kept", status, resume_command(self.folder))

    def _unwritable(self, error: OSError) -> RunError:
        where = error.filename or self.folder
        said = f"cannot write {where}: {error.strerror or error}; free some space"
        if kept := checkpoints.saved(self._work):
            return RunError(
                f"{said}; {kept[-1]} is kept, go on with: {resume_command(self.folder)}"
            )
        return RunError(f"{said} or choose another --out")

    def newest_checkpoint(self, say: Callable[[str], None]) -> Checkpoint | None:
        """Return the newest sound checkpoint of an earlier session; report damaged ones.

        Raises CheckpointError where there are some and none is sound.
        """
        return checkpoints.newest(self._work, say)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; the two newest are kept."""
        self._require_lock()
        checkpoints.save(self._work, checkpoint)

    def write_json(self, name: str, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """config, environment, model or metrics."""
        text = json.dumps(value, indent=2, allow_nan=False)
        self._write(f"{name}.json", f"{text}\n".encode())

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write the rows of all epochs, so that the file is whole at every moment."""
        self._write(HISTORY, files.csv_text(rows).encode())

    def write_weights(self, weights: Mapping[str, Array]) -> None:
        """Write arrays by name."""
        self._write(WEIGHTS, save(dict(weights)))

    def write_predictions(self, log_probabilities: Array, labels: Array) -> Metrics:
        """Store the test predictions and the metrics computed from them."""
        archive = io.BytesIO()
        np.savez(archive, log_probabilities=log_probabilities, labels=labels)
        self._write(PREDICTIONS, archive.getvalue())
        metrics = compute_metrics(log_probabilities, labels)
        self.write_json("metrics", metrics.to_json())
        return metrics

    def write_examples(self, images: Array, indices: Array) -> None:
        """Store test images (M, H, W[, 3]) with their positions (M,) in the test set."""
        archive = io.BytesIO()
        np.savez_compressed(archive, images=images, indices=indices)
        self._write(EXAMPLES, archive.getvalue())

    @property
    def tensorboard_folder(self) -> Path:
        """The folder of TensorBoard's events."""
        return self._work / TENSORBOARD

    def _write(self, name: str, content: bytes) -> None:
        self._require_lock()
        files.write(self._work / name, content)


def tidy(folder: Path) -> None:
    """Remove from a finished run what a process that was killed at its very end still had there."""
    checkpoints.remove_all(folder)
    files.clean(folder)
    (folder / OLD_LOCK).unlink(missing_ok=True)
    with suppress(PermissionError):  # Windows: another process looks at it
        lock.file_of(work_folder(folder)).unlink(missing_ok=True)
