"""StoredArray: an array in a file, known by its header; its elements stay on the disk until read.

Symbols: N rows, n rows of a block.
"""

import gzip
import math
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms import BLOCK_BYTES
from fashionlab.errors import DataFormatError, FashionlabError

GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_LIMIT = 1032  # bytes out per byte in, at most: https://zlib.net/zlib_tech.html
MOST_PACKED = 100  # bytes out per byte in of what is no bomb: tables of digits have 30
LEAST_LIMIT = 2**22  # bytes that any file may unpack to
REMEDY = "fetch or write the file again"
# What zlib, gzip, zipfile and NumPy raise for broken bytes, besides an OSError.
DAMAGED = (
    *(zlib.error, zipfile.BadZipFile, struct.error, EOFError, KeyError, ValueError),
    *(RuntimeError, NotImplementedError, SyntaxError, gzip.BadGzipFile),
)


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array whose header agrees with the size of its file."""

    path: Path
    where: str  # for messages: the path, or the path and the array's name in it
    name: str  # of the file, or of the array in it: it may say which part of a set this is
    form: str  # of the file: IDX, npy or npz
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    open: Callable[[], AbstractContextManager[BinaryIO]]  # at the first element
    offset: int | None = None  # where the elements lie in the file as they are; None: compressed
    fortran: bool = False  # whether the first index varies fastest

    @property
    def row_bytes(self) -> int:
        """The bytes of a row, at least 1."""
        return max(1, math.prod(self.shape[1:]) * self.dtype.itemsize)

    def mapped(self) -> NDArray[np.uint8] | None:
        """Return the array mapped into memory, or None where it is not bytes that lie as they are.

        Raises DataFormatError where the file cannot be mapped.
        """
        if self.offset is None or self.dtype != np.uint8 or self.fortran:
            return None
        with faults(self.where):
            mapped = np.memmap(self.path, np.uint8, "r", self.offset, self.shape)
            return mapped.view(np.ndarray)

    def blocks(self, first: int = 0, last: int | None = None) -> Iterator[NDArray[Any]]:
        """Yield the rows from `first` to before `last`, or all, in blocks (n, ...).

        Checks that nothing follows the last row of all. Raises DataFormatError where the file ends
        before, or is damaged.
        """
        rows, end = max(1, BLOCK_BYTES // self.row_bytes), self.shape[0] if last is None else last
        if self.fortran:
            whole = self._turned()
            yield from (whole[i : min(i + rows, end)] for i in range(first, end, rows))
            return
        with faults(self.where), self.open() as file:
            file.seek(first * self.row_bytes, 1)
            for i in range(first, end, rows):
                n = min(rows, end - i)
                content = _exactly(file, n * self.row_bytes, self.where)
                yield np.frombuffer(content, self.dtype).reshape(n, *self.shape[1:])
            if end == self.shape[0] and file.read(
                1
            ):  # of a compressed file this also reads and checks its CRC
                raise DataFormatError(
                    f"an array must end after its {math.prod(self.shape):,} elements; received "
                    f"more bytes in {self.where}; {REMEDY}"
                )

    def _turned(self) -> NDArray[Any]:
        """Return an array in Fortran's order, whose rows lie scattered: mapped, or in memory."""
        with faults(self.where), self.open() as file:
            if self.offset is not None:
                return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, "F")
            size = math.prod(self.shape) * self.dtype.itemsize
            content = _exactly(file, size, self.where)
            return np.frombuffer(content, self.dtype).reshape(self.shape, order="F")

    def whole(self) -> NDArray[Any]:
        """Return the array in memory."""
        found = list(self.blocks())
        return found[0] if len(found) == 1 else np.concatenate(found)


def _exactly(file: BinaryIO, size: int, where: str) -> bytearray:
    """Read `size` bytes, of which no more are allocated than the file yields."""
    content = bytearray()
    while len(content) < size:
        piece = file.read(min(size - len(content), BLOCK_BYTES))
        if not piece:
            raise DataFormatError(
                f"a file must hold all elements that its header declares; received the end of "
                f"{where} before; {REMEDY}"
            )
        content += piece
    return content


def require_regular(path: Path) -> None:
    """Raise DataFormatError for what is no regular file: a pipe would never open, or never end.

    Raises OSError where there is nothing that could be read.
    """
    if path.is_symlink() and not path.exists():
        raise DataFormatError(
            f"data must be in a regular file; received {path}, a link to nothing; remove it, or "
            "write the file that it names"
        )
    if not stat.S_ISREG(path.stat().st_mode):
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise DataFormatError(
            f"data must be in a regular file; received {kind}, {path}; write them into a file"
        )


def require_no_bomb(size: int, packed: int, where: str) -> None:
    """Raise DataFormatError where `packed` bytes unpack to so many that they are no images."""
    if size > max(LEAST_LIMIT, MOST_PACKED * packed):
        raise DataFormatError(
            f"a packed file may unpack to at most {MOST_PACKED} times its size; received "
            f"{packed:,} bytes that unpack to {size:,} or more in {where}; unpack it first where "
            "that is right"
        )


@contextmanager
def faults(where: str) -> Iterator[None]:
    """Raise DataFormatError for what a damaged or unreadable file raises in its reader."""
    try:
        yield
    except (FashionlabError, FileNotFoundError):
        raise
    except DAMAGED as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataFormatError(
            f"a compressed file must be whole; received a damaged one, {where} ({reason}); {REMEDY}"
        ) from None
    except MemoryError:
        raise DataFormatError(
            f"an array must fit into memory; received a larger one in {where}; {REMEDY}"
        ) from None
    except OSError as error:  # gzip's own errors have no number
        raise DataFormatError(
            f"a file must be readable; received '{error.strerror or error}' from {where}; "
            "check its type and permissions"
        ) from None


def shown(dtype: np.dtype[Any]) -> str:
    """Return a type's name: float32 for >f4; <U20 for text, whose name would count its bits."""
    return dtype.name if dtype.kind in "biuf" else str(dtype)


def require_sound(
    shape: tuple[int, ...], dtype: np.dtype[Any], room: int, where: str, exact: bool
) -> None:
    """Raise DataFormatError where a header's shape cannot fill, or `exact`ly, `room` bytes."""
    if not shape:
        raise DataFormatError(
            f"an array must have rows; received a single number in {where}; leave it out"
        )
    size = math.prod(shape) * dtype.itemsize  # a number of Python's, of any size
    if size == 0 or size > room or (exact and size != room):
        raise DataFormatError(
            f"a file must hold as many elements as its header declares; received a header of "
            f"{shape} {shown(dtype)} and {'' if exact else 'at most '}{room:,} bytes in {where}; "
            f"{REMEDY}"
        )
