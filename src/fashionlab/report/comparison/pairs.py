"""PairView: a recipe next to the reference, class by class and image by image."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fashionlab.evaluation.comparison import Correct, Difference, recall_differences
from fashionlab.report.charts.intervals import Dot, dot_chart
from fashionlab.report.comparison.compare import Compared, Comparison
from fashionlab.report.comparison.groups import Member
from fashionlab.report.comparison.verdict import apart
from fashionlab.report.formatting import (
    count,
    listing,
    p_value,
    points,
    points_interval,
    probability,
    shortened,
)
from fashionlab.report.run.pictures import TestImages

MOST_PAIRS = 6  # recipes next to the reference with charts and pictures, the most accurate first
MOST_CLASSES = 30  # in a chart
SHOWN = 14  # images that only one gets right


class ClassRow(NamedTuple):
    """A class, its test images, and the difference of recall on them; None without an image."""

    name: str
    images: int
    difference: Difference | None


class OnlyOne(NamedTuple):
    """A test image that all runs of one side classify correctly, and none of the other's does."""

    picture: Markup | None
    place: int  # among the test images
    right: str  # the true class
    right_probability: float  # of it, the mean over the runs that are right
    wrong: str  # the other side's most probable class
    wrong_probability: float


class Gallery(NamedTuple):
    """The images that only one side gets right, the surest first."""

    heading: str
    right_name: str
    wrong_name: str
    images: int  # all of them
    shown: list[OnlyOne]


class PairView:
    """A recipe next to the reference; with several seeds, those that both have."""

    def __init__(self, row: Compared, test: TestImages, number: int) -> None:
        self.name, self.reference = row.name, row.reference
        self.anchor = f"pair-{number}"
        self._row, self._test = row, test
        self._ours, self._theirs = (list(side) for side in zip(*row.pairs, strict=True))
        self._correct = _stacked(self._ours), _stacked(self._theirs)  # (S, N) each

    @property
    def sentence(self) -> str:
        """The difference of accuracy, in words."""
        one = self._row.difference
        said = (
            "It is significantly more accurate"
            if one.is_better
            else "It is significantly less accurate"
            if one.is_worse
            else "No difference of accuracy is shown"
        )
        return f"{said}: {apart(self._row.difference)}."

    @cached_property
    def classes(self) -> list[ClassRow]:
        """The difference of each class's recall."""
        labels, names = self._test.labels, self._test.class_names
        images = min(member.train_images for member in (*self._ours, *self._theirs))
        found = recall_differences(*self._correct, labels, len(names), max(1, images))
        sizes = np.bincount(labels, minlength=len(names)).tolist()
        return [ClassRow(*one) for one in zip(names, sizes, found, strict=True)]

    @property
    def class_sentence(self) -> str:
        """The classes whose recall differs significantly."""
        better = [one for one in self.classes if one.difference and one.difference.is_better]
        worse = [one for one in self.classes if one.difference and one.difference.is_worse]
        if not better and not worse:
            return "The recall of no class is shown to differ."
        parts = [
            f"{verb} recall of {_named(some)}"
            for verb, some in (("higher", better), ("lower", worse))
            if some
        ]
        return f"Significantly {listing(parts)}."

    @property
    def class_chart(self) -> Markup | None:
        """The differences of recall with their intervals, the largest ones of many classes."""
        known = [(one, one.difference) for one in self.classes if one.difference]
        if len(known) > MOST_CLASSES:
            order = sorted(range(len(known)), key=lambda k: -abs(known[k][1].value))
            known = [known[k] for k in sorted(order[:MOST_CLASSES])]
        dots = [
            Dot(
                one.name,
                apart.value,
                apart.interval,
                f"{one.name}: {points(apart.value)} ({points_interval(apart.interval)}) on "
                f"{count(one.images)} images, {p_value(apart.adjusted_p)}"
                f"{', significant' if apart.is_better or apart.is_worse else ''}",
                apart.is_better or apart.is_worse,
            )
            for one, apart in known
        ]
        said = "; ".join(dot.words for dot in dots)
        return dot_chart(
            dots,
            f"{self.anchor}-classes",
            f"Recall of {self.name} less that of {self.reference} by class: {said}.",
            label="Difference of recall",
            reference=0,
            reference_name="equal",
            is_share=False,
        )

    @property
    def is_shortened(self) -> bool:
        """Whether the chart has only the largest differences."""
        return sum(one.difference is not None for one in self.classes) > MOST_CLASSES

    @cached_property
    def counts(self) -> list[tuple[str, int]]:
        """The test images by who is right in every run of both."""
        ours, theirs = (correct.all(axis=0) for correct in self._correct)  # (N,) each
        neither = ~self._correct[0].any(axis=0) & ~self._correct[1].any(axis=0)
        only_ours, only_theirs = self._only(0), self._only(1)
        numbers = [int(x.sum()) for x in (ours & theirs, only_ours, only_theirs, neither)]
        rest = len(self._test.labels) - sum(numbers)
        names = ["Both right", f"Only {_short(self.name)}", f"Only {_short(self.reference)}"]
        found = list(zip([*names, "Neither"], numbers, strict=True))
        return [*found, ("Not the same in all seeds", rest)] if len(self._ours) > 1 else found

    def _only(self, side: int) -> NDArray[np.bool_]:
        """Return whether all runs of a side, and none of the other's, are right (N,)."""
        right = self._correct[side].all(axis=0) & ~self._correct[1 - side].any(axis=0)
        return np.asarray(right)

    @cached_property
    def galleries(self) -> list[Gallery]:
        """The images that only one side gets right, of either side."""
        sides = (self._ours, self._theirs)
        names = (self.name, self.reference)
        return [
            self._gallery(self._only(i), names[i], names[1 - i], sides[i], sides[1 - i])
            for i in (0, 1)
        ]

    def _gallery(
        self,
        only: NDArray[np.bool_],
        right_name: str,
        wrong_name: str,
        right: Sequence[Member],
        wrong: Sequence[Member],
    ) -> Gallery:
        places = np.flatnonzero(only)  # (M,)
        true = self._test.labels[places]  # (M,)
        rows = np.arange(len(places))
        ours, theirs = _mean(right, places), _mean(wrong, places)  # (M, K) each
        theirs[rows, true] = -1  # of the mean over wrong runs the true class can be the largest
        order = np.argsort(-ours[rows, true], kind="stable")[:SHOWN]
        shown = []
        for m in order.tolist():
            index, label = int(places[m]), int(true[m])
            other = int(theirs[m].argmax())
            names = self._test.class_names[label], self._test.class_names[other]
            shares = float(ours[m, label]), float(theirs[m, other])
            said = [
                f"{name}, {probability(share)} by {_short(who)}"
                for name, share, who in zip(names, shares, (right_name, wrong_name), strict=True)
            ]
            words = f"{self._test.title(index)}: {'; '.join(said)}"
            picture = None
            if self._test.has(index):
                picture = self._test.sheet.html(self._test.number(index), words)
            shown.append(OnlyOne(picture, index, names[0], shares[0], names[1], shares[1]))
        return Gallery(f"Only {right_name} is right", right_name, wrong_name, len(places), shown)


def pair_views(comparison: Comparison, test: TestImages) -> list[PairView]:
    """Return the recipes next to the reference, MOST_PAIRS at most, one run of each."""
    first: dict[int, Compared] = {}
    for row in comparison.rows:
        first.setdefault(row.group.number, row)
    return [PairView(row, test, i) for i, row in enumerate([*first.values()][:MOST_PAIRS])]


def _stacked(members: Sequence[Member]) -> Correct:
    return np.stack([member.correct for member in members])


def _mean(members: Sequence[Member], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the mean probabilities of some images over the runs (M, K)."""
    return np.asarray(np.mean([member.probabilities[places] for member in members], axis=0))


def _named(some: Sequence[ClassRow]) -> str:
    shown = [
        f"{shortened(one.name)} ({points(one.difference.value)})" for one in some if one.difference
    ]
    return listing(shown if len(shown) <= 6 else [*shown[:5], f"{len(shown) - 5} more"])


def _short(name: str) -> str:
    return shortened(name, 40)
