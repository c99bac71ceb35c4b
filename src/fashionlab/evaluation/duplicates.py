"""Duplicates: test images that are in the training set too, pixel by pixel."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (N, H, W[, 3])


def find_duplicates(test: Images, training: Images) -> list[list[int]]:
    """Return [position in test, position in training] of each pair of equal images, sorted.

    Takes 16 bytes of memory an image, whatever its size: images that are mapped stay in their file.
    """
    keys = _keys(test)  # (N,)
    order = keys.argsort()
    first, end = (keys[order].searchsorted(_keys(training), side) for side in ("left", "right"))
    pairs = [
        [int(i), int(j)]
        for j in np.flatnonzero(first < end)
        for i in order[first[j] : end[j]]
        if np.array_equal(test[i], training[j])
    ]
    return sorted(pairs)


def _keys(images: Images) -> NDArray[np.int64]:
    """Return a number for each image (N,), the same for equal images in this process."""
    plain = np.asarray(images)  # of a memory map each row would be a map, which takes its time
    return np.fromiter((hash(image.tobytes()) for image in plain), np.int64, len(plain))


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
