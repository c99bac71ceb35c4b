"""Images in blocks, so that a file far larger than the memory is read through a small window."""

import mmap
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms import rows_in_block

Images = NDArray[np.uint8]  # (N, H, W) or (N, H, W, 3)


def blocks(images: Images) -> Iterator[tuple[int, Images]]:
    """Yield (start, images[start:stop]), each block valid until the next one is asked for."""
    rows = rows_in_block(images.shape[1:])
    for start in range(0, len(images), rows):
        yield start, np.asarray(images[start : start + rows])
        release(images)


def release(images: Images) -> None:
    """Return a file mapping's pages to the system: they count as memory of the process."""
    mapping: object = images
    while isinstance(mapping, np.ndarray):
        if isinstance(mapping, np.memmap) and mapping.mode != "r":
            return  # changes to a private copy would be lost
        mapping = mapping.base
    if isinstance(mapping, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)
