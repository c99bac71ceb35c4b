"""Intervals of precision, recall and F1 of each class, from the confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import wilson_interval

Interval = tuple[float, float]  # (low, high) in [0, 1]


@dataclass(frozen=True)
class ClassIntervals:
    """The 95 % intervals of one class; None where there is no trial."""

    precision: Interval | None  # None for a class that is never predicted
    recall: Interval | None  # None for a class without an image
    f1: Interval | None  # None for a class with neither


def class_intervals(confusion: Sequence[Sequence[int]] | NDArray[Any]) -> list[ClassIntervals]:
    """Return the intervals of each class of a confusion matrix (K, K), rows true, by class.

    Precision and recall are proportions, of TP + FP and of TP + FN images, and have Wilson's
    interval. F1 is none, but follows from one that rises with it, the Jaccard index:

        J = TP / (TP + FP + FN),   F1 = 2 J / (1 + J)

    TP is binomial given TP + FP + FN, so that Wilson's interval (l, u) of J becomes
    (2 l / (1 + l), 2 u / (1 + u)) of F1 and holds it with the same probability.
    Raises InvalidValueError unless the matrix is square and of counts from 0.
    """
    cells = np.asarray(confusion)  # (K, K)
    is_square = cells.ndim == 2 and cells.shape[0] == cells.shape[1] and cells.size > 0
    if not is_square or cells.dtype.kind not in "iu" or cells.min() < 0:
        raise InvalidValueError(
            "a confusion matrix must be (K, K) counts from 0, K >= 1; received "
            f"{cells.dtype} {cells.shape}; pass `confusion` of the metrics"
        )
    correct = cells.diagonal().tolist()  # TP
    decided = cells.sum(axis=0).tolist()  # TP + FP
    support = cells.sum(axis=1).tolist()  # TP + FN
    return [
        ClassIntervals(_interval(tp, d), _interval(tp, s), _f1_interval(tp, d + s - tp))
        for tp, d, s in zip(correct, decided, support, strict=True)
    ]


def _interval(successes: int, n: int) -> Interval | None:
    return wilson_interval(successes, n) if n else None


def _f1_interval(tp: int, union: int) -> Interval | None:
    jaccard = _interval(tp, union)
    return jaccard and (2 * jaccard[0] / (1 + jaccard[0]), 2 * jaccard[1] / (1 + jaccard[1]))
