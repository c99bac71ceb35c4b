"""Group: runs of one recipe and training data, which differ by their seed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

import numpy as np

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.comparison import Correct, accuracy_interval
from fashionlab.evaluation.intervals import mean_std
from fashionlab.report.formatting import DASH, shortened
from fashionlab.report.view import RunView, recipe_facts
from fashionlab.runs import Run

NAMED = 3  # settings in a group's name that tell it from another of the same recipe's name
VALUE = 24  # characters of such a setting


class Member:
    """A run that is compared, and what it predicts for the N test images."""

    def __init__(self, run: Run) -> None:
        self.view = RunView(run)
        log_probabilities, self.labels = run.predictions()  # (N, K), (N,)
        self.probabilities = np.exp(log_probabilities, dtype=np.float64)  # (N, K)
        self.correct = np.asarray(log_probabilities.argmax(axis=1) == self.labels)  # (N,)

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.view.seed

    @property
    def train_images(self) -> int:
        """The number of images that it was trained on."""
        protocol = self.view.run.protocol()
        return protocol["images_trained_on"] if protocol else self.view.train.images

    @cached_property
    def settings(self) -> dict[str, str]:
        """All that decides the run but its seed, by name, as text."""
        left_out = self.view.run.config.get("without")
        return {
            **recipe_facts(self.view),
            "training data": f"{self.view.train.name} {self.view.train.sha256[:8]}",
            "left out": f"{left_out['images']} suspects" if left_out else DASH,
        }

    @property
    def key(self) -> str:
        """A text that is the same for the same recipe and training data."""
        run = self.view.run
        settings = [asdict(run.recipe), run.data["train"].sha256, run.config.get("without")]
        return json.dumps(_plain(settings), sort_keys=True)


def _plain(value: Any) -> Any:
    """Return equal values for equal settings: 0 and 0.0 are one in JSON too."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@dataclass(frozen=True)
class Group:
    """Runs of one recipe and training data, by rising seed, each seed once."""

    name: str  # which no other group has
    members: tuple[Member, ...]
    number: int  # from 0 among all groups, for its colour

    @property
    def view(self) -> RunView:
        """The first run, for what is the same in all."""
        return self.members[0].view

    @property
    def seeds(self) -> list[int]:
        """The seeds of the runs."""
        return [member.seed for member in self.members]

    @cached_property
    def correct(self) -> Correct:
        """Whether each run classifies each image correctly (R, N)."""
        return np.stack([member.correct for member in self.members])

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy of each run."""
        return [member.view.metrics.accuracy for member in self.members]

    @property
    def accuracy(self) -> float:
        """The mean test accuracy of the runs."""
        return fmean(self.accuracies)

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation of the accuracy over the seeds; None for one run."""
        return mean_std(self.accuracies)[1] if len(self.members) > 1 else None

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95 % interval: Wilson's for one run, of the mean over seeds for more."""
        return accuracy_interval(self.correct)

    @property
    def recall(self) -> list[float]:
        """The mean recall of each class over the runs (K,); 0 for one without an image."""
        by_run = [member.view.metrics.recall for member in self.members]
        return [fmean(recalls) for recalls in zip(*by_run, strict=True)]

    @property
    def log_loss(self) -> float:
        """The mean log loss of the runs."""
        return fmean(member.view.metrics.log_loss for member in self.members)

    @property
    def seconds(self) -> float:
        """The mean seconds of training, without evaluation."""
        return fmean(member.view.seconds for member in self.members)

    @property
    def size(self) -> float:
        """The mean bytes of the file of weights."""
        return fmean(member.view.size for member in self.members)

    def to_json(self) -> dict[str, object]:
        """Return the numbers and names as JSON has them."""
        low, high = self.interval
        return {
            "name": self.name,
            "recipe": self.view.recipe.name,
            "runs": [
                {
                    "folder": str(member.view.folder),
                    "seed": member.seed,
                    "accuracy": member.view.metrics.accuracy,
                    "accuracy_interval": list(member.view.metrics.accuracy_interval),
                    "log_loss": member.view.metrics.log_loss,
                    "training_seconds": member.view.seconds,
                    "weights_sha256": member.view.run.weights_sha256(),
                }
                for member in self.members
            ],
            "accuracy": self.accuracy,
            "standard_deviation": self.deviation,
            "accuracy_interval": [low, high],
            "log_loss": self.log_loss,
            "recall": self.recall,
            "training_seconds": self.seconds,
            "parameters": self.view.parameters,
            "weights_bytes": self.size,
        }


def require_comparable(members: Sequence[Member]) -> None:
    """Raise InvalidValueError where runs have other classes or test images than the first."""
    first = members[0]
    for other in members[1:]:
        if different := _different(first, other):
            raise InvalidValueError(
                "runs that are compared must have the same classes and test images; received "
                f"{first.view.folder} and {other.view.folder}, which differ in {different}; "
                "compare runs of one data set"
            )


def _different(one: Member, other: Member) -> str:
    a, b = one.view, other.view
    if len(a.class_names) != len(b.class_names):
        return f"classes: {len(a.class_names)} and {len(b.class_names)}"
    for k, names in enumerate(zip(a.class_names, b.class_names, strict=True)):
        if names[0] != names[1]:
            return f"class {k}: {names[0]!r:.60} and {names[1]!r:.60}"
    if a.test.sha256 != b.test.sha256:
        return (
            f"test images: {a.test.name:.60} with SHA-256 {a.test.sha256[:12]}... and "
            f"{b.test.name:.60} with {b.test.sha256[:12]}..."
        )
    if not np.array_equal(one.labels, other.labels):
        return "the labels of the test images that are stored with their predictions"
    return ""


def grouped(members: Sequence[Member], alone: Member | None = None) -> list[Group]:
    """Return the groups, the most accurate first; the run `alone` is a group of its own.

    A seed that a recipe has twice, as of a repeated training, begins another group.
    """
    sets: dict[tuple[str, bool, int], list[Member]] = {}
    for member in members:
        copy = 0
        while any(m.seed == member.seed for m in sets.get((member.key, member is alone, copy), [])):
            copy += 1
        sets.setdefault((member.key, member is alone, copy), []).append(member)
    groups = [
        Group("", tuple(sorted(some, key=lambda member: member.seed)), 0) for some in sets.values()
    ]
    groups.sort(key=lambda group: -group.accuracy)
    names = _names([group.members for group in groups], alone)
    return [Group(names[i], group.members, i) for i, group in enumerate(groups)]


def _names(sets: Sequence[tuple[Member, ...]], alone: Member | None) -> list[str]:
    """Return a name for each group: the recipe's, and what tells it from others of that name."""
    recipes = [some[0].view.recipe.name for some in sets]
    names = []
    for some, recipe in zip(sets, recipes, strict=True):
        same = [other for other, name in zip(sets, recipes, strict=True) if name == recipe]
        own = _distinctions(some[0].settings, [other[0].settings for other in same])
        own = ["reference"] if some[0] is alone else own
        names.append(f"{recipe} ({', '.join(own)})" if own else recipe)
    return [
        f"{name} in {_where(some)}" if names.count(name) > 1 else name
        for name, some in zip(names, sets, strict=True)
    ]


def _where(some: Sequence[Member]) -> str:
    more = f" and {len(some) - 1} more" if len(some) > 1 else ""
    return f"{some[0].view.folder}{more}"


def _distinctions(own: Mapping[str, str], all_of_them: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the settings that are not the same in all, at most NAMED of them."""
    fields = dict.fromkeys(field for settings in all_of_them for field in settings)
    differing = [
        field
        for field in fields
        if len({settings.get(field, DASH) for settings in all_of_them}) > 1
    ]
    shown = [
        f"{field.removeprefix('model ')} {shortened(own.get(field, DASH), VALUE)}"
        for field in differing[:NAMED]
    ]
    return shown + ["…"] * (len(differing) > NAMED)
