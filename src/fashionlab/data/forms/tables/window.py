"""lines_of, images_of: a large table in parts, of which any can be read without those before it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms.stored import GZIP_MAGIC, REMEDY
from fashionlab.data.forms.tables import source
from fashionlab.data.forms.tables.columns import Columns
from fashionlab.data.forms.tables.rows import LONGEST_END, Lines, read_rows
from fashionlab.errors import DataFormatError

SCANNED = 2**22  # bytes that are searched for line ends at once
NEWLINE = 10


def can_be_cut(path: Path) -> bool:
    r"""Return whether a table's lines lie in its file as they are, and end with "\n"."""
    with path.open("rb") as file:
        head = file.read(source.CHUNK)
    return not head.startswith(GZIP_MAGIC) and b"\r" not in head.replace(b"\r\n", b"")[:-1]


def lines_of(path: Path, columns: Columns, rows: int) -> tuple[list[Lines], int]:
    """Return the places of the rows in parts of so many `rows`, and the number of all rows.

    The file is read once, for its line ends. Raises DataFormatError for a table without rows.
    """
    starts: list[int] = []
    line, at, last = 0, 0, NEWLINE  # lines and bytes before the block; the byte before it
    header = int(columns.has_header)
    with source.opened(path) as file:
        while block := file.read(SCANNED):
            found = np.frombuffer(block, np.uint8)
            begins = np.flatnonzero(found == NEWLINE) + (at + 1)  # bytes where the next lines begin
            if last == NEWLINE:
                begins = np.concatenate([[at], begins[:-1] if found[-1] == NEWLINE else begins])
            elif found[-1] == NEWLINE:
                begins = begins[:-1]
            row = np.arange(line, line + len(begins)) - header
            starts += begins[(row >= 0) & (row % rows == 0)].tolist()
            line, at, last = line + len(begins), at + len(block), int(found[-1])
    count = line - header - _blank_lines(path, at)
    if count <= 0:
        raise DataFormatError(f"a table must have rows; received none in {path}; {REMEDY}")
    starts = starts[: -(-count // rows)]
    ends = [*starts[1:], at]
    return [Lines(s, e, i * rows) for i, (s, e) in enumerate(zip(starts, ends, strict=True))], count


def _blank_lines(path: Path, size: int) -> int:
    """Return how many blank lines are at the end of a file."""
    with path.open("rb") as file:
        file.seek(max(0, size - LONGEST_END))
        tail = file.read(LONGEST_END)
    blank = tail[len(tail.rstrip(b" \t\r\n")) :]
    lines = blank.split(b"\n")[1:]  # after the end of the last line that is not blank
    return len(lines) - (not lines[-1]) if lines else 0


def images_of(
    path: Path, columns: Columns, lines: Lines, count: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the `count` images of some lines in blocks (n, H, W[, 3]).

    Raises DataFormatError, with the line's number in the file, where one is not sound.
    """
    done = 0
    for rows in read_rows(path, columns, lines):
        done += len(rows.values)
        yield rows.values[:, columns.pixels].copy().reshape(-1, *columns.shape)
    if done != count:
        raise DataFormatError(
            f"each line of a table must be a row; received {done:,} rows in {count:,} lines from "
            f"line {columns.line(lines.row * columns.count):,} of {path}; remove blank lines"
        )
