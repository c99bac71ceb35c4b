"""The forms of files that a data set comes in: a reader and a writer each.

A reader yields its rows in blocks of at most BLOCK_BYTES of pixels, so that no file is held in
memory whole; what becomes of the blocks, `data.load` knows. A writer takes a `Dataset`, whose
images may be mapped from a file, and writes them in blocks as well. Every reader raises
DataFormatError, with the file's name, for a file that is not sound.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 4 * 2**20  # of pixels


class Block(NamedTuple):
    """Some rows of a data set, in their order."""

    # (n, H, W) or (n, H, W, 3), of one shape in all blocks; no later block is written into it.
    images: NDArray[np.uint8]
    # (n,) whole numbers as the file has them, or names; None where the file has no labels.
    labels: NDArray[np.int64] | list[str] | None


def rows_in_block(image_shape: tuple[int, ...]) -> int:
    """Return how many images of this shape make a block."""
    size = 1
    for side in image_shape:
        size *= side
    return max(1, BLOCK_BYTES // max(1, size))


__all__: list[Any] = ["BLOCK_BYTES", "Block", "rows_in_block"]
