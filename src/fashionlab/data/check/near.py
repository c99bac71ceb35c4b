"""Near-copies: pairs of images that differ by at most 4 grey levels, as the root mean square.

The search is exact, and compares few pairs of all. With P values an image, a and b are near-copies
where |a - b|^2 <= P DISTANCE^2. An orthogonal projection can only shrink that distance, and the
means of a grid of cells, each times the root of its number of values, are one: pairs whose cells
differ by more are left out without looking at a pixel. The cells' first principal component is a
projection too: with the rows sorted by it, only neighbours have to be compared at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.check.scan import cell_means
from fashionlab.data.dataset import Dataset
from fashionlab.data.storage import blocks, release

DISTANCE = 4.0  # grey levels of 255, root mean square
GRID = 7  # cells in a row and in a column
TILE = 256  # rows that are compared with a range of the others at a time
COMPARISONS = 10**11  # images times images; more of them, and a sample is compared with all
PAIRS = 10_000  # that are listed; with as many the search ends
CANDIDATES = 2_000_000  # pairs whose pixels are compared; with as many the search ends
GATHERED_BYTES = 8 * 2**20  # pixels of candidates at a time

Rows = NDArray[np.int64]
Cells = NDArray[np.float32]  # (n, D) in units of pixels: |cells a - cells b| <= |a - b|


class Pair(NamedTuple):
    """Two rows, counted through all parts, and their distance in grey levels."""

    first: int
    second: int
    distance: float


@dataclass
class NearCopies:
    """The pairs, nearest first, and what was searched for them."""

    pairs: list[Pair]
    distance: float  # the greatest that counts, in grey levels
    compared: list[int]  # by part: distinct images that were compared with all others
    of: list[int]  # by part: distinct images
    complete: bool  # False where the search ended early, with too many pairs


@dataclass
class _Search:
    """The rows that are compared with all others, sorted by their keys."""

    rows: Rows  # (Q,)
    cells: Cells  # (Q, D)
    keys: Cells  # (Q,) ascending
    axis: Cells  # (D,) the principal component
    is_query: NDArray[np.bool_]  # (N,)
    pairs: list[Pair] = field(default_factory=list)
    candidates: int = 0


def find_near_copies(
    parts: Sequence[Dataset],
    is_first: NDArray[np.bool_],
    highest: int,
    seed: int = 0,
    comparisons: int = COMPARISONS,
) -> NearCopies:
    """Return the near-copies among the rows where `is_first` (N,), counted through all parts.

    `highest` is the greatest value: where it is low, the distance shrinks with it. Where all pairs
    are more than `comparisons`, a sample is compared with all images: the last part (the test
    images) first, the rest drawn by `seed`.
    """
    distance = DISTANCE * (1.0 if highest >= 128 else highest / 255)
    ends = np.cumsum([len(part) for part in parts])
    distinct = np.flatnonzero(is_first)
    is_query = np.zeros(len(is_first), bool)
    is_query[_queries(distinct, ends, max(TILE, comparisons // len(distinct)), seed)] = True
    part_of = [slice(end - len(part), end) for end, part in zip(ends, parts, strict=True)]
    found = NearCopies(
        pairs=[],
        distance=distance,
        compared=[int(is_query[rows].sum()) for rows in part_of],
        of=[int(is_first[rows].sum()) for rows in part_of],
        complete=True,
    )
    search = _prepared(parts, is_query)
    for rows, cells in _cells(parts, is_first):
        _search_block(search, parts, rows, cells, distance)
        if len(search.pairs) >= PAIRS or search.candidates >= CANDIDATES:
            found.complete = False
            break
    found.pairs = sorted(search.pairs, key=lambda pair: (pair.distance, pair.first))[:PAIRS]
    return found


def _queries(distinct: Rows, ends: NDArray[np.int64], most: int, seed: int) -> Rows:
    """Return at most `most` of the distinct rows, those of the last part first."""
    if most >= len(distinct):
        return distinct
    rng = np.random.default_rng(seed)
    last = len(ends) > 1 and distinct >= ends[-2]
    # A random number each, and less than all others for the last part: the lowest are taken.
    order = rng.random(len(distinct)) - np.where(last, 1, 0)
    return distinct[np.argpartition(order, most)[:most]]


def _cells(parts: Sequence[Dataset], wanted: NDArray[np.bool_]) -> Iterator[tuple[Rows, Cells]]:
    """Yield the wanted rows (n,), counted through all parts, with their cells (n, D)."""
    offset = 0
    for part in parts:
        grid = [min(GRID, side) for side in part.image_shape[:2]]
        areas = [np.diff(np.arange(n + 1) * s // n) for n, s in zip(grid, part.image_shape)]
        scale = np.sqrt(np.outer(*areas)).astype(np.float32)[..., None]  # (rows, columns, 1)
        wanted_here = wanted[offset : offset + len(part)]
        for place, images in blocks(part.images):
            rows = np.flatnonzero(wanted_here[place])
            if len(rows):
                cells = cell_means(images[rows], *grid) * scale
                yield offset + place.start + rows, cells.reshape(len(rows), -1)
        offset += len(part)


def _prepared(parts: Sequence[Dataset], is_query: NDArray[np.bool_]) -> _Search:
    found = list(_cells(parts, is_query))
    rows = np.concatenate([rows for rows, _ in found])
    cells = np.concatenate([cells for _, cells in found])
    del found
    centred = cells - cells.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1].astype(np.float32)
    keys = cells @ axis
    order = np.argsort(keys)
    return _Search(rows[order], cells[order], keys[order], axis, is_query)


def _search_block(
    search: _Search, parts: Sequence[Dataset], rows: Rows, cells: Cells, distance: float
) -> None:
    """Add the pairs of a query and one of `rows` (n,), each pair once."""
    values = int(np.prod(parts[0].image_shape))  # P
    limit = values * distance**2  # of |a - b|^2
    keys = cells @ search.axis
    order = np.argsort(keys)
    for start in range(0, len(order), TILE):
        tile = order[start : start + TILE]
        # Rounding in float32, of D products each way, must not lose a pair.
        slack = 1e-5 * max(float((cells[tile] ** 2).sum(axis=1).max()), limit)
        reach = np.sqrt(limit + slack)
        low, high = np.searchsorted(
            search.keys, [keys[tile[0]] - reach, keys[tile[-1]] + reach], side="left"
        )
        others = search.cells[low:high]  # (q, D)
        ours = cells[tile]  # (t, D)
        half = ours @ others.T  # (t, q)
        half -= 0.5 * (others**2).sum(axis=1)
        least = 0.5 * ((ours**2).sum(axis=1) - limit - 4 * slack)  # (t,)
        i, j = np.nonzero(half >= least[:, None])
        _add(search, parts, rows[tile[i]], search.rows[low + j], distance)
        if len(search.pairs) >= PAIRS or search.candidates >= CANDIDATES:
            return


def _add(
    search: _Search, parts: Sequence[Dataset], rows: Rows, queries: Rows, distance: float
) -> None:
    # A pair of two queries comes up from either side.
    once = (rows != queries) & ~(search.is_query[rows] & (rows > queries))
    rows, queries = rows[once], queries[once]
    search.candidates += len(rows)
    values = int(np.prod(parts[0].image_shape))
    step = max(1, GATHERED_BYTES // values)
    for start in range(0, min(len(rows), CANDIDATES), step):
        some = slice(start, start + step)
        a, b = (gather(parts, wanted[some]).reshape(-1, values) for wanted in (rows, queries))
        squares = np.square(a.astype(np.int32) - b).sum(axis=1, dtype=np.int64)
        for k in np.flatnonzero(squares <= values * distance**2):
            pair = sorted((int(rows[start + k]), int(queries[start + k])))
            search.pairs.append(Pair(*pair, float(np.sqrt(squares[k] / values))))


def gather(parts: Sequence[Dataset], rows: Rows) -> NDArray[np.uint8]:
    """Return the images (n, H, W) or (n, H, W, 3) of rows counted through all parts."""
    images = np.empty((len(rows), *parts[0].image_shape), np.uint8)
    offset = 0
    for part in parts:
        ours = np.flatnonzero((rows >= offset) & (rows < offset + len(part)))
        images[ours] = part.images[rows[ours] - offset]
        release(part.images)
        offset += len(part)
    return images
