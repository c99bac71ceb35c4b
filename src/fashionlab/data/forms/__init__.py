"""The forms of files that a data set comes in: a reader and a writer each.

    content     form_of                      which form a file has, by its first bytes
    idx         describe, write_images       MNIST's files
    npy         describe_npy, describe_npz   NumPy's
    npy_header  read                         their header, of which nothing is evaluated
    stored      StoredArray                  an array in one of these, before it is read
    elements    image_rows, labels_of        its elements as bytes, and as labels
    part_names  part_named, part_in          which part a name means
    tables/     read, write                  CSV and TSV
    parquet/    read, write                  Hugging Face's Parquet files
    pictures/   read, write                  folders of pictures

A reader yields its rows in blocks of at most BLOCK_BYTES of pixels, so that no file is held in
memory whole; `data.unpack` puts them together. A writer takes a `Dataset`, whose images may be
mapped from a file, and writes them in blocks as well. Every reader raises DataFormatError, with
the file's name, for a file that is not sound.
"""

from typing import NamedTuple

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


__all__ = ["BLOCK_BYTES", "Block", "rows_in_block"]
