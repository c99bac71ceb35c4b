"""Run: a finished run folder, read."""

import csv
import hashlib
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.duplicates import accuracy_without
from fashionlab.evaluation.examples import Examples
from fashionlab.evaluation.metrics import Metrics, compute_metrics
from fashionlab.recipes import Recipe, recorded
from fashionlab.runs.layout import (
    CONFIG,
    EXAMPLES,
    HISTORY,
    PREDICTIONS,
    PROTOCOL,
    WEIGHTS,
    resume_command,
    work_folder,
)

Array = NDArray[Any]


def recorded_json(folder: Path, name: str) -> dict[str, Any]:
    """config or environment of a run, finished or not; RunError where it cannot be read."""
    place = folder if folder.exists() else work_folder(folder)
    try:
        value = json.loads((place / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(
            f"{place / name}.json cannot be read ({reason}); give a run folder"
        ) from error
    if not isinstance(value, dict):
        raise RunError(f"{place / name}.json must be a JSON object; give a run folder")
    return value


@dataclass(frozen=True)
class DataFacts:
    """The record of one split of a run's data."""

    name: str  # of the data set
    sha256: str
    images: int


class Run:
    """A finished run folder. Raises RunError where a file is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.exists() and (work := work_folder(folder)).exists():
            raise RunError(
                f"{folder} is not finished yet ({work} is there); let it end, or go on with: "
                + resume_command(folder)
            )
        self.config: dict[str, Any] = self._json("config")
        for key, kind in CONFIG.items():
            if not isinstance(self.config.get(key), kind):
                raise self._damaged("config.json", f"no {key}")
        self.seed: int = self.config["seed"]
        self.parameters: int = self.config["parameters"]
        self.class_names = tuple(self.config["class_names"])  # (K,) in label order
        try:
            self.data = {
                split: DataFacts(**self.config["data"][split]) for split in ("train", "test")
            }
        except (KeyError, TypeError) as error:
            needs = "both splits of the data must have names, sha256 and images"
            raise self._damaged("config.json", needs) from error
        names = [self.config["recipe"].get("name"), *(d.name for d in self.data.values())]
        if not all(isinstance(x, str) for x in [*names, *self.class_names]):
            raise self._damaged("config.json", "recipe, data and classes must have names")

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that it was trained by; RunError where this version does not know it."""
        try:
            return recorded(self.config["recipe"])
        except InvalidValueError as error:
            raise self._damaged("config.json", f"recipe: {error}") from error

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

    def weights_sha256(self) -> str:
        """Return the SHA-256 of the file of weights, which is the same for the same weights."""
        try:
            return hashlib.sha256((self.folder / WEIGHTS).read_bytes()).hexdigest()
        except OSError as error:
            raise self._damaged(WEIGHTS, error) from error

    def weights(self) -> dict[str, Array]:
        """Return the trained weights by name, such as "layer.kernel"."""
        try:
            return load((self.folder / WEIGHTS).read_bytes())
        except (OSError, SafetensorError) as error:
            raise self._damaged(WEIGHTS, error) from error

    def give_weights(self, model: Any) -> None:
        """Give a model of the run's recipe the trained weights; RunError where one is missing."""
        weights = self.weights()
        try:
            model.set_weights(
                [weights[f"{x.name}.{w.name}"] for x in model.layers for w in x.weights]
            )
        except (KeyError, ValueError) as error:
            raise self._damaged(WEIGHTS, error) from error

    def environment(self) -> dict[str, Any]:
        """Return the environment it was trained in."""
        value: dict[str, Any] = self._json("environment")
        return value

    def protocol(self) -> dict[str, Any]:
        """Return what it was trained on, and how often the test set was read.

        Empty for a run of an older version, which did not record it.
        """
        if not (self.folder / PROTOCOL).exists():
            return {}
        value: dict[str, Any] = self._json("protocol")
        numbers = ("images_trained_on", "images_held_out", "test_set_read")
        pairs = value.get("test_copies")
        whole = all(type(value.get(name)) is int for name in numbers) and _are_pairs(pairs)
        if not whole or (value["images_held_out"] and "validation_accuracy" not in value):
            raise self._damaged(PROTOCOL, f"no {', '.join(numbers)}, test_copies")
        return value

    def accuracy_without_copies(self) -> float:
        """Return the test accuracy without the images that are in the training set too."""
        copied = {place for place, _ in self.protocol().get("test_copies", ())}
        log_probabilities, labels = self.predictions()
        if not copied <= set(range(len(labels))):
            raise self._damaged(PROTOCOL, "test_copies are not in the test set")
        return accuracy_without(log_probabilities, labels, copied)

    def layers(self) -> list[dict[str, Any]]:
        """Return name, type, output shape and parameters of each layer."""
        value: list[dict[str, Any]] = self._json("model", list)
        return value

    def history(self) -> list[dict[str, float]]:
        """Return a row an epoch."""
        try:
            with (self.folder / HISTORY).open(newline="", encoding="utf-8") as file:
                return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(HISTORY, error) from error

    def training_figures(self) -> dict[str, float]:
        """Return epochs, the last one's loss and accuracy, and mean seconds of an epoch's steps."""
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
            raise self._damaged(HISTORY, "no epoch") from error
        except KeyError as error:
            raise self._damaged(HISTORY, f"no column {error}") from error

    def predictions(self) -> tuple[Array, Array]:
        """Return log-probabilities (N, K) and labels (N,) of the test images."""
        log_probabilities, labels = self._arrays(PREDICTIONS, "log_probabilities", "labels")
        return log_probabilities, labels

    def metrics(self) -> Metrics:
        """Return the metrics, computed again from the stored predictions.

        Raises RunError also where the metrics that were written at the end of the run differ.
        """
        try:
            metrics = compute_metrics(*self.predictions())
        except InvalidValueError as error:
            raise self._damaged(PREDICTIONS, error) from error
        if len(metrics.correct) != len(self.class_names):
            raise self._damaged("config.json", "not a name for each class")
        if different := metrics.differences(self._json("metrics")):
            raise RunError(
                f"{self.folder / 'metrics.json'} must follow from predictions.npz, but differs in "
                f"{', '.join(different)}; give a run folder as it was written"
            )
        return metrics

    def examples(self) -> Examples:
        """Return the test images to show, chosen by `evaluation.examples.select_examples`."""
        images, indices = self._arrays(EXAMPLES, "images", "indices")
        log_probabilities, labels = self.predictions()
        fits = images.ndim == 3 and images.dtype == np.uint8 and indices.shape == (len(images),)
        if not fits or indices.dtype.kind not in "iu" or not _within(indices, len(labels)):
            raise self._damaged(EXAMPLES, "not images with their indices")
        shown = log_probabilities[indices]
        return Examples(
            images, indices, labels[indices], shown.argmax(axis=1), np.exp(shown.max(axis=1))
        )


def _are_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(type(place) is int for place in pair)
        for pair in value
    )


def _within(indices: Array, n: int) -> bool:
    return bool(((indices >= 0) & (indices < n)).all())
