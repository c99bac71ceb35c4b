"""A run's accuracy without the test images that a list of suspects leaves out."""

from dataclasses import dataclass

import numpy as np

from fashionlab.data.suspects import SuspectList
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.runs.reader import Run


@dataclass(frozen=True)
class Remaining:
    """The accuracy on the test images that remain; the score is that on all of them."""

    accuracy: float
    accuracy_interval: tuple[float, float]  # (low, high), Wilson, 95 %
    images: int
    left_out: int
    list_sha256: str


def remaining(run: Run, suspects: SuspectList) -> Remaining:
    """Return what a run reaches on the test images that the list does not leave out.

    Raises DataFormatError where the list is of other data, InvalidValueError where it leaves out
    none, or all, of the run's test images.
    """
    log_probabilities, labels = run.predictions()
    out = suspects.indices("test", run.data["test"].sha256, len(labels))
    images = len(labels) - len(out)
    if not len(out) or not images:
        raise InvalidValueError(
            f"a list must leave out some of the {len(labels):,} test images, not all; received "
            f"{suspects.path}, which leaves out {len(out):,}; give a list with decisions about "
            "test images"
        )
    correct = log_probabilities.argmax(axis=1) == labels
    count = int(np.delete(correct, out).sum())
    return Remaining(
        count / images, wilson_interval(count, images), images, len(out), suspects.sha256
    )
