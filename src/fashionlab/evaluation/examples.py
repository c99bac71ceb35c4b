"""Which images to show of a run, by a rule that leaves no room for choosing pretty ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Examples:
    """M test images with what was predicted for them."""

    images: NDArray[np.uint8]  # (M, H, W)
    indices: NDArray[np.int64]  # (M,) position in the test set
    labels: NDArray[np.int64]  # (M,)
    predicted: NDArray[np.int64]  # (M,)
    probability: NDArray[np.float64]  # (M,) of the predicted class


def select_examples(
    log_probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Of every class the first right image in the set's order, then the wrong one held surest.

    (N, K) log-probabilities and (N,) labels to indices: the right ones by class, then the wrong
    ones. A class with no right or no wrong image has none there.
    """
    predicted = log_probabilities.argmax(axis=1)  # (N,)
    sureness = log_probabilities.max(axis=1)  # (N,)
    right, wrong = [], []
    for k in range(log_probabilities.shape[1]):
        hits = np.flatnonzero((labels == k) & (predicted == k))
        misses = np.flatnonzero((labels == k) & (predicted != k))
        right += hits[:1].tolist()
        if len(misses):
            wrong.append(int(misses[sureness[misses].argmax()]))
    return np.array(right + wrong, dtype=np.int64)
