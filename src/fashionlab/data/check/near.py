"""Near-copies: pairs of images that differ by at most 4 grey levels, as the root mean square.

The search is exact, and compares few pairs of all. With P values an image, a and b are near-copies
where |a - b|^2 <= P DISTANCE^2. An orthogonal projection can only shrink that distance, and the
means of a grid of cells, each times the root of its number of values, are one: pairs whose cells
differ by more are left out without looking at a pixel. The cells' first principal component is a
projection too: with the rows sorted by it, only neighbours have to be compared at all.
"""

import itertools
import math
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
SORTED_ROWS = 65_536  # whose neighbours are looked for together
TILE = 256  # of these, that are compared with one range of neighbours
COMPARISONS = 10**11  # images times images; more of them, and a sample is compared with all
PAIRS = 10_000  # that are listed; with as many the search ends
CANDIDATE_BYTES = 2**32  # pixels of pairs that are compared; with as many the search ends
GATHERED_BYTES = 2**23  # of these, at a time
QUERIES = 8192  # neighbours that are compared at a time

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

    parts: Sequence[Dataset]
    distance: float
    is_query: NDArray[np.bool_]  # (N,)
    rows: Rows  # (Q,)
    cells: Cells  # (Q, D)
    axis: Cells  # (D,) the principal component
    keys: Cells  # (Q,) cells @ axis, ascending
    pairs: list[Pair] = field(default_factory=list)
    compared_bytes: int = 0

    @property
    def values(self) -> int:
        """The number of values of an image, P."""
        return math.prod(self.parts[0].image_shape)

    @property
    def limit(self) -> float:
        """The greatest |a - b|^2 of near-copies."""
        return self.values * self.distance**2

    @property
    def is_full(self) -> bool:
        """Whether there are so many pairs that the search ends."""
        return len(self.pairs) >= PAIRS or self.compared_bytes >= CANDIDATE_BYTES


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
    search = _prepared(parts, distance, is_query)
    for rows, cells in _cells(parts, is_first):
        _search_block(search, rows, cells)
        if search.is_full:
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
    """Yield the wanted rows (n,), counted through all parts, with their cells (n, D).

    The more rows are sorted together, the shorter is the range of neighbours of a tile.
    """
    rows: list[Rows] = []
    cells: list[Cells] = []
    for place, images in _blocks(parts):
        chosen = np.flatnonzero(wanted[place])
        if len(chosen):
            rows.append(place.start + chosen)
            cells.append(_scaled_cells(images[chosen]))
        if sum(map(len, rows)) >= SORTED_ROWS:
            yield np.concatenate(rows), np.concatenate(cells)
            rows, cells = [], []
    if rows:
        yield np.concatenate(rows), np.concatenate(cells)


def _blocks(parts: Sequence[Dataset]) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield blocks of images, with their place counted through all parts."""
    offset = 0
    for part in parts:
        for place, images in blocks(part.images):
            yield slice(offset + place.start, offset + place.stop), images
        offset += len(part)


def _scaled_cells(images: NDArray[np.uint8]) -> Cells:
    sides = images.shape[1:3]
    grid = [min(GRID, side) for side in sides]
    heights, widths = (
        np.diff(np.arange(cells + 1) * side // cells)
        for cells, side in zip(grid, sides, strict=True)
    )
    scale = np.sqrt(np.outer(heights, widths)).astype(np.float32)[..., None]  # (rows, columns, 1)
    return (cell_means(images, *grid) * scale).reshape(len(images), -1)


def _prepared(parts: Sequence[Dataset], distance: float, is_query: NDArray[np.bool_]) -> _Search:
    rows = np.flatnonzero(is_query)
    blocks_of_cells = (cells for _, cells in _cells(parts, is_query))
    first = next(blocks_of_cells)
    cells = np.empty((len(rows), first.shape[1]), np.float32)
    filled = 0
    for block in itertools.chain([first], blocks_of_cells):
        cells[filled : filled + len(block)] = block
        filled += len(block)
    mean = cells.mean(axis=0)
    covariance = cells.T @ cells - len(cells) * np.outer(mean, mean)
    axis = np.linalg.eigh(covariance)[1][:, -1]
    keys = cells @ axis
    order = np.argsort(keys)
    return _Search(parts, distance, is_query, rows[order], cells[order], axis, keys[order])


def _search_block(search: _Search, rows: Rows, cells: Cells) -> None:
    """Add the pairs of a query and one of `rows` (n,), each pair once."""
    keys = cells @ search.axis
    order = np.argsort(keys)
    squares = (cells**2).sum(axis=1)  # (n,)
    # Rounding in float32, of D products each way, must not lose a pair.
    slack = 1e-5 * max(float(squares.max()), search.limit)
    reach = math.sqrt(search.limit + slack)
    for start in range(0, len(order), TILE):
        tile = order[start : start + TILE]
        bounds = [keys[tile[0]] - reach, keys[tile[-1]] + reach]
        low, high = np.searchsorted(search.keys, bounds)
        for some in range(low, high, QUERIES):
            others = search.cells[some : min(some + QUERIES, high)]  # (q, D)
            # |a - b|^2 <= limit, as half of it: a b - |b|^2 / 2 >= (|a|^2 - limit) / 2
            half = cells[tile] @ others.T  # (t, q)
            half -= 0.5 * (others**2).sum(axis=1)
            least = 0.5 * (squares[tile] - search.limit) - 2 * slack  # (t,)
            i, j = np.divmod(np.flatnonzero(half >= least[:, None]), len(others))
            _add(search, rows[tile[i]], search.rows[some + j])
            if search.is_full:
                return


def _add(search: _Search, rows: Rows, queries: Rows) -> None:
    """Add those of the candidates, rows (n,) with queries (n,), whose pixels are near."""
    # A pair of two queries comes up from either side.
    once = (rows != queries) & ~(search.is_query[rows] & (rows > queries))
    rows, queries = rows[once], queries[once]
    values = search.values
    step = max(1, GATHERED_BYTES // values)
    for start in range(0, len(rows), step):
        if search.is_full:
            return
        ours, others = rows[start : start + step], queries[start : start + step]
        search.compared_bytes += len(ours) * values
        a, b = (gather(search.parts, some).reshape(-1, values) for some in (ours, others))
        differences = a.astype(np.int16) - b
        squares = np.einsum("np,np->n", differences, differences, dtype=np.int64)
        for k in np.flatnonzero(squares <= search.limit):
            first, second = sorted((int(ours[k]), int(others[k])))
            search.pairs.append(Pair(first, second, math.sqrt(squares[k] / values)))


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
