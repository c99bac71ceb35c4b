"""Outliers: how well a score tells pictures of no class from images of the classes.

A score is the higher, the less an image is like those of the classes; an image is accepted where
its score is at most a threshold. Accepting an outlier is a false acceptance.

Symbols: N images of the classes, M outliers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

Scores = NDArray[Any]  # (N,) or (M,)

ACCEPT = 0.95  # share of held-out images that the threshold accepts, where no other is chosen
LEAST_ACCEPT = 0.5
POINTS = 21  # of a curve: 0, 5, ..., 100 % of the images are accepted


def threshold(scores: Scores, accept: float = ACCEPT) -> float:
    """Return the lowest score that a share `accept` of the images (N,) does not exceed.

    Raises InvalidValueError without an image, or for a share that is not in [LEAST_ACCEPT, 1).
    """
    if not len(scores):
        raise InvalidValueError("an outlier threshold needs held-out images; received none")
    return float(np.quantile(scores, require_accept(accept), method="inverted_cdf"))


def require_accept(accept: float) -> float:
    """Return the share of images to accept; InvalidValueError where it cannot be one."""
    if not LEAST_ACCEPT <= accept < 1:
        raise InvalidValueError(
            f"the share of images to accept must be from {LEAST_ACCEPT} to below 1; received "
            f"{accept}; try {ACCEPT}"
        )
    return accept


def area(scores: Scores, outliers: Scores) -> float:
    """Return the area under the receiver operating characteristic.

    It is the probability that an outlier (M,) has a higher score than an image (N,), with ties as
    half: the statistic of Mann and Whitney, 1947, over N M.
    """
    ordered = np.sort(scores)
    below = np.searchsorted(ordered, outliers, "left")
    not_above = np.searchsorted(ordered, outliers, "right")
    return float((below + not_above).sum() / (2 * len(scores) * len(outliers)))


def curve(scores: Scores, outliers: Scores) -> tuple[float, ...]:
    """Return the share of outliers that is accepted where 0, 5, ..., 100 % of the images are."""
    ordered, count = np.sort(scores), len(scores)
    counts = np.ceil(np.linspace(0, 1, POINTS) * count - 1e-9).astype(int)  # images accepted
    limits = ordered[counts[1:] - 1]
    below_all = float((outliers < ordered[0]).mean())
    return (below_all, *(float((outliers <= limit).mean()) for limit in limits))


def accepted_by_class(
    scores: Scores, labels: NDArray[Any], limit: float, classes: int
) -> list[float]:
    """Return the share of each class's images (N,) that `limit` accepts; 1 for a class without."""
    own = [scores[labels == k] for k in range(classes)]
    return [float((one <= limit).mean()) if len(one) else 1.0 for one in own]
