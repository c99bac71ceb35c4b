"""The cells of a table's text: found and turned to numbers many at a time, odd ones one by one.

A usual cell is a whole number of one to three digits up to 255. All others are odd: text, decimals,
quotes, spaces; `pixel` and `label` say what they are, or raise CellError.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.text import printable

QUOTE, NEWLINE, POINT, ZERO = b'"\n.0'
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LONGEST_CELL = 1000  # bytes
TOO_LONG = f"a cell must have at most {LONGEST_CELL} bytes"
UNCLOSED = "quotes must close in their line"
NO_NAMES = ("nan", "inf", "-inf")  # what a failed computation leaves
LARGEST_LABEL = 2**53  # up to which every whole number is a float


class CellError(Exception):
    """A cell that cannot be what its column has: the rule and the remedy."""

    def __init__(self, rule: str, remedy: str = "correct the cell") -> None:
        super().__init__(rule)
        self.rule, self.remedy = rule, remedy


class Cells(NamedTuple):
    """The cells of a text, in order; cell i ends before byte ends[i], where its separator is."""

    ends: NDArray[np.int64]  # (m,)
    values: NDArray[np.uint8]  # (m,) of the usual cells
    odd: NDArray[np.int64]  # the indices of all others
    newlines: NDArray[np.int64]  # the indices of the cells that end a line

    def bounds(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where these cells begin and where they end in the text."""
        return np.where(indices > 0, self.ends[indices - 1] + 1, 0), self.ends[indices]

    def texts(self, text: bytes, indices: NDArray[np.int64]) -> Iterator[bytes]:
        """Yield the text of each of these cells."""
        begins, ends = self.bounds(indices)
        return (text[b:e] for b, e in zip(begins.tolist(), ends.tolist(), strict=True))

    def before(self, count: int) -> "Cells":
        """Return the first `count` cells."""
        odd, newlines = (i[i < count] for i in (self.odd, self.newlines))
        return Cells(self.ends[:count], self.values[:count], odd, newlines)


def split(text: bytes, delimiter: int) -> Cells:
    """Find all cells of a text that begins with one; what follows the last separator is none.

    A separator in quotes is part of its cell. A quote has to close in its line: a line's end in
    quotes, and all separators after it, are not counted.
    """
    # Three separators more, so that each has three bytes before it: (n + 3,) uint8.
    padded = np.frombuffer(b"\n\n\n" + text, np.uint8)
    digits = padded - np.uint8(ZERO)
    is_digit = digits < 10
    is_newline = padded == NEWLINE
    is_end = is_newline | (padded == delimiter)
    if b'"' in text:
        in_quotes = np.logical_xor.accumulate(padded == QUOTE)
        is_end &= ~in_quotes
        unclosed = np.flatnonzero(is_newline & in_quotes)
        is_end[unclosed[0] if len(unclosed) else len(padded) :] = False
    digits *= is_digit
    # What a number would be that ends before each byte; hundreds count where tens are a digit.
    tens = digits[1:-1] + digits[:-2] * np.uint8(10)  # of bytes 2 ...: the two before it
    hundreds = digits[:-3] * is_digit[1:-2]  # of bytes 3 ...
    is_large = (hundreds > 2) | ((hundreds == 2) & (tens[1:] > 55))
    numbers = tens[1:] + hundreds * np.uint8(100)
    ends = np.flatnonzero(is_end[3:])
    values = numbers.take(ends)
    steps = ends.copy()  # from separator to separator: a cell and 1
    steps[1:] -= ends[:-1]
    steps[:1] += 1
    is_odd = (steps - 2).view(np.uint64) > 2  # of length 0, or more than 3
    if is_large.any():
        is_odd |= is_large.take(ends)
    if len(ends) and np.count_nonzero(is_digit) + len(ends) < len(text):
        is_other = ~(is_digit | is_end)
        others = np.flatnonzero(is_other[3:] & ~is_other[2:-1])  # the first of each run of them
        is_odd[np.searchsorted(ends, others[others < ends[-1]])] = True
    newlines = np.searchsorted(ends, np.flatnonzero((is_newline & is_end)[3:]))
    cells = Cells(ends, values, np.flatnonzero(is_odd), newlines)
    return _undressed(cells, padded, is_digit, numbers, is_large) if len(cells.odd) else cells


def _undressed(
    cells: Cells,
    padded: NDArray[np.uint8],  # (n + 3,)
    is_digit: NDArray[np.bool_],  # (n + 3,)
    numbers: NDArray[np.uint8],  # (n,) what ends before each byte
    is_large: NDArray[np.bool_],  # (n,) whether that is above 255
) -> Cells:
    """Compute the cells that are usual but for quotes around or .0 at the end; return all cells.

    `pixel` says the same of each of them, and takes ten times as long.
    """
    begins, ends = (3 + bound for bound in cells.bounds(cells.odd))
    quoted = (padded[begins] == QUOTE) & (padded[ends - 1] == QUOTE)
    begins += quoted
    ends -= quoted
    ends -= 2 * ((padded[ends - 1] == ZERO) & (padded[ends - 2] == POINT))
    lengths = ends - begins
    digits = is_digit[begins] & is_digit[(begins + ends) // 2] & is_digit[ends - 1]
    usual = (lengths >= 1) & (lengths <= 3) & digits
    usual[usual] &= ~is_large[ends[usual] - 3]
    cells.values[cells.odd[usual]] = numbers[ends[usual] - 3]
    return cells._replace(odd=cells.odd[~usual])


def unquoted(cell: bytes) -> str:
    """Return the text of a cell: without the spaces and the quotes around it."""
    if len(cell) > LONGEST_CELL:
        raise CellError(TOO_LONG)
    try:
        text = cell.decode().strip()
    except UnicodeDecodeError:
        raise CellError("text must be UTF-8", "save the table as UTF-8") from None
    if '"' not in text:
        return text
    inner = text[1:-1].replace('""', "")
    if len(text) < 2 or text[0] != '"' or text[-1] != '"' or '"' in inner:
        raise CellError("quotes must be around a whole cell, and doubled in it")
    return text[1:-1].replace('""', '"')


@lru_cache(1024)
def pixel(cell: bytes) -> int:
    """Return the number of an odd cell, such as "7", 0012 or 2.55e+02; CellError for no pixel."""
    text = unquoted(cell).strip()
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not 0 <= value <= 255 or value != int(value):
        remedy = "correct the cell"
        if text.lower().endswith(PICTURES):
            remedy = "a list of pictures is no table of pixels: put them into a folder a class"
        elif 0 < value < 1:
            remedy = "multiply numbers between 0 and 1 by 255 and round them"
        raise CellError("a pixel must be a whole number from 0 to 255", remedy)
    return int(value)


@lru_cache(1024)
def label(cell: bytes) -> int | str:
    """Return the whole number or the name in a cell; CellError for another number or no text."""
    text = unquoted(cell)
    if NUMBER.fullmatch(text.strip()):
        value = float(text)
        if abs(value) <= LARGEST_LABEL and value == int(value):
            return int(value)
    elif text.strip() and printable(text) == text and text.strip().lower() not in NO_NAMES:
        return text
    raise CellError("a label must be a whole number or a name")
