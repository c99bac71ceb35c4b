"""The IDX format of MNIST: two zero bytes, type, rank, big-endian dims, then the elements.

Plain or gzip, of any type of the format. A file may be hostile: nothing is allocated before its
size agrees with its header.
Source of the format: http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data.forms.stored import (
    DEFLATE_LIMIT,
    GZIP_MAGIC,
    REMEDY,
    StoredArray,
    faults,
    require_no_bomb,
    require_sound,
    shown,
)
from fashionlab.data.storage import blocks
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError

UBYTE = 0x08
TYPES = {UBYTE: "u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_RANK = 4


def describe(path: Path) -> StoredArray:
    """Return the array in an IDX file, plain or gzip (recognised by its first bytes).

    Raises DataNotFoundError if there is no file, DataFormatError if its header is not sound.
    """
    try:
        with faults(str(path)), path.open("rb") as raw:
            size = os.fstat(raw.fileno()).st_size
            zipped = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            if zipped:
                with gzip.GzipFile(fileobj=raw) as unzipped:
                    # GzipFile is a BinaryIO in all that is used.
                    shape, dtype = _header(cast(BinaryIO, unzipped), path)
            else:
                shape, dtype = _header(raw, path)
    except FileNotFoundError:
        raise DataNotFoundError(
            f"an IDX file must exist; received {path}, which does not; check the path"
        ) from None
    start = 4 + 4 * len(shape)
    room = (size * DEFLATE_LIMIT if zipped else size) - start
    require_sound(shape, dtype, room, str(path), exact=not zipped)
    if zipped:
        require_no_bomb(math.prod(shape) * dtype.itemsize, size, str(path))
    return StoredArray(
        path,
        str(path),
        path.name,
        "IDX",
        shape,
        dtype,
        partial(_opened, path, zipped, start),
        offset=None if zipped else start,
    )


@contextmanager
def _opened(path: Path, zipped: bool, start: int) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if not zipped:
            raw.seek(start)
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unzipped:
            unzipped.read(start)
            yield cast(BinaryIO, unzipped)


def _header(file: BinaryIO, path: Path) -> tuple[tuple[int, ...], np.dtype]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataFormatError(
            f"an IDX file must start with two zero bytes, type and rank; received {magic!r} in "
            f"{path}; {REMEDY}"
        )
    kind, rank = magic[2], magic[3]
    if kind not in TYPES or not 1 <= rank <= MAX_RANK:
        raise DataFormatError(
            f"an IDX file must have a type of the format (8 for bytes) and rank 1 to {MAX_RANK}; "
            f"received type {kind}, rank {rank} in {path}; {REMEDY}"
        )
    dims = file.read(4 * rank)
    if len(dims) < 4 * rank:
        raise DataFormatError(
            f"an IDX header of rank {rank} must have {4 + 4 * rank} bytes; received "
            f"{4 + len(dims)} in {path}; {REMEDY}"
        )
    return struct.unpack(f">{rank}I", dims), np.dtype(TYPES[kind])


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read the array of bytes in an IDX file, plain or gzip.

    Raises DataNotFoundError if there is no file, DataFormatError if it is not sound IDX.
    """
    stored = describe(Path(path))
    if stored.dtype != np.uint8:
        raise DataFormatError(
            f"an IDX file must hold unsigned bytes here; received {shown(stored.dtype)} in {path}; "
            "convert it to uint8"
        )
    return stored.whole()


def idx_header(shape: tuple[int, ...]) -> bytes:
    """Return the bytes before the elements of a uint8 array of this shape."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, UBYTE, len(shape), *shape)


def write_idx(path: str | Path, array: NDArray[np.uint8]) -> None:
    """Write `array` as IDX, gzip if the name ends in .gz; the file appears whole or not at all.

    Two writes of one array give the same bytes (no time stamp in the gzip header).
    """
    path = Path(path)
    dims_fit = all(0 < dim < 2**32 for dim in array.shape)
    if array.dtype != np.uint8 or not 1 <= array.ndim <= MAX_RANK or not dims_fit:
        raise InvalidValueError(
            f"IDX arrays must be non-empty uint8 of rank 1 to {MAX_RANK}; received {array.dtype} "
            f"{array.shape}; convert with array.astype('uint8')"
        )
    content = idx_header(array.shape) + array.tobytes()
    files.write(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def write_images(path: Path, images: NDArray[np.uint8]) -> None:
    """Write images (N, H, W) or (N, H, W, 3), of any number, as plain IDX that can be mapped."""
    with files.writing(path) as file:
        file.write(idx_header(images.shape))
        for _, block in blocks(images):
            file.write(np.ascontiguousarray(block).data)
