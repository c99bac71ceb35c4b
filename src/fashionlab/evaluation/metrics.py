"""Metrics of a classifier on labelled data, from its log-probabilities alone."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import wilson_interval

# Rounding of float32 log-softmax is near 1e-6; logits passed by mistake are off by far more.
NORMALISATION_TOLERANCE = 1e-3  # of |log Σ exp|, in nats
# Stored metrics may come from a machine whose log or sqrt rounds the last digits differently.
RECORD_TOLERANCE = 1e-9  # relative and absolute

Labels = npt.NDArray[np.integer[Any]]
LogProbabilities = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Metrics:
    """The metrics on one data set; every tuple has one entry per class, in label order.

    All but `log_loss` follow from `confusion`:

        precision = TP / (TP + FP)      recall = TP / (TP + FN)      F1 = 2TP / (2TP + FP + FN)

    each 0 where its denominator is 0 (a class never predicted, or absent). A macro average is the
    unweighted mean over all K classes, absent ones included.
    """

    accuracy: float  # in [0, 1]
    accuracy_interval: tuple[float, float]  # (low, high), Wilson, 95 %
    log_loss: float  # nats per image
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    macro_precision: float
    macro_recall: float
    macro_f1: float
    support: tuple[int, ...]  # images of the class: TP + FN
    correct: tuple[int, ...]  # TP
    confusion: tuple[tuple[int, ...], ...]  # (K, K), rows true, columns predicted

    def to_json(self) -> dict[str, Any]:
        """Return the fields as dict, list, int and finite float, which are valid JSON."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self), allow_nan=False))
        return values

    def differences(self, record: Mapping[str, Any]) -> list[str]:
        """Return the fields in which `record`, the `to_json()` of another evaluation, differs."""
        return [k for k, value in self.to_json().items() if not _agree(record.get(k), value)]


def compute_metrics(log_probabilities: LogProbabilities, labels: Labels) -> Metrics:
    """Score log-softmax outputs (N, K) float against labels (N,) integer in 0..K-1.

    The decision is the row's argmax, the lowest class on a tie; log_loss = −mean(lp[n, label_n]),
    summed in float64.

    Raises InvalidValueError for a wrong shape or dtype, no images, a value that is not finite, a
    row whose probabilities do not sum to 1, or a label outside 0..K-1.
    """
    lp = np.asarray(log_probabilities)  # (N, K)
    _require_rows(lp)
    if lp.dtype not in (np.float32, np.float64):
        raise InvalidValueError(
            f"log-probabilities must be float32 or float64; received {lp.dtype}; use astype"
        )
    if not np.isfinite(lp).all():
        row = int(np.argmin(np.isfinite(lp).all(axis=1)))
        raise InvalidValueError(
            f"log-probabilities must be finite; received {lp[row].tolist()} in row {row}; "
            "use log-softmax of finite logits, not log(softmax)"
        )
    lp = lp.astype(np.float64)
    worst = float(np.abs(np.logaddexp.reduce(lp, axis=1)).max())
    if worst > NORMALISATION_TOLERANCE:
        raise InvalidValueError(
            f"each row's probabilities must sum to 1; received |log sum| = {worst:.3g}; "
            "apply log-softmax to the logits"
        )
    n, classes = lp.shape
    y = class_indices("labels", labels, classes)  # (N,) int64
    confusion = confusion_matrix(y, lp.argmax(axis=1), classes)
    # + 0.0 turns the −0.0 of a perfect score into 0.0.
    log_loss = -float(lp[np.arange(n), y].mean()) + 0.0
    return _from_confusion(confusion.tolist(), log_loss)


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Count images by true class (row) and predicted class (column), (K, K) int64.

    labels and predicted: (N,) integer in 0..K-1, N >= 1; classes: K >= 1.
    Raises InvalidValueError when they are not.
    """
    if classes < 1:
        raise InvalidValueError(
            f"classes must be at least 1; received {classes!r}; count the labels"
        )
    true = class_indices("labels", labels, classes)
    decided = class_indices("predicted", predicted, classes)
    if true.shape != decided.shape:
        raise InvalidValueError(
            f"labels and predictions must be as many; received {true.size} and {decided.size}; "
            "pass one of each per image"
        )
    cells = np.bincount(true * classes + decided, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def class_indices(name: str, values: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Return labels (N,) in 0..K-1; InvalidValueError, which says their `name`, for any other."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise InvalidValueError(
            f"{name} must have shape (N,), N >= 1; received {array.shape}; pass a class per image"
        )
    if array.dtype.kind not in "iu":
        raise InvalidValueError(
            f"{name} must be integers; received {array.dtype}; pass class indices, not scores"
        )
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        raise InvalidValueError(
            f"{name} must be in 0..{classes - 1}; received {low}..{high}; count classes from 0"
        )
    # uint8 would wrap in label * K.
    return array.astype(np.int64)


def checked_rows(
    log_probabilities: LogProbabilities, labels: Labels
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return log-probabilities (N, K) in float64 and their labels (N,) in 0..K-1.

    Raises InvalidValueError for a wrong shape, no images, NaN, or labels that do not fit.
    """
    lp = np.asarray(log_probabilities, np.float64)
    _require_rows(lp)
    if np.isnan(lp).any():
        raise InvalidValueError(
            "log-probabilities must be numbers; received NaN; drop the failed run"
        )
    y = class_indices("labels", labels, lp.shape[1])
    if len(y) != len(lp):
        raise InvalidValueError(
            f"images and labels must be as many; received {len(lp)} and {len(y)}; pass one of "
            "each per image"
        )
    return lp, y


def _require_rows(lp: npt.NDArray[Any]) -> None:
    if lp.ndim != 2 or lp.size == 0:
        raise InvalidValueError(
            f"log-probabilities must have shape (N, K) with N, K >= 1; received {lp.shape}; "
            "pass one row per image"
        )


def _from_confusion(rows: Sequence[Sequence[int]], log_loss: float) -> Metrics:
    correct = tuple(row[k] for k, row in enumerate(rows))  # TP
    support = tuple(sum(row) for row in rows)  # TP + FN
    decided = tuple(sum(column) for column in zip(*rows, strict=True))  # TP + FP
    precision = tuple(map(_ratio, correct, decided))
    recall = tuple(map(_ratio, correct, support))
    f1 = tuple(_ratio(2 * tp, d + s) for tp, d, s in zip(correct, decided, support, strict=True))
    return Metrics(
        accuracy=sum(correct) / sum(support),
        accuracy_interval=wilson_interval(sum(correct), sum(support)),
        log_loss=float(log_loss),
        precision=precision,
        recall=recall,
        f1=f1,
        macro_precision=math.fsum(precision) / len(rows),
        macro_recall=math.fsum(recall) / len(rows),
        macro_f1=math.fsum(f1) / len(rows),
        support=support,
        correct=correct,
        confusion=tuple(tuple(row) for row in rows),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _agree(stored: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return (
            isinstance(stored, list)
            and len(stored) == len(expected)
            and all(map(_agree, stored, expected))
        )
    if isinstance(expected, int):
        return type(stored) is int and stored == expected
    return type(stored) in (int, float) and math.isclose(
        stored, expected, rel_tol=RECORD_TOLERANCE, abs_tol=RECORD_TOLERANCE
    )
