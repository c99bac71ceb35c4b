"""Run: a finished run folder, read."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data import fashion_mnist
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.duplicates import accuracy_without
from fashionlab.evaluation.examples import Examples
from fashionlab.evaluation.explanation import Explanation
from fashionlab.evaluation.metrics import Metrics, compute_metrics
from fashionlab.evaluation.robustness import Robustness
from fashionlab.images import PREPARATIONS, Preparation
from fashionlab.recipes import Recipe, TrainedNetwork, recorded
from fashionlab.runs import explanations, reading
from fashionlab.runs.layout import (
    EXAMPLES,
    EXPLANATION,
    HISTORY,
    LAYERS,
    METRICS,
    PREDICTIONS,
    PROTOCOL,
    ROBUSTNESS,
    WEIGHTS,
    resume_command,
    work_folder,
)
from fashionlab.runs.reading import border
from fashionlab.runs.records import Config, Environment, LayerFacts, Protocol
from fashionlab.runs.robustness import read_robustness

Array = NDArray[Any]


@dataclass(frozen=True)
class DataFacts:
    """The record of one split of a run's data."""

    name: str  # of the data set; "fashion-mnist" where the hash says so, and nowhere else
    sha256: str
    images: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", fashion_mnist.called(self.name, self.sha256))


def recorded_config(folder: Path) -> Config:
    """Return config.json of a run, finished or not; RunError where it cannot be read."""
    return cast("Config", reading.json_file(_place(folder) / "config.json", Config))


def recorded_environment(folder: Path) -> Environment:
    """Return environment.json of a run, finished or not; RunError where it cannot be read."""
    return cast("Environment", reading.json_file(_place(folder) / "environment.json", Environment))


def recorded_history(folder: Path) -> list[dict[str, float]]:
    """Return the epochs of a run so far, finished or not; none where it has not begun."""
    path = _place(folder) / HISTORY
    return reading.table(path, "epoch", "loss", "accuracy", "seconds") if path.exists() else []


def _place(folder: Path) -> Path:
    return folder if folder.exists() else work_folder(folder)


class Run:
    """A finished run folder. Raises RunError where a file is missing or damaged."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder = Path(folder)
        if not folder.exists() and (work := work_folder(folder)).exists():
            raise RunError(
                f"{folder} is not finished yet ({work} is there); let it end, or go on with: "
                + resume_command(folder)
            )
        self.config: Config = reading.json_file(folder / "config.json", Config)
        self.seed, self.parameters = self.config["seed"], self.config["parameters"]
        self.class_names = self.config["class_names"]  # (K,) in label order
        parts = self.config["data"]
        facts = {"train": parts["train"], "test": parts["test"]}
        if "validation" in parts:
            facts["validation"] = parts["validation"]
        self.data = {
            part: DataFacts(one["name"], one["sha256"], one["images"])
            for part, one in facts.items()
        }

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that it was trained by; RunError where this version does not know it."""
        try:
            return recorded(self.config["recipe"])
        except InvalidValueError as error:
            raise self._damaged("config.json", f"recipe: {error}") from error

    @cached_property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of every image: (H, W), or (H, W, 3) in colour."""
        shape: tuple[int, ...] = self.config["image_shape"]
        if shape[2:] not in ((), (3,)):
            raise self._damaged("config.json", f"image_shape has {shape[2]} channels, not 3")
        return shape

    @cached_property
    def preparation(self) -> Preparation:
        """How a picture becomes such an image; RunError for an unknown way."""
        value = self.config.get("preparation", "garment")  # the one way of older versions
        known = PREPARATIONS if len(self.image_shape) == 2 else ("fit",)
        if value not in known:
            raise self._damaged("config.json", f"preparation is {value!r:.40}")
        return cast("Preparation", value)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the run's facts, or the error of a damaged one."""
        from fashionlab.runs.shown import html

        return html(self)

    def _damaged(self, name: str, why: object) -> RunError:
        return RunError(f"{self.folder / name} cannot be read ({why}); give a finished run folder")

    def weights_sha256(self) -> str:
        """Return the SHA-256 of the file of weights, which is the same for the same weights."""
        with border(self.folder / WEIGHTS):
            content = files.read(self.folder / WEIGHTS, reading.LARGEST_ARRAYS)
            return hashlib.sha256(content).hexdigest()

    def weights_size(self) -> int:
        """Return the bytes of the file of weights."""
        with border(self.folder / WEIGHTS):
            return (self.folder / WEIGHTS).stat().st_size

    def weights(self) -> dict[str, Array]:
        """Return the trained weights by name, such as "layer.kernel"."""
        return reading.tensors(self.folder / WEIGHTS)

    def give_weights(self, model: Any) -> None:
        """Give a model of the run's recipe the trained weights; RunError where one is missing."""
        weights = self.weights()
        with border(self.folder / WEIGHTS):
            model.set_weights(
                [weights[f"{x.name}.{w.name}"] for x in model.layers for w in x.weights]
            )

    def network(self) -> TrainedNetwork:
        """Return the network with its weights, which its engine builds when it is first used."""
        return TrainedNetwork(self.recipe, self.weights(), self.image_shape, len(self.class_names))

    def environment(self) -> Environment:
        """Return the environment it was trained in."""
        return cast("Environment", reading.json_file(self.folder / "environment.json", Environment))

    def protocol(self) -> Protocol | None:
        """Return what it was trained on, and how often the test set was read.

        None for a run of an older version, which did not record it.
        """
        if not (self.folder / PROTOCOL).exists():
            return None
        value: Protocol = reading.json_file(self.folder / PROTOCOL, Protocol)
        if value["images_held_out"] and "validation_accuracy" not in value:
            raise self._damaged(PROTOCOL, "no validation_accuracy")
        return value

    def accuracy_without_copies(self) -> float | None:
        """Return the test accuracy without the images that are in the training set too.

        None where no other test image is left.
        """
        protocol = self.protocol()
        copied = {place for place, _ in protocol["test_copies"]} if protocol else set[int]()
        log_probabilities, labels = self.predictions()
        if not copied <= set(range(len(labels))):
            raise self._damaged(PROTOCOL, "test_copies are not in the test set")
        return accuracy_without(log_probabilities, labels, copied)

    def layers(self) -> list[LayerFacts]:
        """Return name, type, output shape and parameters of each layer."""
        return cast("list[LayerFacts]", reading.json_file(self.folder / LAYERS, list[LayerFacts]))

    def history(self) -> list[dict[str, float]]:
        """Return a row an epoch, one at least."""
        columns = ["epoch", "loss", "accuracy", "seconds"]
        if self.recipe.restore_best_weights:
            columns.append(self.recipe.monitor)
        rows = reading.table(self.folder / HISTORY, *columns)
        if [row["epoch"] for row in rows] != list(range(1, len(rows) + 1)) or not rows:
            raise self._damaged(HISTORY, "its epochs are not 1, 2, ...")
        return rows

    def training_figures(self) -> dict[str, float]:
        """Return epochs, the last one's loss and accuracy, and mean seconds of an epoch's steps."""
        history = self.history()
        return {
            "epochs": len(history),
            "loss": history[-1]["loss"],
            "accuracy": history[-1]["accuracy"],
            "seconds_an_epoch": sum(row["seconds"] for row in history) / len(history),
        }

    def predictions(self) -> tuple[Array, Array]:
        """Return log-probabilities (N, K) and labels (N,) of the test images."""
        path = self.folder / PREDICTIONS
        log_probabilities, labels = reading.arrays(path, "log_probabilities", "labels")
        if log_probabilities.shape != (len(labels), len(self.class_names)):
            raise self._damaged(
                PREDICTIONS, "not a column for each class of config.json, or a row for each label"
            )
        return log_probabilities, labels

    def metrics(self) -> Metrics:
        """Return the metrics, computed again from the stored predictions.

        Raises RunError also where the metrics that were written at the end of the run differ.
        """
        try:
            metrics = compute_metrics(*self.predictions())
        except InvalidValueError as error:
            raise self._damaged(PREDICTIONS, error) from error
        record = reading.json_file(self.folder / METRICS, dict[str, Any])
        if different := metrics.differences(record):
            raise RunError(
                f"{self.folder / METRICS} must follow from predictions.npz, but differs in "
                f"{', '.join(different)}; give a run folder as it was written"
            )
        return metrics

    def robustness(self) -> Robustness | None:
        """Return the accuracy under corruptions; None where it was not measured yet.

        Raises RunError also where other weights, test images or corruptions were measured.
        """
        path = self.folder / ROBUSTNESS
        if not path.exists():
            return None
        test = self.data["test"]
        return read_robustness(path, self.weights_sha256(), test.sha256, test.images)

    def examples(self) -> Examples:
        """Return the test images to show, chosen by `evaluation.examples.select_examples`."""
        images, indices = reading.arrays(self.folder / EXAMPLES, "images", "indices")
        log_probabilities, labels = self.predictions()
        fits = images.dtype == np.uint8 and images.shape == (
            len(indices),
            *self.image_shape,
        )
        places = indices.dtype.kind in "iu" and indices.ndim == 1
        if not (fits and places and ((indices >= 0) & (indices < len(labels))).all()):
            raise self._damaged(EXAMPLES, "not images with their indices")
        shown = log_probabilities[indices]
        return Examples(
            images, indices, labels[indices], shown.argmax(axis=1), np.exp(shown.max(axis=1))
        )

    def explanation(self) -> Explanation | None:
        """Return what was measured to explain its predictions; None where nothing was.

        Raises RunError where the record is damaged, or of other weights or another test set.
        """
        path = self.folder / EXPLANATION
        if not path.exists():
            return None
        train, test = self.data["train"], self.data["test"]
        return explanations.read_explanation(
            path,
            self.weights_sha256(),
            test.sha256,
            (train.images, test.images),
            len(self.class_names),
            self.image_shape,
        )

    def keep_explanation(self, explanation: Explanation) -> None:
        """Write what was measured into the folder, for `explanation`; raises OSError."""
        explanations.write_explanation(
            self.folder / EXPLANATION,
            explanation,
            self.weights_sha256(),
            self.data["test"].sha256,
        )
