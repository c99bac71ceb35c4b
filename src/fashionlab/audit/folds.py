"""Folds: every image is in one of F, and each fold has its share of every class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import DataFormatError

FOLDS_STREAM = 11  # of random numbers, apart from those of a training


def folds(
    labels: NDArray[np.integer[Any]], class_names: tuple[str, ...], count: int, seed: int
) -> NDArray[np.int64]:
    """Return the fold (N,) of each image, 0 to `count` - 1, drawn by `seed` class by class.

    Raises DataFormatError where a class has fewer images than there are folds: a network would be
    asked for a class that it has never seen.
    """
    images = np.bincount(labels, minlength=len(class_names))
    if len(class_names) < 2:
        raise DataFormatError(
            f"an audit needs two classes or more, which labels could confuse; received one, "
            f"{class_names[0]!r}; add images of another"
        )
    few = int(images.argmin())
    if images[few] < count:
        raise DataFormatError(
            f"every class must have an image for each of {count} folds; received {images[few]} of "
            f"{class_names[few]!r}; give fewer --folds (from 2), or --quick, or add images of it"
        )
    rng = np.random.default_rng([seed, FOLDS_STREAM])
    chosen = np.empty(len(labels), np.int64)
    first = 0  # so that the folds of small classes do not all begin with the same one
    for k in range(len(class_names)):
        rows = rng.permutation(np.flatnonzero(labels == k))
        chosen[rows] = (first + np.arange(len(rows))) % count
        first += len(rows)
    return chosen
