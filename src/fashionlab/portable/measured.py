"""measured: what a run's portable model promises, and how far the run's test images bear it out.

The model file is read, never run: the prediction sets follow from the run's stored predictions.
"""

from dataclasses import dataclass

import numpy as np

from fashionlab.errors import ModelError
from fashionlab.evaluation.calibration import tempered
from fashionlab.evaluation.conformal import Coverage, coverage, limits, members
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.metrics import Labels, LogProbabilities
from fashionlab.portable.metadata import Metadata, OutlierTest
from fashionlab.portable.own_model import export_command, own_model
from fashionlab.runs import Run


@dataclass(frozen=True)
class MeasuredSets:
    """The prediction sets of one level, on the test images."""

    level: float  # the promised coverage
    by_class: bool  # whether it is promised for each class
    found: Coverage
    interval: tuple[float, float]  # of the coverage, 95 %, Wilson

    @property
    def worst(self) -> int:
        """The class of the lowest coverage, the first of equals; one without images is none."""
        shares = self.found.coverage_by_class
        return int(np.argmin([2.0 if share is None else share for share in shares]))


@dataclass(frozen=True)
class Measured:
    """The facts of a run's portable model, and how its prediction sets hold on the test images."""

    remark: str  # on what there is none of, why, and the remedy; "" where nothing is missing
    metadata: Metadata | None = None  # None where there is no model of the run
    outliers: OutlierTest | None = None
    accepted: float | None = None  # by the outlier test, of all test images
    sets: tuple[MeasuredSets, ...] = ()  # by level; of each the plain ones, then by class


def measured(run: Run) -> Measured:
    """Return what RUN/model.onnx promises, as far as it has the weights of `run` and says so.

    Raises RunError where the run cannot be read; a model that cannot be is named in the remark.
    """
    try:
        model = own_model(run)
    except ModelError as error:
        return Measured(str(error))
    if model is None:
        return Measured(
            "there is no portable model, which has outlier score and prediction sets; "
            f"write it with: {export_command(run)}"
        )
    metadata = model.metadata
    log_probabilities, labels = run.predictions()
    return Measured(
        _missing(metadata, str(model.file), export_command(run)),
        metadata,
        metadata.outliers,
        _accepted(metadata.outliers, labels),
        _sets(metadata, log_probabilities, labels),
    )


def _missing(metadata: Metadata, file: str, command: str) -> str:
    wanted = {"outlier score": metadata.outliers, "prediction sets": metadata.sets}
    names = [name for name, value in wanted.items() if value is None]
    if not names:
        return ""
    them = "it" if names == ["outlier score"] else "them"
    return f"{file} has no {' and no '.join(names)}; write {them} with: {command}"


def _accepted(outliers: OutlierTest | None, labels: Labels) -> float | None:
    """Return the share of all images (N,) that follows from the shares of the classes."""
    if outliers is None:
        return None
    support = np.bincount(labels, minlength=len(outliers.accepted))  # (K,)
    return float(support @ np.array(outliers.accepted) / len(labels))


def _sets(
    metadata: Metadata, log_probabilities: LogProbabilities, labels: Labels
) -> tuple[MeasuredSets, ...]:
    quantiles = metadata.sets
    if quantiles is None:
        return ()
    p = np.exp(tempered(log_probabilities, metadata.temperature))  # (N, K)
    found = []
    for level in quantiles.levels:
        for by_class in (False, True):
            one = coverage(members(p, limits(quantiles, level, by_class)), labels)
            held = round(one.coverage * len(labels))
            interval = wilson_interval(held, len(labels))
            found.append(MeasuredSets(level, by_class, one, interval))
    return tuple(found)
