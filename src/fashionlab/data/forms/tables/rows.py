"""The rows of a table, some at a time; an error names the line and the column.

Symbols: C columns; m cells of a chunk of text, the first of which is cell number `done` of all.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms import rows_in_block
from fashionlab.data.forms.stored import REMEDY
from fashionlab.data.forms.tables import source
from fashionlab.data.forms.tables.cells import (
    LONGEST_CELL,
    TOO_LONG,
    UNCLOSED,
    CellError,
    Cells,
    pixel,
    split,
)
from fashionlab.data.forms.tables.columns import Columns
from fashionlab.errors import DataFormatError
from fashionlab.text import printable

MOST_ROWS = 2**14  # in a block, whose labels may be long names
LONGEST_END = 2**20  # bytes of blank lines at the end of a file


class Rows(NamedTuple):
    """Some rows of a table. The array is valid until the next ones are read."""

    values: NDArray[np.uint8]  # (n, C), those of the columns that are pixels
    labels: dict[int, list[bytes]]  # the n cells of each column that has labels, or may have
    first: int  # the number of the first row, from 0


class Lines(NamedTuple):
    """The place of some whole lines in a table's file that is not packed."""

    start: int  # byte of the first line
    end: int  # byte after the last one
    row: int  # the number of the first line's row, from 0


def read_rows(path: Path, columns: Columns, lines: Lines | None = None) -> Iterator[Rows]:
    """Yield all rows, or those of some `lines`.

    Raises DataFormatError where one is ragged or has a pixel that is none.
    """
    most = min(rows_in_block(columns.shape), MOST_ROWS)
    values = np.empty((most, columns.count), np.uint8)
    flat, filled, first = values.reshape(-1), 0, lines.row if lines else 0
    labels: dict[int, list[bytes]] = {column: [] for column in columns.labels}
    for text, cells, done in _read_cells(path, columns, lines):
        for column, texts in labels.items():
            places = np.arange((column - done) % columns.count, len(cells.ends), columns.count)
            texts.extend(cells.texts(text, places))
        left = cells.values
        while len(left):
            some, left = np.split(left, [len(flat) - filled])
            flat[filled : filled + len(some)] = some
            filled += len(some)
            if filled == len(flat):
                yield Rows(values, {c: texts[:most] for c, texts in labels.items()}, first)
                labels = {c: texts[most:] for c, texts in labels.items()}
                filled, first = 0, first + most
    if filled:
        yield Rows(values[: filled // columns.count], labels, first)
    elif not first and not lines:
        raise DataFormatError(f"a table must have rows; received none in {path}; {REMEDY}")


def _read_cells(
    path: Path, columns: Columns, lines: Lines | None
) -> Iterator[tuple[bytes, Cells, int]]:
    """Yield a text, its cells, of which odd pixels have their value now, and `done`."""
    done, rest = lines.row * columns.count if lines else 0, b""
    with source.opened(path) as file:
        if lines:
            file.seek(lines.start)
        parts = source.chunks(file, path, lines.end if lines else None)
        if columns.has_header and not lines:
            parts = chain([source.first_line(parts, path)[1]], parts)
        for part in parts:
            text = rest + part
            cells = split(text, columns.delimiter)
            rest = text[int(cells.ends[-1]) + 1 :] if len(cells.ends) else text
            blank = _check_lines(path, columns, cells, text, done)
            if blank is not None:
                cells, rest = cells.before(blank), b""
                begin = int(cells.ends[-1]) + 1 if blank else 0
                at = done + blank
                _check_blank(path, columns, chain([text[begin:]], parts), at)
            _fill_odd(path, columns, cells, text, done)
            yield text, cells, done
            done += len(cells.ends)
            if b"\n" in rest:
                line = rest.partition(b"\n")[0]
                raise cell_error(path, columns, done, line, CellError(UNCLOSED))
            if len(rest) > LONGEST_CELL:
                raise cell_error(path, columns, done, rest, CellError(TOO_LONG))


def _check_lines(path: Path, columns: Columns, cells: Cells, text: bytes, done: int) -> int | None:
    """Raise DataFormatError where a line has not C cells; return the cell of a blank line."""
    count, newlines = columns.count, cells.newlines
    wanted = np.arange((count - 1 - done) % count, len(cells.ends), count)
    if np.array_equal(newlines, wanted):
        return None
    same = min(len(newlines), len(wanted))
    differ = np.flatnonzero(newlines[:same] != wanted[:same])
    at = int(differ[0]) if len(differ) else same
    if at < len(newlines) and (at == len(wanted) or newlines[at] < wanted[at]):
        last = int(newlines[at])
        received = (done + last) % count + 1
        if received == 1 and not next(cells.texts(text, newlines[at : at + 1])).strip():
            return last
    else:
        last, received = int(wanted[at]), count + 1
    raise DataFormatError(
        f"a row must have as many columns as the first, {count}; received "
        f"{received if received <= count else 'more'} in line {columns.line(done + last)} of "
        f"{path}, which {'ends' if received <= count else 'goes on'} after column "
        f"{min(received, count)}; correct the line"
    )


def _check_blank(path: Path, columns: Columns, parts: Iterator[bytes], at: int) -> None:
    """Raise DataFormatError where other lines follow a blank one, which begins with cell `at`."""
    length = 0
    for part in parts:
        length += len(part)
        if part.strip() or length > LONGEST_END:
            raise DataFormatError(
                f"a row must have {columns.count} columns; received a blank line, line "
                f"{columns.line(at)} of {path}, and others after it; remove blank lines"
            )


def _fill_odd(path: Path, columns: Columns, cells: Cells, text: bytes, done: int) -> None:
    """Compute the values of the pixels that are not one to three digits, one by one."""
    if not len(cells.odd):
        return
    column = (done + cells.odd) % columns.count
    others = [*columns.labels, *range(columns.row_numbers)]
    odd = cells.odd[~np.isin(column, others)]
    found: list[int] = []
    try:
        found.extend(map(pixel, cells.texts(text, odd)))
    except CellError as error:
        odd = odd[len(found) :]
        received = next(cells.texts(text, odd))
        raise cell_error(path, columns, done + int(odd[0]), received, error) from None
    cells.values[odd] = found


def cell_error(
    path: Path, columns: Columns, cell: int, received: bytes, error: CellError
) -> DataFormatError:
    """Return the error for the cell of this number, which names its line and column."""
    shown = printable(received[:40].decode(errors="replace").strip())
    what = (
        f"'{shown}{'...' if len(received) > 40 else ''}'" if received.strip() else "an empty cell"
    )
    return DataFormatError(
        f"{error.rule}; received {what} in line {columns.line(cell)}, column "
        f"{cell % columns.count + 1} of {path}; {error.remedy}"
    )
