"""The test images of a run that a page shows, chosen by a rule rather than by taste."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.metrics import Labels, LogProbabilities, checked_rows


@dataclass(frozen=True, eq=False)
class Examples:
    """M test images with their predictions."""

    images: NDArray[np.uint8]  # (M, H, W[, 3])
    indices: NDArray[np.int64]  # (M,) position in the test set
    labels: NDArray[np.int64]  # (M,)
    predicted: NDArray[np.int64]  # (M,)
    probability: NDArray[np.float64]  # (M,) of the predicted class


def select_examples(
    log_probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Select each class's first correct image, then each class's most confident error.

    (N, K) log-probabilities and (N,) labels to indices: the correct ones by class, then the errors
    by class. A class without a correct image, or without an error, has none there.
    """
    predicted = log_probabilities.argmax(axis=1)  # (N,)
    confidence = log_probabilities.max(axis=1)  # (N,)
    correct, wrong = [], []
    for k in range(log_probabilities.shape[1]):
        matches = np.flatnonzero((labels == k) & (predicted == k))
        errors = np.flatnonzero((labels == k) & (predicted != k))
        correct += matches[:1].tolist()
        if len(errors):
            wrong.append(int(errors[confidence[errors].argmax()]))
    return np.array(correct + wrong, dtype=np.int64)


def most_confident_errors(
    log_probabilities: LogProbabilities, labels: Labels, count: int
) -> NDArray[np.int64]:
    """Return the indices of at most `count` wrong images, by falling probability of the decision.

    (N, K) log-probabilities and (N,) labels to (M,), M <= count; ties by index. Raises
    InvalidValueError for no images, labels that do not fit, or a count below 0.
    """
    confidence, correct = _decisions(log_probabilities, labels, count)
    wrong = np.flatnonzero(~correct)
    return wrong[(-confidence[wrong]).argsort(kind="stable")[:count]]


def least_confident_hits(
    log_probabilities: LogProbabilities, labels: Labels, count: int
) -> NDArray[np.int64]:
    """Return the indices of at most `count` correct images, by rising probability of the decision.

    (N, K) log-probabilities and (N,) labels to (M,), M <= count; ties by index. Raises
    InvalidValueError for no images, labels that do not fit, or a count below 0.
    """
    confidence, correct = _decisions(log_probabilities, labels, count)
    hits = np.flatnonzero(correct)
    return hits[confidence[hits].argsort(kind="stable")[:count]]


def _decisions(
    log_probabilities: LogProbabilities, labels: Labels, count: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the highest log-probability of each image (N,), and whether it is correct (N,)."""
    if count < 0:
        raise InvalidValueError(f"count must be at least 0; received {count!r}; try 12")
    lp, y = checked_rows(log_probabilities, labels)
    return lp.max(axis=1), lp.argmax(axis=1) == y
