"""Images larger than the memory: read in blocks, of which no page stays; rows copied to a file.

A map of a file is memory of the process as far as it has been read. `blocks` gives the pages back
to the system, which still has them in its cache.

Symbols: N images, n images of a block.
"""

import math
import mmap
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms import rows_in_block
from fashionlab.errors import DataFormatError

Copy = Callable[[slice, NDArray[np.uint8]], None]

IN_MEMORY = 2**29  # bytes; larger sets of images stay on the disk
SCATTERED = 512  # rows of a map that are read together: each may bring 64 kB into memory


def blocks(images: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield the rows of images (N, H, W[, 3]) in order, in blocks, each with its place.

    A block is valid until the next one.
    """
    rows = rows_in_block(images.shape[1:])
    for first in range(0, len(images), rows):
        place = slice(first, min(first + rows, len(images)))
        yield place, images[place]
        release(images)


def release(images: NDArray[Any]) -> None:
    """Give the pages of a mapped file back. Does nothing for other arrays, nor for a map that can
    be written, whose changes may have no other place.
    """
    mapped = _map(images)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        with suppress(OSError, ValueError):  # a map that another thread has closed
            mapped.madvise(mmap.MADV_DONTNEED)


@contextmanager
def reading(images: NDArray[np.uint8]) -> Iterator[Copy]:
    """Yield a function that copies the rows of a slice into an array of their shape.

    It reads the file that images are mapped from, in few calls, where the map would bring one page
    after the other. Raises DataFormatError where the file is another now.
    """
    place = _file(images)
    if place is None:

        def copy(rows: slice, out: NDArray[np.uint8]) -> None:
            out[...] = images[rows]
            release(images)

        yield copy
        return
    path, offset = place
    with path.open("rb", buffering=0) as file:

        def read(rows: slice, out: NDArray[np.uint8]) -> None:
            file.seek(offset + rows.start * images[0].nbytes)
            rest = out.data.cast("B")
            while rest and (n := file.readinto(rest)):
                rest = rest[n:]
            changed = bool(rest) or not np.array_equal(out[0], images[rows.start])
            release(images)
            if changed:
                raise DataFormatError(
                    f"a file must stay as it is while it is trained on; received another content "
                    f"in {path}; start again"
                )

        yield read


def _file(images: NDArray[np.uint8]) -> tuple[Path, int] | None:
    """Return the file that images are mapped from, row by row, and where they begin in it."""
    array: Any = images
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    if not is_mapped(images) or array is None or not images.flags.c_contiguous:
        return None
    while isinstance(array.base, np.memmap):  # a part of a map is one too
        array = array.base
    if array.filename is None or not Path(array.filename).is_file():
        return None  # removed since, or never had a name
    return Path(array.filename), array.offset + images.ctypes.data - array.ctypes.data


def is_mapped(images: NDArray[Any]) -> bool:
    """Return whether images are a part of a mapped file that is read alone."""
    return _map(images) is not None


def _map(array: Any) -> mmap.mmap | None:
    is_written = False
    while isinstance(array, np.ndarray):
        is_written |= isinstance(array, np.memmap) and array.flags.writeable
        array = array.base
    return array if isinstance(array, mmap.mmap) and not is_written else None


def stays_on_disk(image_shape: tuple[int, ...], n: int) -> bool:
    """Return whether n images of this shape are too many to be held in memory."""
    return n * math.prod(image_shape) > IN_MEMORY


def rows_of(images: NDArray[np.uint8], rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """Copy the images at `rows` (n,): many into a file without a name, few into memory.

    Raises OSError where the disk is full.
    """
    shape = images.shape[1:]
    if not stays_on_disk(shape, len(rows)):
        if not is_mapped(images):
            return np.asarray(images[rows])
        chosen = np.empty((len(rows), *shape), np.uint8)
        for first in range(0, len(rows), SCATTERED):
            chosen[first : first + SCATTERED] = images[rows[first : first + SCATTERED]]
            release(images)
        return chosen
    with tempfile.TemporaryFile(prefix="fashionlab-") as file:
        for first in range(0, len(rows), SCATTERED):
            file.write(np.ascontiguousarray(images[rows[first : first + SCATTERED]]).data)
            release(images)
        file.flush()
        mapped = np.memmap(file, np.uint8, "r", shape=(len(rows), *shape))
    return mapped.view(np.ndarray)
