"""Duplicates: test images that are in the training set too, pixel by pixel."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (N, H, W[, 3])


def find_duplicates(test: Images, training: Images) -> list[list[int]]:
    """Return [position in test, position in training] of each pair of equal images, sorted."""
    places: dict[bytes, list[int]] = {}
    for i, image in enumerate(test):
        places.setdefault(image.tobytes(), []).append(i)
    pairs = [[i, j] for j, image in enumerate(training) for i in places.get(image.tobytes(), ())]
    return sorted(pairs)


def accuracy_without(
    log_probabilities: NDArray[Any], labels: NDArray[Any], left_out: Iterable[int]
) -> float | None:
    """Return the accuracy on images (N, K) with labels (N,), except those at `left_out`.

    None where no image is left.
    """
    counted = np.ones(len(labels), bool)
    counted[list(left_out)] = False
    correct = log_probabilities.argmax(axis=1) == labels
    return float(correct[counted].mean()) if counted.any() else None
