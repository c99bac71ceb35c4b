"""The run folder: all that a training leaves behind. No other module knows a file name in it.

    config.json          the recipe, seed and data that decide the run
    environment.json     versions, machine, threads, commit, command line
    model.json           the layers: name, type, output shape, parameters
    history.csv          a row an epoch
    weights.safetensors  the trained weights
    predictions.npz      log-probabilities (N, K) of the test images, and their labels (N,)
    metrics.json         the figures computed from predictions.npz
    examples.npz         test images that the page shows, (M, H, W), and their indices (M,)
    report.html          the page, where `fashionlab report` wrote one

A folder is complete or absent: it is written beside its place under a hidden name, then renamed.
Loading one runs no code from it.
"""

import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.examples import Examples
from fashionlab.evaluation.metrics import Metrics, compute_metrics

Array = NDArray[Any]

# What config.json holds; "recipe" has the fields of recipes.Recipe.
CONFIG = {
    "recipe": dict,
    "seed": int,
    "data": dict,  # part -> {"name", "sha256", "images"}
    "class_names": list,
    "image_shape": list,
    "parameters": int,
}


def require_absent(folder: Path) -> None:
    """Raises RunError where something stands in the place of a run folder to be written."""
    if folder.exists() or folder.is_symlink():
        raise RunError(f"{folder} exists already; choose another --out or remove it")


class RunWriter:
    """Writes one run folder; used as a context, which renames it into place on success.

    On an exception, Ctrl-C included, nothing remains. Raises RunError where `folder` exists already
    or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        require_absent(folder)
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

    def write_json(self, name: str, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """config, environment, model or metrics."""
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
        # Not save_file, whose error on a full disk is no OSError.
        (self._work / "weights.safetensors").write_bytes(save(dict(weights)))

    def write_predictions(self, log_probabilities: Array, labels: Array) -> Metrics:
        """Store the test predictions and the figures computed from them."""
        np.savez(self._work / "predictions.npz", log_probabilities=log_probabilities, labels=labels)
        metrics = compute_metrics(log_probabilities, labels)
        self.write_json("metrics", metrics.to_json())
        return metrics

    def write_examples(self, images: Array, indices: Array) -> None:
        """Store some of the test images, (M, H, W), with their positions (M,) in the test set."""
        np.savez_compressed(self._work / "examples.npz", images=images, indices=indices)


class Run:
    """Reads a finished run folder. Raises RunError where a file is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: dict[str, Any] = self._json("config")
        for key, kind in CONFIG.items():
            if not isinstance(self.config.get(key), kind):
                raise self._damaged("config.json", f"no {key}")
        data, recipe = self.config["data"], self.config["recipe"]
        parts = [data.get(part) for part in ("train", "test")]
        names = [part.get("name") if isinstance(part, dict) else None for part in parts]
        if not all(isinstance(x, str) for x in [recipe.get("name"), *names, *self.class_names]):
            raise self._damaged("config.json", "recipe, data and classes must have names")

    @property
    def class_names(self) -> tuple[str, ...]:
        """(K,) in label order."""
        return tuple(self.config["class_names"])

    def _damaged(self, name: str, why: object) -> RunError:
        return RunError(f"{self.folder / name} cannot be read ({why}); give a finished run folder")

    def _json(self, name: str, kind: type = dict) -> Any:
        try:
            value = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._damaged(f"{name}.json", error) from error
        if not isinstance(value, kind):
            raise self._damaged(f"{name}.json", f"not a JSON {kind.__name__}")
        return value

    def _arrays(self, name: str, *keys: str) -> list[Array]:
        try:
            with np.load(self.folder / name, allow_pickle=False) as stored:
                return [stored[key] for key in keys]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise self._damaged(name, error) from error

    def environment(self) -> dict[str, Any]:
        """The environment it was trained in."""
        value: dict[str, Any] = self._json("environment")
        return value

    def layers(self) -> list[dict[str, Any]]:
        """The model's summary: name, type, output shape and parameters of each layer."""
        value: list[dict[str, Any]] = self._json("model", list)
        return value

    def history(self) -> list[dict[str, float]]:
        """A row an epoch."""
        try:
            with (self.folder / "history.csv").open(newline="", encoding="utf-8") as file:
                return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged("history.csv", error) from error

    def training_figures(self) -> dict[str, float]:
        """Epochs, the last epoch's loss and accuracy, and the mean seconds of an epoch's steps."""
        history = self.history()
        try:
            seconds = [row["seconds"] for row in history]
            return {
                "epochs": len(history),
                "loss": history[-1]["loss"],
                "accuracy": history[-1]["accuracy"],
                "seconds_an_epoch": sum(seconds) / len(seconds),
            }
        except IndexError as error:
            raise self._damaged("history.csv", "no epoch") from error
        except KeyError as error:
            raise self._damaged("history.csv", f"no column {error}") from error

    def predictions(self) -> tuple[Array, Array]:
        """Log-probabilities (N, K) and labels (N,) of the test images."""
        log_probabilities, labels = self._arrays("predictions.npz", "log_probabilities", "labels")
        return log_probabilities, labels

    def metrics(self) -> Metrics:
        """The figures, computed anew from the stored predictions.

        Raises RunError also where those that were written when the run ended differ from them.
        """
        try:
            metrics = compute_metrics(*self.predictions())
        except InvalidValueError as error:
            raise self._damaged("predictions.npz", error) from error
        if len(metrics.correct) != len(self.class_names):
            raise self._damaged("config.json", "not a name for each class")
        if different := metrics.differences(self._json("metrics")):
            raise RunError(
                f"{self.folder / 'metrics.json'} must follow from predictions.npz, but differs in "
                f"{', '.join(different)}; give a run folder as it was written"
            )
        return metrics

    def examples(self) -> Examples:
        """Test images to show, chosen by `evaluation.examples.select_examples`."""
        images, indices = self._arrays("examples.npz", "images", "indices")
        log_probabilities, labels = self.predictions()
        fits = images.ndim == 3 and images.dtype == np.uint8 and indices.shape == (len(images),)
        if not fits or indices.dtype.kind not in "iu" or not _within(indices, len(labels)):
            raise self._damaged("examples.npz", "not images with their indices")
        shown = log_probabilities[indices]
        return Examples(
            images, indices, labels[indices], shown.argmax(axis=1), np.exp(shown.max(axis=1))
        )


def _within(indices: Array, n: int) -> bool:
    return bool(((indices >= 0) & (indices < n)).all())
