"""CoverageView: accuracy against coverage, outlier score and prediction sets of a run."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from fashionlab.evaluation.selective import (
    ACCURACIES,
    COVERAGES,
    Answered,
    SelectiveCurve,
    selective_curve,
)
from fashionlab.portable.measured import Measured, MeasuredSets
from fashionlab.portable.metadata import OutlierTest
from fashionlab.report.charts import coverage as charts
from fashionlab.report.formatting import decimal, listing, percent
from fashionlab.runs import Run


class Level(NamedTuple):
    """The sets of one level: the plain ones, and those that promise it for each class."""

    level: float
    plain: MeasuredSets
    by_class: MeasuredSets


class CoverageView:
    """The section of one run. Raises RunError where its predictions cannot be read."""

    def __init__(self, run: Run, measured: Measured) -> None:
        self._curve: SelectiveCurve = selective_curve(*run.predictions())
        self._measured = measured
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

    @property
    def sentence(self) -> str:
        """What abstaining gains, in words."""
        share = COVERAGES[0]
        some = self._curve.at_coverage(share)
        return (
            f"Where it answers only the surest {percent(some.coverage, 0)} of the images, "
            f"{percent(some.accuracy, 1)} of the answers are correct."
        )

    def curve(self) -> Markup:
        """The accuracy against coverage."""
        marks = [self._curve.at_coverage(share) for share in COVERAGES]
        said = [f"{percent(x.accuracy)} at {percent(x.coverage, 1)}" for x in (self.all, *marks)]
        alt = f"Accuracy by the share of images that are answered: {listing(said)}."
        return charts.accuracy_against_coverage(self._curve, marks, "coverage", alt)

    def receiver(self) -> Markup | None:
        """The receiver curves of the outlier score; None without drawn pictures."""
        if self.outliers is None or self.accepted is None or not self.outliers.drawn:
            return None
        said = [f"{one.kind} {decimal(one.area)}" for one in self.outliers.drawn]
        alt = f"Receiver curves of the outlier score, area by kind of pictures: {listing(said)}."
        return charts.receiver_curves(self.outliers, self.accepted, "receiver", alt)

    @staticmethod
    def line_of(number: int) -> Markup:
        """Return a piece of the receiver curve of a kind of pictures, for its row of the table."""
        return charts.line_of(number)

    @property
    def levels(self) -> list[Level]:
        """The prediction sets by level."""
        sets: Sequence[MeasuredSets] = self._measured.sets
        return [
            Level(plain.level, plain, by_class)
            for plain, by_class in zip(sets[::2], sets[1::2], strict=True)
        ]
