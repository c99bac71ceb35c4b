"""Thresholds on a score, and the area under the receiver curve; higher scores are outliers."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]  # (N,)


def threshold(scores: Scores, accept: float) -> float:
    """Return the lowest score at or below which a share `accept` of these lies."""
    return float(np.quantile(scores, accept, method="inverted_cdf"))


def area(inliers: Scores, outliers: Scores) -> float:
    """Return the area under the receiver curve.

    It is the share of all pairs in which the outlier's score is the higher one; a pair of equal
    scores counts half (Hanley and McNeil, 1982).
    """
    ordered = np.sort(inliers)
    below = np.searchsorted(ordered, outliers, side="left")
    not_above = np.searchsorted(ordered, outliers, side="right")
    return float((below + not_above).mean() / 2 / len(inliers))
