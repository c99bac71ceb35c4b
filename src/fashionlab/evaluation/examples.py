"""The test images of a run that a page shows, chosen by a rule rather than by taste."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
