"""The IDX format of MNIST: two zero bytes, type, rank, big-endian dims, then the elements.

Only unsigned bytes (type 0x08) of rank 1 to 4, plain or gzip. A file is hostile until its size
agrees with its header: nothing is allocated on the word of a header alone.
Source of the format: http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError

UBYTE = 0x08
MAX_RANK = 4
GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_LIMIT = 1032  # bytes out per byte in, at most: https://zlib.net/zlib_tech.html
REMEDY = "fetch or write the file anew"


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """The array in an IDX file, plain or gzip (told by its first bytes, not by its name).

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
            f"an IDX file must exist, got no file {path}: check the path"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(
            f"a gzip file must unpack without error, got '{error}' from {path}: {REMEDY}"
        ) from None
    except MemoryError:
        raise DataFormatError(
            f"an IDX file must fit into memory, got too large an array in {path}: {REMEDY}"
        ) from None
    except OSError as error:
        raise DataFormatError(
            f"an IDX file must be readable, got '{error.strerror or error}' from {path}: "
            "check its type and permissions"
        ) from None


def _read(file: BinaryIO, path: Path, limit: int, exact: bool) -> NDArray[np.uint8]:
    """Read header and elements; `limit` is the number of bytes the file can at most yield."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataFormatError(
            f"an IDX file must start with two zero bytes, type and rank, got {magic!r} in {path}: "
            f"{REMEDY}"
        )
    kind, rank = magic[2], magic[3]
    if kind != UBYTE or not 1 <= rank <= MAX_RANK:
        raise DataFormatError(
            f"an IDX file must hold unsigned bytes (type 8) of rank 1 to {MAX_RANK}, got type "
            f"{kind}, rank {rank} in {path}: convert it to uint8"
        )
    dims = file.read(4 * rank)
    if len(dims) < 4 * rank:
        raise DataFormatError(
            f"an IDX header of rank {rank} must have {4 + 4 * rank} bytes, got {4 + len(dims)} "
            f"in {path}: {REMEDY}"
        )
    shape: tuple[int, ...] = struct.unpack(f">{rank}I", dims)
    count, room = math.prod(shape), limit - 4 - 4 * rank
    if count == 0 or count > room or (exact and count != room):
        raise DataFormatError(
            f"an IDX file must hold the elements its header promises, got a promise of {count} "
            f"{shape} and {'' if exact else 'at most '}{room} bytes in {path}: {REMEDY}"
        )
    array = np.empty(shape, dtype=np.uint8)
    view, filled = array.reshape(-1).data, 0
    while filled < count:
        got = file.readinto(view[filled:])  # type: ignore[attr-defined]
        if not got:
            raise DataFormatError(
                f"an IDX file must hold the {count} elements its header promises, got {filled} "
                f"in {path}: {REMEDY}"
            )
        filled += got
    if file.read(1):  # for gzip this also reads and checks the trailing CRC
        raise DataFormatError(
            f"an IDX file must end after its {count} elements, got more bytes in {path}: {REMEDY}"
        )
    return array


def idx_header(shape: tuple[int, ...]) -> bytes:
    """The bytes before the elements of a uint8 array of this shape."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, UBYTE, len(shape), *shape)


def write_idx(path: str | Path, array: NDArray[np.uint8]) -> None:
    """Write `array` as IDX, gzip where the name ends in .gz; the file appears whole or not at all.

    Two writes of one array give the same bytes (no time stamp in the gzip header).
    """
    path = Path(path)
    dims_fit = all(0 < dim < 2**32 for dim in array.shape)
    if array.dtype != np.uint8 or not 1 <= array.ndim <= MAX_RANK or not dims_fit:
        raise InvalidValueError(
            f"IDX arrays must be non-empty uint8 of rank 1 to {MAX_RANK}, got {array.dtype} "
            f"{array.shape}: convert with array.astype('uint8')"
        )
    content = idx_header(array.shape) + array.tobytes()
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place on success and is removed on failure."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp gives 0600, which would hide a shared cache
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (tests replace os.replace)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
