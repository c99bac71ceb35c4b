"""Duplicates: test images that are in the training set too, pixel by pixel."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.storage import blocks

MOST = 10  # copies of a test image that are listed
Images = NDArray[np.uint8]  # (N, H, W[, 3])


def find_duplicates(test: Images, training: Images) -> list[list[int]]:
    """Return [position in test, position in training] of pairs of equal images, sorted.

    At most MOST pairs for each test image, those of its first copies. Takes 16 bytes of memory an
    image, whatever its size: images that are mapped stay in their file.
    """
    keys = _keys(test)  # (N,)
    order = keys.argsort(kind="stable")
    first, end = (keys[order].searchsorted(_keys(training), side) for side in ("left", "right"))
    found = np.zeros(len(test), np.int64)  # pairs of each test image, in the order of keys
    pairs = []
    for j in np.flatnonzero(first < end):
        for at in first[j] + np.flatnonzero(found[first[j] : end[j]] < MOST):
            if np.array_equal(test[order[at]], training[j]):
                found[at] += 1
                pairs.append([int(order[at]), int(j)])
    return sorted(pairs)


def _keys(images: Images) -> NDArray[np.int64]:
    """Return a number for each image (N,), the same for equal images in this process."""
    keys = np.empty(len(images), np.int64)
    for place, block in blocks(images):
        keys[place] = [hash(image.tobytes()) for image in block]
    return keys


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
