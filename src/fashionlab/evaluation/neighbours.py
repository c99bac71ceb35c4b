"""Neighbours: the images that a network finds most alike, by the angle between their features."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10  # of an image
QUERIES = 256  # images that are compared at a time

Features = NDArray[np.float32]  # (n, D), rows of length 1
Rows = NDArray[np.int64]


def unit_rows(features: NDArray[np.float32]) -> Features:
    """Return features (n, D) with rows of length 1, by whose products angles are compared.

    A row of zeros stays.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(lengths > 0, lengths, 1), np.float32)


def nearest(
    queries: Features, query_rows: Rows, others: Features, other_rows: Rows, count: int = NEIGHBOURS
) -> Rows:
    """Return the rows (q, k) of the others nearest by cosine, nearest first; never the row itself.

    k is `count`, or fewer where there are not as many others.
    """
    k = min(count, len(other_rows) - int(np.isin(query_rows, other_rows).any()))
    found = np.empty((len(queries), max(k, 0)), np.int64)
    if k < 1:
        return found
    place_of = np.full(max(query_rows.max(), other_rows.max()) + 1, -1)
    place_of[other_rows] = np.arange(len(other_rows))
    for start in range(0, len(queries), QUERIES):
        some = slice(start, start + QUERIES)
        cosines = queries[some] @ others.T  # (b, n)
        own = place_of[query_rows[some]]
        cosines[own >= 0, own[own >= 0]] = -np.inf
        best = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(cosines, best, axis=1), axis=1, kind="stable")
        found[some] = other_rows[np.take_along_axis(best, order, axis=1)]
    return found
