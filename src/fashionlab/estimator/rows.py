"""Rows with their labels and weights, and the choice of some of them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Array = NDArray[Any]
Rows = tuple[Array, Array, Array | None]  # X, the codes of y, weights or None for ones


def chosen(rows: Rows, mask: Array) -> Rows:
    """Return the rows where the mask (N,) is true."""
    x, y, weights = rows
    return x[mask], y[mask], None if weights is None else weights[mask]


def mean_one(rows: Rows) -> Rows:
    """Scale weights to the mean 1: the model divides the loss by the number of rows."""
    x, y, weights = rows
    return x, y, None if weights is None else weights * (len(weights) / weights.sum())


def hold_out(X: Array, codes: Array, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows are not trained on, (N,).

    Distinct rows are drawn, in sorted order: equal rows cannot leak to the other side, and
    neither the order of rows nor how often one occurs changes the draw.
    """
    distinct, group = np.unique(X, axis=0, return_inverse=True)
    group = group.reshape(-1)  # (N,)
    label = np.full(len(distinct), codes.max() + 1)
    np.minimum.at(label, group, codes)
    count = math.ceil(len(distinct) * fraction)
    present = np.unique(label, return_counts=True)[1]
    enough = present.min() > 1 and len(present) <= min(count, len(distinct) - count)
    _, drawn = train_test_split(
        np.arange(len(distinct)),
        test_size=count,
        random_state=seed,
        stratify=label if enough else None,
    )
    return np.isin(group, drawn)
