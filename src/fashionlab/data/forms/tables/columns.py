"""What the columns of a table are: found from its first line, and for the labels from values."""

import csv
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fashionlab.data.forms.tables.cells import NUMBER, CellError, label
from fashionlab.data.options import LARGEST_SIDE, ReadOptions
from fashionlab.errors import DataFormatError
from fashionlab.text import printable

DELIMITERS = b",\t;"
LABELS = {"label", "labels", "class", "classes", "y", "target", "category"}
ROW_NUMBERS = {"", "id", "index", "imageid", "image_id", "unnamed: 0"}  # also as pandas has them
MOST_CLASSES = 100  # of labels that are recognised by their values
MOST_OF_ONE = 0.95  # share of the commonest of such labels
LOOK = 64 * 1024  # bytes of the first line by which it is known as a header
FEWEST_NUMBERED = 9  # columns named 0, 1, 2 ..., so that they are no pixels


@dataclass(frozen=True)
class Columns:
    """The columns of a table: maybe row numbers, then pixels, with labels before, after or none."""

    count: int  # C, of columns
    delimiter: int  # a byte
    has_header: bool
    row_numbers: int  # 1 where the first column counts the rows, else 0
    shape: tuple[int, ...]  # (H, W) or (H, W, 3)
    labels: tuple[int, ...]  # the column of the labels; the two that can be; or none

    @property
    def pixels(self) -> slice:
        """The columns of the pixels, once the column of the labels is known."""
        start = self.row_numbers + (self.labels == (self.row_numbers,))
        return slice(start, start + math.prod(self.shape))

    def line(self, cell: int) -> int:
        """Return the line, from 1, of the cell of this number, from 0 and past the header."""
        return 1 + self.has_header + cell // self.count


def find(line: bytes, options: ReadOptions, path: Path) -> Columns:
    """Return the columns of a table with this first line; DataFormatError where it can have none.

    Two columns of `labels` are candidates: their values decide.
    """
    outside = re.sub(rb'"[^"\n]*"', b"", line)
    delimiter = max(DELIMITERS, key=outside.count)
    count = outside.count(delimiter) + 1
    if count == 1:
        raise DataFormatError(
            "a table must have columns, with a comma, tab or semicolon between them; received "
            f"{_shown(line)} as line 1 of {path}; save it as CSV"
        )
    names, last = _sample(line, chr(delimiter))
    has_header = _is_header(names, count)
    # Without a header no name says anything.
    known = [_plain(name) for name in [*names[: count - 1], last]] if has_header else []
    row_numbers = int(bool(known) and known[0] in ROW_NUMBERS)
    named = [place for place in (0, -1) if known and known[row_numbers:][place] in LABELS]
    inside = [name for name in known[row_numbers + 1 : -1] if name in LABELS]
    if inside and not named and options.labels is None:
        raise DataFormatError(
            f"the labels must be in the first or the last column; received a column "
            f"'{inside[0]}' between others in {path}; move it to the front"
        )
    width = count - row_numbers
    shapes = [_shape(width - labelled, bool(options.colour)) for labelled in (0, 1)]
    labelled = bool(named) or shapes[0] is None
    shape = shapes[labelled]
    if shape is None:
        raise _misfit(width, bool(named), options, path)
    if options.labels is not None:
        named = [0 if options.labels == "first" else -1]
    places: tuple[int, ...] = (row_numbers, count - 1) if labelled else ()
    if len(named) == 1 and labelled:
        places = (places[named[0]],)
    return Columns(count, delimiter, has_header, row_numbers, shape, places)


def _sample(line: bytes, delimiter: str) -> tuple[list[str], str]:
    """Return the first cells of a line, and the last one; of a long line not all are looked at."""
    rows = csv.reader([line[:LOOK].decode(errors="replace")], delimiter=delimiter)
    cells = next(rows, [""])
    if len(line) <= LOOK:
        return cells, cells[-1]
    return cells[:-1] or cells, line[-LOOK:].decode(errors="replace").rpartition(delimiter)[2]


def _plain(name: str) -> str:
    return name.strip(" \t#\"'").lower()  # np.savetxt begins a header with #


def _is_header(cells: list[str], count: int) -> bool:
    """Return whether these are names of columns: no numbers, or 0, 1, 2 ... where pixels were."""
    inner = cells[1 : count - 1] if count > 2 else cells
    if all(cell.strip() and not NUMBER.fullmatch(cell.strip()) for cell in inner):
        return True
    if len(inner) < FEWEST_NUMBERED or inner[0].strip() not in ("0", "1", "2"):
        return False
    return all(cell.strip() == str(i) for i, cell in enumerate(inner, int(inner[0])))


def _shape(pixels: int, colour: bool) -> tuple[int, ...] | None:
    """Return the shape of a square image of so many numbers, if there is one."""
    side = math.isqrt(pixels // 3 if colour else pixels)
    fits = 1 <= side <= LARGEST_SIDE and side * side * (3 if colour else 1) == pixels
    return ((side, side, 3) if colour else (side, side)) if fits else None


def _misfit(width: int, has_labels: bool, options: ReadOptions, path: Path) -> DataFormatError:
    """Return the error for a number of columns that no square image has."""
    numbers, kind = (3, ", three in colour,") if options.colour else (1, "")
    side = min(max(1, round(math.sqrt((width - has_labels) / numbers))), LARGEST_SIDE)
    nearest = numbers * side * side
    remedy = "leave out other columns"
    if any(_shape(width - labelled, not options.colour) for labelled in (0, 1)):
        remedy = "they fit grey images" if options.colour else "in colour they fit: give --colour"
    counts = f"{nearest + 1}" if has_labels else f"{nearest}, or {nearest + 1} with labels"
    return DataFormatError(
        f"a table must have a column for each pixel of a square image of at most {LARGEST_SIDE} x "
        f"{LARGEST_SIDE}{kind} and at most one for labels; received {width} columns in {path}, "
        f"where the nearest number would be {counts}; {remedy}"
    )


def _shown(line: bytes) -> str:
    if not line.strip():
        return "a blank one"
    text = printable(line[:40].decode(errors="replace"))
    return f"'{text}{'...' if len(line) > 40 else ''}'"


def label_column(counts: dict[int, Counter[bytes]], options: ReadOptions) -> int | None:
    """Return which of two columns has the labels, by how often it has which value; None if unclear.

    Names and numbers beyond 0 to 255 are no pixels. Else labels are 2 to MOST_CLASSES whole numbers
    without gaps, from 0 or 1 on, none of which is nearly always there, as the background of a
    corner's pixel is.
    """
    likely = [column for column, values in counts.items() if _are_labels(values, options)]
    return likely[0] if len(likely) == 1 else None


def _are_labels(counts: Counter[bytes], options: ReadOptions) -> bool:
    try:
        values = {label(cell) for cell in counts}
    except CellError:
        return False
    numbers = {value for value in values if isinstance(value, int)}
    if numbers != values or min(numbers) < 0 or max(numbers) > 255:
        return True
    low, high = min(numbers), max(numbers)
    without_gaps = low in {0, 1, options.first_label} and high - low + 1 == len(numbers)
    varied = max(counts.values()) <= MOST_OF_ONE * counts.total()
    return without_gaps and varied and 2 <= len(numbers) <= MOST_CLASSES
