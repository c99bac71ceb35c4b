"""What the page shows of each run, read from its folder; the template only lays it out."""

import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fashionlab.data.fashion_mnist import CLASS_NAMES, SHA256
from fashionlab.errors import RunError
from fashionlab.evaluation.metrics import Metrics
from fashionlab.report import plots
from fashionlab.report.formatting import (
    SHOWN_SIDE,
    Picture,
    count,
    decimal,
    listing,
    percent,
    png_uri,
    svg_uri,
)
from fashionlab.report.paper import PAPER_RESULTS, TEST_IMAGES_PER_CLASS, PaperResult
from fashionlab.report.selective import SelectiveView
from fashionlab.runs import Environment, Run, standing

MONITORED = ("validation", "test")  # splits that a history may have besides training
CONFUSIONS = 3  # classes of error that are named


class Sample(NamedTuple):
    """A test image with its true and predicted class."""

    picture: Picture
    true: str
    predicted: str
    probability: float  # of the predicted class
    is_enlarged: bool  # on the page, where its pixels are then to be seen


class Confusion(NamedTuple):
    """How often one class was predicted as another."""

    true: str
    predicted: str
    times: int
    of: int  # images of the true class


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
        self.seed: int = run.seed
        self.class_names = run.class_names
        self.image_shape = run.image_shape
        self.parameters: int = run.parameters
        self.protocol = standing(run)
        self.recipe = run.recipe
        self.train, self.test = run.data["train"], run.data["test"]
        self.validation = run.data.get("validation")  # where the data have one of their own
        for split in self.monitored:
            if f"{split}_loss" not in self.history[0]:
                raise RunError(
                    f"{self.folder} must hold all that a page shows; its history has no "
                    f"{split}_loss; train it again with this version"
                )
        self._examples = run.examples()
        self.selective = SelectiveView(run)

    @property
    def name(self) -> str:
        """The recipe and the seed, for headings and tables."""
        return f"{self.recipe.name}, seed {self.seed}"

    @property
    def paper(self) -> PaperResult | None:
        """The course report's results for this recipe."""
        return PAPER_RESULTS.get(self.recipe.name)

    @property
    def paper_correct(self) -> tuple[int, ...] | None:
        """The course report's counts by class, if this run has its data, classes and counts."""
        theirs = CLASS_NAMES, {TEST_IMAGES_PER_CLASS}
        same = (self.class_names, set(self.metrics.support)) == theirs
        return self.paper.correct if self.paper and self.genuine and same else None

    @property
    def genuine(self) -> bool:
        """Whether both splits are Fashion-MNIST itself."""
        return {"train": self.train.sha256, "test": self.test.sha256} == SHA256

    @property
    def unit(self) -> str:
        """The word for an epoch: "iteration" where a batch is the whole training set."""
        return "iteration" if self.recipe.batch_size is None else "epoch"

    @property
    def monitored(self) -> list[str]:
        """The splits besides training that were evaluated after every epoch."""
        return [split for split in MONITORED if f"{split}_accuracy" in self.history[0]]

    @property
    def images(self) -> int:
        """The number of test images, N."""
        return sum(self.metrics.support)

    @property
    def verdict(self) -> str:
        """A sentence on the course report's accuracy and this run's interval, or ""."""
        printed = self.paper.test_accuracy if self.paper else None
        if printed is None:
            return ""
        low, high = self.metrics.accuracy_interval
        place = "below" if printed < low else "above" if printed > high else "within"
        return f"The course report gives {percent(printed)}, which lies {place} this interval."

    @cached_property
    def curves(self) -> list[Picture]:
        """The curves of loss and accuracy by epoch."""
        theirs = (self.genuine and self.paper and self.paper.test_accuracy_by_epoch) or ()
        return [
            Picture(svg_uri(plots.loss_curves(self.history, self.unit)), self._described("loss")),
            Picture(
                svg_uri(plots.accuracy_curves(self.history, self.unit, theirs)),
                self._described("accuracy")
                + (" Dotted: the course report's test accuracy." if theirs else ""),
            ),
        ]

    def _described(self, quantity: str) -> str:
        show = decimal if quantity == "loss" else percent
        first, last = self.history[0], self.history[-1]
        ranges = [
            f"{split or 'training'} from {show(first[column])} to {show(last[column])}"
            for split in ("", *self.monitored)
            for column in [f"{split}_{quantity}".lstrip("_")]
        ]
        return (
            f"{quantity.capitalize()} after each {self.unit}, {first['epoch']:g} to "
            f"{last['epoch']:g}: {listing(ranges)}."
        )

    @cached_property
    def matrix(self) -> Picture:
        """The confusion matrix."""
        svg = plots.confusion_heatmap(self.metrics.confusion, self.class_names)
        correct = count(sum(self.metrics.correct))
        return Picture(
            svg_uri(svg),
            f"Confusion matrix of {len(self.class_names)} classes: {correct} of "
            f"{count(self.images)} test images lie on the diagonal.",
        )

    @property
    def first_loss_note(self) -> str:
        """A sentence on the loss before training, here and in the course report, or ""."""
        theirs = self.paper and self.paper.loss_before_training
        if theirs is None or self.recipe.batch_size is not None:
            return ""
        # The one step of a full-batch epoch comes after its loss was measured.
        return (
            f"Before the first step the training loss was {self.history[0]['loss']:.2f}; "
            f"the course report gives {theirs:.2f}."
        )

    @property
    def confusions(self) -> list[Confusion]:
        """The most frequent confusions, by count and then in class order."""
        names, support = self.class_names, self.metrics.support
        found = [
            Confusion(names[i], names[j], times, support[i])
            for i, row in enumerate(self.metrics.confusion)
            for j, times in enumerate(row)
            if i != j and times
        ]
        return sorted(found, key=lambda confusion: -confusion.times)[:CONFUSIONS]

    @cached_property
    def samples(self) -> tuple[list[Sample], list[Sample]]:
        """The (correct, wrong) sample images, in class order."""
        correct: list[Sample] = []
        wrong: list[Sample] = []
        shown = self._examples
        for m in np.argsort(shown.labels, kind="stable"):
            true, predicted = (self.class_names[k[m]] for k in (shown.labels, shown.predicted))
            alt = f"Test image {shown.indices[m]}: {true}, predicted {predicted}"
            sample = Sample(
                Picture(png_uri(shown.images[m]), alt),
                true,
                predicted,
                float(shown.probability[m]),
                is_enlarged=max(self.image_shape[:2]) <= SHOWN_SIDE,
            )
            (correct if shown.labels[m] == shown.predicted[m] else wrong).append(sample)
        return correct, wrong

    @property
    def command(self) -> str:
        """The command line that trained it."""
        return shlex.join(map(str, self.environment.get("command", [])))

    @property
    def evaluation(self) -> str:
        """The command line that computes its metrics again."""
        return f"fashionlab evaluate {shlex.quote(str(self.folder))}"


def by_classes(views: Sequence[RunView]) -> list[list[RunView]]:
    """Group runs of the same classes and numbers of images, which one table can hold."""
    groups: dict[object, list[RunView]] = {}
    for view in views:
        groups.setdefault((view.class_names, view.metrics.support), []).append(view)
    return list(groups.values())


def by_environment(views: Sequence[RunView]) -> list[tuple[list[RunView], dict[str, str]]]:
    """Group the runs by environment, each with its facts but the command line."""
    groups: dict[object, tuple[list[RunView], dict[str, str]]] = {}
    for view in views:
        facts = _facts(view.environment)
        groups.setdefault(tuple(facts.items()), ([], facts))[0].append(view)
    return list(groups.values())


def _form(scratch: Mapping[str, object]) -> str | None:
    """Say in which form the network from scratch was trained."""
    if scratch.get("form") == "compiled":
        return f"in C, {scratch.get('instructions')}, {scratch.get('threads')} threads"
    return f"in NumPy ({scratch.get('reason')})" if scratch else None


def _facts(environment: Environment) -> dict[str, str]:
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
        "Network from scratch": _form(environment.get("scratch") or {}),
        "Commit": commit[:12] + plus + changes,
    }
    return {name: str(fact) for name, fact in facts.items() if fact}
