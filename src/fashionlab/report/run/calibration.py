"""CalibrationView: whether probabilities can be taken at their word."""

from typing import NamedTuple

from markupsafe import Markup

from fashionlab.evaluation.calibration import (
    Bin,
    brier_score,
    expected_calibration_error,
    maximum_calibration_error,
    reliability,
    tempered,
)
from fashionlab.evaluation.metrics import LogProbabilities, compute_metrics
from fashionlab.portable.metadata import Metadata
from fashionlab.report.charts.intervals import reliability_diagram
from fashionlab.report.formatting import count, percent
from fashionlab.report.run.pictures import TestImages

CLOSE = 0.02  # expected calibration error up to which probabilities are called well calibrated


class Errors(NamedTuple):
    """A row of the table: how far probabilities are from the shares of correct answers."""

    name: str
    expected: float
    maximum: float
    brier: float
    log_loss: float
    bins: tuple[Bin, ...]


class CalibrationView:
    """The calibration of a run as it is, and with the temperature of its portable model."""

    def __init__(self, test: TestImages, metadata: Metadata | None) -> None:
        self.temperature = metadata.temperature if metadata and metadata.calibrated_on else None
        self.calibrated_on = metadata.calibrated_on if metadata else ""
        lp = test.log_probabilities
        self.rows = [_errors("The run's probabilities", lp, test)]
        if self.temperature is not None:
            name = f"Temperature {self.temperature:.3f}"
            self.rows.append(_errors(name, tempered(lp, self.temperature), test))

    @property
    def shown(self) -> Errors:
        """The last row, of the probabilities that are answered: what the diagram shows."""
        return self.rows[-1]

    @property
    def sentence(self) -> str:
        """Whether the answered probabilities can be taken at their word."""
        bins = [one for one in self.shown.bins if one.images]
        confidence = sum(one.images * (one.confidence or 0) for one in bins)
        correct = sum(one.correct for one in bins)
        images = sum(one.images for one in bins)
        error = f"expected calibration error {percent(self.shown.expected, 1)}"
        if self.shown.expected <= CLOSE:
            return f"Its probabilities can be taken at their word: {error}."
        which = "too sure" if confidence > correct else "less sure than it could be"
        return (
            f"It is {which}: its probabilities are {percent(confidence / images, 1)} on average, "
            f"and {percent(correct / images, 1)} of the images are correct ({error})."
        )

    def diagram(self) -> Markup:
        """The reliability diagram."""
        said = "; ".join(
            f"{percent(one.confidence, 0)} predicted, {percent(one.accuracy, 0)} correct of "
            f"{count(one.images)}"
            for one in self.shown.bins
            if one.images
        )
        alt = f"Reliability diagram of {self.shown.name.lower()}, by bin of probability: {said}."
        return reliability_diagram(self.shown.bins, "reliability", alt)


def _errors(name: str, lp: LogProbabilities, test: TestImages) -> Errors:
    return Errors(
        name,
        expected_calibration_error(lp, test.labels),
        maximum_calibration_error(lp, test.labels),
        brier_score(lp, test.labels),
        compute_metrics(lp, test.labels).log_loss,
        reliability(lp, test.labels),
    )
