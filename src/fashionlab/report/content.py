"""What the page says of each run, read from its folder; the template only lays it out."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from fashionlab.data import CLASS_NAMES
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.metrics import Metrics
from fashionlab.recipes import Recipe
from fashionlab.report import plots
from fashionlab.report.formatting import count, decimal, listing, percent, png_uri, svg_uri
from fashionlab.report.paper import REFERENCES, TEST_IMAGES_PER_CLASS, Reference
from fashionlab.runs import Run, standing

GENUINE = "fashion-mnist"  # the Dataset name that only files of the right hashes get
WATCHED = ("validation", "test")  # parts that a history may have beside training
MOST_CONFUSIONS = 3


class Picture(NamedTuple):
    """An image for the page: `uri` holds all of it."""

    uri: str
    alt: str


class Sample(NamedTuple):
    """A test image with its true and predicted class."""

    picture: Picture
    true: str
    predicted: str
    probability: float  # of the predicted class


class Confusion(NamedTuple):
    """How often one class was taken for another."""

    true: str
    predicted: str
    times: int
    of: int  # images of the true class


@dataclass(frozen=True)
class Part:
    """One of the two parts of a run's data."""

    name: str
    sha256: str
    images: int


class RunView:
    """A run as the page shows it. Raises RunError where its folder lacks what the page needs."""

    def __init__(self, run: Run, number: int) -> None:
        self.folder = run.folder
        self.anchor = f"run-{number}"
        self.metrics: Metrics = run.metrics()
        self.history = run.history()
        self.training = run.training_figures()
        self.layers = run.layers()
        self.environment = run.environment()
        self.seed: int = run.config["seed"]
        self.class_names = run.class_names
        self.parameters: int = run.config["parameters"]
        self.standing = standing(run)
        try:
            self.recipe = Recipe(**run.config["recipe"])
            self.train, self.test = (Part(**run.config["data"][k]) for k in ("train", "test"))
            self._require(self.layers, "name", "type", "output_shape", "parameters")
            self._require(self.history, "epoch", "loss", "accuracy")
            for part in self.watched:
                self._require(self.history, f"{part}_loss", f"{part}_accuracy")
        except (TypeError, KeyError, IndexError, InvalidValueError) as error:
            raise self._unfit(repr(error)) from error
        self._examples = run.examples()

    @staticmethod
    def _require(rows: Sequence[Mapping[str, Any]], *keys: str) -> None:
        for key in keys:
            _ = [row[key] for row in rows]

    def _unfit(self, why: object) -> RunError:
        return RunError(
            f"{self.folder} must hold all that a page shows, but does not ({why}); "
            "train it again with this version"
        )

    @property
    def name(self) -> str:
        """Recipe and seed, as headings and tables call the run."""
        return f"{self.recipe.name}, seed {self.seed}"

    @property
    def reference(self) -> Reference | None:
        """The report's figures for this recipe."""
        return REFERENCES.get(self.recipe.name)

    @property
    def reference_correct(self) -> tuple[int, ...] | None:
        """The report's counts by class, where this run has the same classes and images of each."""
        same = self.class_names == tuple(CLASS_NAMES) and set(self.metrics.support) == {
            TEST_IMAGES_PER_CLASS
        }
        return self.reference.correct if self.reference and same else None

    @property
    def genuine(self) -> bool:
        """Whether both parts are Fashion-MNIST itself."""
        return self.train.name == self.test.name == GENUINE

    @property
    def unit(self) -> str:
        """What an epoch is: one iteration where a batch is the whole training set."""
        return "iteration" if self.recipe.batch_size is None else "epoch"

    @property
    def watched(self) -> list[str]:
        """The parts beside training that were evaluated after every epoch."""
        return [part for part in WATCHED if f"{part}_accuracy" in self.history[0]]

    @property
    def images(self) -> int:
        """Test images: N."""
        return sum(self.metrics.support)

    @property
    def verdict(self) -> str:
        """Where the report's accuracy lies against this run's interval; empty without one."""
        printed = self.reference.test_accuracy if self.reference else None
        if printed is None:
            return ""
        low, high = self.metrics.accuracy_interval
        place = "below" if printed < low else "above" if printed > high else "within"
        return f"The report prints {percent(printed)}, which lies {place} this interval."

    @cached_property
    def curves(self) -> list[Picture]:
        """Loss and accuracy against epochs."""
        reference = self.reference
        theirs = (self.genuine and reference and reference.test_accuracy_by_epoch) or ()
        return [
            Picture(svg_uri(plots.loss_curves(self.history, self.unit)), self._course("loss")),
            Picture(
                svg_uri(plots.accuracy_curves(self.history, self.unit, theirs)),
                self._course("accuracy")
                + (" The report's test accuracy beside." if theirs else ""),
            ),
        ]

    def _course(self, quantity: str) -> str:
        show = decimal if quantity == "loss" else percent
        first, last = self.history[0], self.history[-1]
        courses = [
            f"{part or 'training'} from {show(first[column])} to {show(last[column])}"
            for part in ("", *self.watched)
            for column in [f"{part}_{quantity}".lstrip("_")]
        ]
        return (
            f"{quantity.capitalize()} after each {self.unit}, {first['epoch']:g} to "
            f"{last['epoch']:g}: {listing(courses)}."
        )

    @cached_property
    def matrix(self) -> Picture:
        """The confusion matrix."""
        svg = plots.confusion_heatmap(self.metrics.confusion, self.class_names)
        right = count(sum(self.metrics.correct))
        return Picture(
            svg_uri(svg),
            f"Confusion matrix of {len(self.class_names)} classes: {right} of "
            f"{count(self.images)} test images lie on the diagonal.",
        )

    @property
    def first_loss_note(self) -> str:
        """The loss before training beside the report's, where both are known."""
        theirs = self.reference and self.reference.loss_before_training
        if theirs is None or self.recipe.batch_size is not None:
            return ""
        # The one step of a full-batch epoch comes after its loss was measured.
        return (
            f"Before the first step the training loss was {self.history[0]['loss']:.2f}; "
            f"the report gives {theirs:.2f}."
        )

    @property
    def confusions(self) -> list[Confusion]:
        """The most frequent ones, by count and then in class order."""
        names, support = self.class_names, self.metrics.support
        found = [
            Confusion(names[i], names[j], times, support[i])
            for i, row in enumerate(self.metrics.confusion)
            for j, times in enumerate(row)
            if i != j and times
        ]
        return sorted(found, key=lambda confusion: -confusion.times)[:MOST_CONFUSIONS]

    @cached_property
    def samples(self) -> tuple[list[Sample], list[Sample]]:
        """(right, wrong) test images, in class order."""
        right: list[Sample] = []
        wrong: list[Sample] = []
        shown = self._examples
        for m in np.argsort(shown.labels, kind="stable"):
            true, decided = self.class_names[shown.labels[m]], self.class_names[shown.predicted[m]]
            alt = f"Test image {shown.indices[m]}: {true}, predicted {decided}"
            sample = Sample(
                Picture(png_uri(shown.images[m]), alt), true, decided, float(shown.probability[m])
            )
            (right if shown.labels[m] == shown.predicted[m] else wrong).append(sample)
        return right, wrong

    @property
    def command(self) -> str:
        """The command line that trained it."""
        return shlex.join(map(str, self.environment.get("command", [])))

    @property
    def evaluation(self) -> str:
        """The command line that computes its figures anew."""
        return f"fashionlab evaluate {shlex.quote(str(self.folder))}"


def by_classes(views: Sequence[RunView]) -> list[list[RunView]]:
    """The runs, grouped by classes and images of each: one table cannot hold different ones."""
    groups: dict[object, list[RunView]] = {}
    for view in views:
        groups.setdefault((view.class_names, view.metrics.support), []).append(view)
    return list(groups.values())


def by_environment(views: Sequence[RunView]) -> list[tuple[list[RunView], dict[str, str]]]:
    """The runs of each environment, and its facts; the command line is each run's own."""
    groups: dict[object, tuple[list[RunView], dict[str, str]]] = {}
    for view in views:
        facts = _facts(view.environment)
        groups.setdefault(tuple(facts.items()), ([], facts))[0].append(view)
    return list(groups.values())


def _facts(environment: dict[str, Any]) -> dict[str, str]:
    versions = environment.get("versions") or {}
    threads = environment.get("threads") or {}
    memory = environment.get("memory_gib")
    commit, plus, changes = (environment.get("commit") or "").partition("+")
    facts = {
        "Processor": environment.get("cpu"),
        "Cores in use": environment.get("cpus"),
        "Memory": memory and f"{memory} GiB",
        "System": environment.get("system"),
        "Python": environment.get("python"),
        "Packages": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "BLAS": environment.get("blas"),
        "Threads": ", ".join(f"{name}={number}" for name, number in threads.items()),
        "Keras backend": environment.get("keras_backend"),
        "Commit": commit[:12] + plus + changes,
    }
    return {name: str(fact) for name, fact in facts.items() if fact}
