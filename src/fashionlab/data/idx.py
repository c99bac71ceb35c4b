"""The IDX format of MNIST: two zero bytes, type, rank, big-endian dims, then the elements.

Only unsigned bytes (type 0x08) of rank 1 to 4, plain or gzip. A file may be hostile: nothing is
allocated before its size agrees with its header.
Source of the format: http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError

UBYTE = 0x08
MAX_RANK = 4
GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_LIMIT = 1032  # bytes out per byte in, at most: https://zlib.net/zlib_tech.html
REMEDY = "fetch or write the file again"


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read the array in an IDX file, plain or gzip (recognised by its first bytes, not its name).

    Raises DataNotFoundError if there is no file, DataFormatError if it is not sound IDX.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            zipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if not zipped:
                return _read(file, path, limit=size, exact=True)
            with gzip.GzipFile(fileobj=file) as unzipped:
                # GzipFile is a BinaryIO in all that _read uses.
                return _read(unzipped, path, limit=size * DEFLATE_LIMIT, exact=False)  # type: ignore[arg-type]
    except FileNotFoundError:
        raise DataNotFoundError(
            f"an IDX file must exist; received {path}, which does not; check the path"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(
            f"a gzip file must unpack without error; received '{error}' from {path}; {REMEDY}"
        ) from None
    except MemoryError:
        raise DataFormatError(
            f"an IDX file must fit into memory; received a larger one in {path}; {REMEDY}"
        ) from None
    except OSError as error:
        raise DataFormatError(
            f"an IDX file must be readable; received '{error.strerror or error}' from {path}; "
            "check its type and permissions"
        ) from None


def _read(file: BinaryIO, path: Path, limit: int, exact: bool) -> NDArray[np.uint8]:
    """Read header and elements; the file yields at most `limit` bytes, or `exact`ly that many."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataFormatError(
            f"an IDX file must start with two zero bytes, type and rank; received {magic!r} in "
            f"{path}; {REMEDY}"
        )
    kind, rank = magic[2], magic[3]
    if kind != UBYTE or not 1 <= rank <= MAX_RANK:
        raise DataFormatError(
            f"an IDX file must hold unsigned bytes (type 8) of rank 1 to {MAX_RANK}; received type "
            f"{kind}, rank {rank} in {path}; convert it to uint8"
        )
    dims = file.read(4 * rank)
    if len(dims) < 4 * rank:
        raise DataFormatError(
            f"an IDX header of rank {rank} must have {4 + 4 * rank} bytes; received "
            f"{4 + len(dims)} in {path}; {REMEDY}"
        )
    shape: tuple[int, ...] = struct.unpack(f">{rank}I", dims)
    count, room = math.prod(shape), limit - 4 - 4 * rank
    if count == 0 or count > room or (exact and count != room):
        raise DataFormatError(
            f"an IDX file must hold as many elements as its header declares; received {count} "
            f"{shape} and {'' if exact else 'at most '}{room} bytes in {path}; {REMEDY}"
        )
    array = np.empty(shape, dtype=np.uint8)
    view, filled = array.reshape(-1).data, 0
    while filled < count:
        count_read = file.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count_read:
            raise DataFormatError(
                f"an IDX file must hold the {count} elements that its header declares; received "
                f"{filled} in {path}; {REMEDY}"
            )
        filled += count_read
    if file.read(1):  # for gzip this also reads and checks the trailing CRC
        raise DataFormatError(
            f"an IDX file must end after its {count} elements; received more bytes in {path}; "
            f"{REMEDY}"
        )
    return array


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
