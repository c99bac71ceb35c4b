"""The nearest images by Euclidean distance of their pixels, exactly, without all distances at once.

Of ||x - q||² = ||x||² - 2 x·q + ||q||² the last term is the same for all x, so that images are
ranked by 2 x·q - ||x||²: one matrix product, and a number for each training image. Every number in
it is whole, and so are all its sums in float32, which has the whole numbers up to 2^24 and the even
ones up to 2^25: pixels are shifted to -128 ... 127, which changes no distance, q is doubled, and no
product runs over more than 1,024 values.

Symbols: N training images, n of a block; B query images; D values of an image; k neighbours.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

Pixels = NDArray[np.uint8]
Rows = NDArray[np.int64]

EXACT = 1024  # values of an image: 2 * 128 * 128 * 1,024 = 2^25
MOST_VALUES = 12 * EXACT  # of an image; the numbers that rank them fit into int32
BLOCK = 4096  # training images at a time
QUERIES = 1024  # query images at a time; with BLOCK numbers of 4 bytes for each
LEAST = np.iinfo(np.int32).min


def nearest(queries: Pixels, training: Iterable[tuple[Rows, Pixels]], k: int) -> Rows:
    """Return the rows (B, k) of the training images nearest to each query (B, D), nearest first.

    `training` has them in blocks: rows (n,), ascending through all blocks, with pixels (n, D). Of
    images at the same distance the first is nearer. Raises InvalidValueError where they are fewer
    than k, k is below 1, or an image has more than MOST_VALUES values.
    """
    values = queries.shape[1]
    if k < 1 or values > MOST_VALUES:
        raise InvalidValueError(
            f"neighbours must be at least 1, of at most {MOST_VALUES:,} values; received {k}, "
            f"{values:,}; reduce the images"
        )
    doubled = [2 * part for part in _shifted(queries)]
    scores = np.full((len(queries), k), LEAST)  # (B, k) int64, descending
    rows = np.full((len(queries), k), -1, np.int64)  # (B, k)
    for numbers, pixels in training:
        for start in range(0, len(pixels), BLOCK):
            block = _shifted(pixels[start : start + BLOCK])
            lengths = _lengths(block)  # (n,)
            for first in range(0, len(queries), QUERIES):
                some = slice(first, first + QUERIES)
                new = _scores([part[some] for part in doubled], block, lengths)  # (b, n)
                _keep(scores[some], rows[some], new, numbers[start : start + BLOCK])
    if (rows < 0).any():
        raise InvalidValueError(
            f"there must be at least {k} training images; received fewer; ask for fewer neighbours"
        )
    return rows


def _shifted(pixels: Pixels) -> list[NDArray[np.float32]]:
    """Return pixels (n, D) less 128, in parts (n, d) of at most EXACT values."""
    parts = range(0, pixels.shape[1], EXACT)
    return [pixels[:, d : d + EXACT].astype(np.float32) - np.float32(128) for d in parts]


def _lengths(block: list[NDArray[np.float32]]) -> NDArray[np.int32]:
    """Return ||x||² of each image (n,)."""
    lengths = np.zeros(len(block[0]), np.int32)
    for part in block:
        lengths += np.einsum("nd,nd->n", part, part).astype(np.int32)
    return lengths


def _scores(
    doubled: list[NDArray[np.float32]], block: list[NDArray[np.float32]], lengths: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return 2 q·x - ||x||² (b, n)."""
    scores: Any = None
    for q, x in zip(doubled, block, strict=True):
        product = (q @ x.T).astype(np.int32)
        scores = product if scores is None else np.add(scores, product, out=scores)
    scores -= lengths
    return scores  # type: ignore[no-any-return]


def _keep(scores: Rows, rows: Rows, new: NDArray[np.int32], numbers: Rows) -> None:
    """Merge a block's scores (b, n), of images with these numbers (n,), into the best (b, k)."""
    k = scores.shape[1]
    floor = scores[:, -1:].astype(np.int32)  # (b, 1): an equal score comes too late
    if len(numbers) > k and floor[0, 0] == LEAST:  # the first block
        floor = np.partition(new, -k, axis=1)[:, -k, None] - 1
    of, at = np.divmod(np.flatnonzero(new > floor), len(numbers))
    if not len(of):
        return
    queries = np.concatenate([np.repeat(np.arange(len(scores)), k), of])
    every = np.concatenate([scores.ravel(), new[of, at]])
    every_row = np.concatenate([rows.ravel(), numbers[at]])
    # By query, then by score; stable, so that of equals the first stays first.
    order = np.argsort(queries * 2**33 - every, kind="stable")
    begins = np.searchsorted(queries[order], np.arange(len(scores)))
    best = order[begins[:, None] + np.arange(k)]  # (b, k)
    scores[...], rows[...] = every[best], every_row[best]
