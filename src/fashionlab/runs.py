"""The run folder: all that a training leaves behind. No other module knows a file name in it.

    config.json          the recipe, seed and data that decide the run
    environment.json     versions, machine, threads, command line
    history.csv          a row an epoch
    weights.safetensors  the trained weights
    predictions.npz      log-probabilities (N, K) of the test images, and their labels (N,)
    metrics.json         the figures computed from predictions.npz

A folder is complete or absent: it is written beside its place under a hidden name, then renamed.
Loading one runs no code from it.
"""

import csv
import json
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from fashionlab.errors import RunError
from fashionlab.evaluation.metrics import Metrics, compute_metrics

Array = NDArray[Any]


def environment() -> dict[str, Any]:
    """What the result depends on beside the recipe: versions, machine, threads, command line."""
    versions = {}
    for package in ("fashionlab", "numpy", "keras", "torch", "tensorflow", "jax"):
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "python": platform.python_version(),
        "versions": versions,
        "machine": platform.machine(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "threads": {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")},
        "keras_backend": os.environ.get("KERAS_BACKEND"),
        "command": sys.argv,
    }


class RunWriter:
    """Writes one run folder; used as a context, which renames it into place on success.

    On an exception, Ctrl-C included, nothing remains. Raises RunError where `folder` exists already
    or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if folder.exists() or folder.is_symlink():
            raise RunError(f"{folder} exists already; choose another --out or remove it")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._work = Path(
                tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent)
            )
            self._work.chmod(0o755)
        except OSError as error:
            raise RunError(
                f"cannot write {folder.parent}: {error.strerror}; choose another --out"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._work.rename(self.folder)
            elif isinstance(error, OSError):
                raise RunError(
                    f"cannot write {error.filename or self.folder}: {error.strerror or error}; "
                    "free some space or choose another --out"
                ) from error
        except OSError as failed:
            raise RunError(f"cannot write {self.folder}: {failed.strerror}") from failed
        finally:
            shutil.rmtree(self._work, ignore_errors=True)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """config, environment or metrics."""
        text = json.dumps(value, indent=2, allow_nan=False)
        (self._work / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    def append_history(self, row: Mapping[str, float]) -> None:
        """Add an epoch's row, and the header before the first."""
        path = self._work / "history.csv"
        first = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if first:
                writer.writeheader()
            writer.writerow(row)

    def write_weights(self, weights: Mapping[str, Array]) -> None:
        """Arrays by name."""
        save_file(dict(weights), self._work / "weights.safetensors")

    def write_predictions(self, log_probabilities: Array, labels: Array) -> Metrics:
        """Store the test predictions and the figures computed from them."""
        np.savez(self._work / "predictions.npz", log_probabilities=log_probabilities, labels=labels)
        metrics = compute_metrics(log_probabilities, labels)
        self.write_json("metrics", metrics.to_json())
        return metrics


class Run:
    """Reads a finished run folder. Raises RunError where a file is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: dict[str, Any] = self._json("config")

    def _damaged(self, name: str, why: object) -> RunError:
        return RunError(f"{self.folder / name} cannot be read ({why}); give a finished run folder")

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._damaged(f"{name}.json", error) from error
        if not isinstance(value, dict):
            raise self._damaged(f"{name}.json", "not an object")
        return value

    def history(self) -> list[dict[str, float]]:
        """A row an epoch."""
        try:
            with (self.folder / "history.csv").open(newline="", encoding="utf-8") as file:
                return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged("history.csv", error) from error

    def metrics(self) -> Metrics:
        """The figures, computed anew from the stored predictions."""
        try:
            with np.load(self.folder / "predictions.npz", allow_pickle=False) as stored:
                return compute_metrics(stored["log_probabilities"], stored["labels"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise self._damaged("predictions.npz", error) from error

    def stored_metrics(self) -> dict[str, Any]:
        """The figures as written when the run ended."""
        return self._json("metrics")
