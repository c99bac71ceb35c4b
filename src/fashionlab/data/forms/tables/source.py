"""The text of a table's file, plain or gzip, in chunks, with one kind of line end."""

import codecs
import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from fashionlab.data.forms.stored import GZIP_MAGIC, REMEDY, require_no_bomb
from fashionlab.errors import DataFormatError, DataNotFoundError

CHUNK = 64 * 1024  # bytes, so that all arrays made of a chunk stay in the processor's cache
LONGEST_LINE = 16 * 2**20  # bytes: 1024 x 1024 pixels in colour, of three digits, have 12 MiB


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Yield the bytes of a regular file, unpacked where they are gzip.

    Turns what goes wrong with the file, also while it is read, into DataNotFoundError and
    DataFormatError.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a FIFO would never open
            raise DataFormatError(
                f"a table must be a regular file; received {path}, which is none; name the file"
            )
        with path.open("rb") as file:
            zipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if not zipped:
                yield file
                return
            with gzip.GzipFile(fileobj=file) as unzipped:
                # GzipFile is a BinaryIO in all that is used of it.
                yield unzipped  # type: ignore[misc]
    except FileNotFoundError:
        raise DataNotFoundError(
            f"a table must exist; received {path}, which does not; check the path"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(
            f"a gzip file must unpack without error; received '{error}' from {path}; {REMEDY}"
        ) from None
    except OSError as error:
        raise DataFormatError(
            f"a table must be readable; received '{error.strerror or error}' from {path}; check "
            "its type and permissions"
        ) from None


def chunks(file: BinaryIO, path: Path, end: int | None = None) -> Iterator[bytes]:
    r"""Yield the text in chunks, its lines ending with "\n", the last one too.

    With `end`, the file is in the middle of its text, and is read up to that byte. Raises
    DataFormatError for what is another kind of file.
    """
    line, last, after_return = 1, b"\n", False
    first = end is None
    packed: Any = file.fileobj if isinstance(file, gzip.GzipFile) else file
    size = 0
    while chunk := file.read(_next(file, end, first)):
        size += len(chunk)
        require_no_bomb(size, packed.tell(), str(path))
        if first:
            if kind := other_kind(chunk):
                raise DataFormatError(
                    f"a table must be text in UTF-8; received {kind} in {path}; fetch the "
                    "table itself, or save it as CSV"
                )
            chunk, first = chunk.removeprefix(codecs.BOM_UTF8), False
        if after_return:
            chunk = chunk.removeprefix(b"\n")
        after_return = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\0" in chunk:
            line += chunk.count(b"\n", 0, chunk.index(b"\0"))
            raise DataFormatError(
                f"a table must be text; received a NUL byte in line {line} of {path}; {REMEDY}"
            )
        if chunk:
            line, last = line + chunk.count(b"\n"), chunk[-1:]
            yield chunk
    if last != b"\n":
        yield b"\n"


def _next(file: BinaryIO, end: int | None, first: bool) -> int:
    """Return how many bytes to read: of the first chunk at least those of a mark of UTF-8."""
    if end is not None:
        return min(CHUNK, max(0, end - file.tell()))
    return max(CHUNK, len(codecs.BOM_UTF8)) if first else CHUNK


def other_kind(head: bytes) -> str | None:
    """Return what a file is in truth, by its first bytes, where that is no table."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:4].lower()
    if start.startswith(b"<"):
        return "an HTML or XML page"
    if head.startswith(GZIP_MAGIC):
        return "a gzip file inside a gzip file"
    if head.startswith(b"PK\x03\x04"):
        return "a zip archive (unpack it first)"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    if head[1::2].count(0) * 2 > len(head[1::2]) or head[::2].count(0) * 2 > len(head[::2]):
        return "UTF-16 or binary data"
    if start.startswith((b"par1", b"\x93num", b"\x89png", b"%pdf", b"{")):
        return "another kind of file"
    return None


def first_line(parts: Iterator[bytes], path: Path) -> tuple[bytes, bytes]:
    """Return the first line, without its end, and what follows it in the parts read so far."""
    line = bytearray()
    for part in parts:
        before, end, after = part.partition(b"\n")
        line += before
        if len(line) > LONGEST_LINE:
            raise DataFormatError(
                f"a line of a table must have at most {LONGEST_LINE:,} bytes; received more in "
                f"line 1 of {path}; {REMEDY}"
            )
        if end:
            return bytes(line), after
    return bytes(line), b""
