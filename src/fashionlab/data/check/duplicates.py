"""Duplicates: images that are equal in every pixel, within a part and across parts.

Images are compared by 128 bits of their BLAKE2b: among 10 million, two different ones have the same
with a probability of 10^-25.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GROUPS = 1000  # that are listed, those across parts and with other labels first
ROWS = 20  # of a group that are listed, the first and last ones

Rows = NDArray[np.int64]


@dataclass
class Duplicates:
    """Groups of equal images; a row is counted through all parts, in their order."""

    groups: list[list[int]]  # rows of the first GROUPS groups, the first ROWS of each
    group_count: int
    copies: list[int]  # by part: images that occurred before in the same part
    shared: list[int]  # by part: images that are in an earlier part too
    disagreeing: int  # groups whose labels differ
    is_first: NDArray[np.bool_]  # (N,) rows that are not equal to an earlier one


def find_duplicates(
    digests: NDArray[np.uint64], labels: NDArray[np.uint8], ends: NDArray[np.int64]
) -> Duplicates:
    """Return the groups of equal images of all parts.

    `digests` (N, 2) and `labels` (N,) are those of the parts, one after the other, and a part ends
    before the row `ends`. The memory is 50 bytes an image.
    """
    order: Rows = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal rows ascend
    every = digests[order]
    new = np.ones(len(every), bool)  # of the sorted rows: the first of its group
    new[1:] = (every[1:] != every[:-1]).any(axis=1)
    del every
    is_first = np.zeros(len(order), bool)
    is_first[order[new]] = True

    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(order))
    starts, sizes = starts[sizes > 1], sizes[sizes > 1]
    members = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    rows = order[members]  # of all groups, one after the other
    group = np.repeat(np.arange(len(sizes)), sizes)
    labels = labels[rows]
    part = np.searchsorted(ends, rows, side="right")

    heads = np.cumsum(sizes) - sizes  # where each group begins in `rows`
    differ = np.zeros(len(sizes), bool)
    differ[group[labels != np.repeat(labels[heads], sizes)]] = True
    across = part != np.repeat(part[heads], sizes)  # rows that an earlier part has too
    crosses = np.zeros(len(sizes), bool)
    crosses[group[across]] = True
    # Within a part a copy has the row before it in the group, and in the same part.
    repeats = np.zeros(len(rows), bool)
    repeats[1:] = (group[1:] == group[:-1]) & (part[1:] == part[:-1])
    chosen = np.lexsort((rows[heads], ~differ, ~crosses))[:GROUPS]
    return Duplicates(
        groups=[_listed(rows[heads[g] : heads[g] + sizes[g]]) for g in chosen],
        group_count=len(sizes),
        copies=np.bincount(part[repeats], minlength=len(ends)).tolist(),
        shared=np.bincount(part[across], minlength=len(ends)).tolist(),
        disagreeing=int(differ.sum()),
        is_first=is_first,
    )


def _listed(rows: Rows) -> list[int]:
    if len(rows) > ROWS:
        rows = np.concatenate([rows[: ROWS // 2], rows[-ROWS // 2 :]])
    members: list[int] = rows.tolist()
    return members
