"""What the page shows of selective prediction: accuracy against coverage, outlier score, sets."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from fashionlab.evaluation.selective import (
    ACCURACIES,
    COVERAGES,
    Answered,
    SelectiveCurve,
    selective_curve,
)
from fashionlab.portable.measured import Measured, MeasuredSets, measured
from fashionlab.portable.metadata import OutlierTest
from fashionlab.report import selective_plots as plots
from fashionlab.report.formatting import Picture, decimal, listing, percent, svg_uri
from fashionlab.runs import Run


class Level(NamedTuple):
    """The sets of one level: the plain ones, and those that promise it for each class."""

    level: float
    plain: MeasuredSets
    by_class: MeasuredSets


class SelectiveView:
    """The section of one run. Raises RunError where its predictions cannot be read."""

    def __init__(self, run: Run) -> None:
        self._curve: SelectiveCurve = selective_curve(*run.predictions())
        self._measured: Measured = measured(run)
        self.class_names = run.class_names
        self.area: float = self._curve.area
        self.all: Answered = self._curve.at_coverage(1)
        self.outliers: OutlierTest | None = self._measured.outliers
        self.accepted: float | None = self._measured.accepted
        self.remark = self._measured.remark[:1].upper() + self._measured.remark[1:]

    @property
    def rows(self) -> list[tuple[str, Answered | None]]:
        """What the images of a row were chosen by, and these images; None where there are none."""
        found: list[tuple[str, Answered | None]] = [("All images", self.all)]
        found += [
            (f"Coverage {percent(share, 0)}", self._curve.at_coverage(share))
            for share in reversed(COVERAGES)
        ]
        return found + [
            (f"Accuracy {percent(share, 0)}", self._curve.at_accuracy(share))
            for share in ACCURACIES
        ]

    @cached_property
    def curve(self) -> Picture:
        """The accuracy against coverage."""
        marks = [self._curve.at_coverage(share) for share in COVERAGES]
        said = [f"{percent(x.accuracy)} at {percent(x.coverage, 1)}" for x in (self.all, *marks)]
        return Picture(
            svg_uri(plots.accuracy_against_coverage(self._curve, marks)),
            f"Accuracy by the share of images that are answered: {listing(said)}.",
        )

    @cached_property
    def receiver(self) -> Picture | None:
        """The receiver curves of the outlier score; None without drawn pictures."""
        if self.outliers is None or self.accepted is None or not self.outliers.drawn:
            return None
        said = [f"{one.kind} {decimal(one.area)}" for one in self.outliers.drawn]
        return Picture(
            svg_uri(plots.receiver_curves(self.outliers, self.accepted)),
            f"Receiver curves of the outlier score, area by kind of pictures: {listing(said)}.",
        )

    @property
    def levels(self) -> list[Level]:
        """The prediction sets by level."""
        sets: Sequence[MeasuredSets] = self._measured.sets
        return [
            Level(plain.level, plain, by_class)
            for plain, by_class in zip(sets[::2], sets[1::2], strict=True)
        ]
