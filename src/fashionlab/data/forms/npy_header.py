"""The header of an npy file, read as three fields of text: a hostile one is never evaluated.

NumPy evaluates it, and mends what Python 2 wrote; what comes out of that for other text, also which
warnings, depends on the version of Python.
Source of the format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import re
import struct
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from fashionlab.data.forms.stored import REMEDY
from fashionlab.errors import DataFormatError
from fashionlab.text import printable

MAGIC = b"\x93NUMPY"
SIZES = {(1, 0): "<H", (2, 0): "<I"}  # of a format: the type of the header's length
LONGEST = 10_000  # bytes; NumPy reads no more either
LARGEST_SIDE = 2**40
FIELD = re.compile(
    r"\s*'(descr|fortran_order|shape)'\s*:\s*"
    r"('[^']*'|\[.*\]|True|False|\([\d\s,L]*\))\s*(?:,|$)\s*",
    re.DOTALL,
)
NUMBER = re.compile(r"(\d{1,15})L?")  # L: as Python 2 wrote it
TYPE = re.compile(r"'([<>|=]?)([a-zA-Z])(\d{1,15})'")
OBJECT = re.compile(r"'[<>|=]?O\d*'")


class Header(NamedTuple):
    """What an npy file says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool


def read(file: BinaryIO, where: str) -> Header:
    """Return the header, after which the file is at the elements; DataFormatError for no header."""
    fields = _fields(_text(file, where), where)
    return Header(
        _shape(fields["shape"], where),
        _dtype(fields["descr"], where),
        fields["fortran_order"] == "True",
    )


def _text(file: BinaryIO, where: str) -> str:
    begin = file.read(len(MAGIC) + 2)
    size = SIZES.get((begin[-2], begin[-1])) if begin[:-2] == MAGIC else None
    if size is None:
        raise _unsound(f"{begin!r}", where)
    packed = file.read(struct.calcsize(size))
    length = struct.unpack(size, packed)[0] if len(packed) == struct.calcsize(size) else None
    if length is None or length > LONGEST:
        raise _unsound(f"a length of {length}", where)
    text = file.read(length)
    if len(text) < length:
        raise _unsound(f"{len(text)} of {length} bytes", where)
    return text.decode("latin-1")


def _fields(text: str, where: str) -> dict[str, str]:
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        raise _unsound(f"'{text.strip()}'", where)
    inner, at, fields = inner[1:-1], 0, {}
    while at < len(inner):
        found = FIELD.match(inner, at)
        if found is None or found[1] in fields:
            raise _unsound(f"'{text.strip()}'", where)
        fields[found[1]] = found[2]
        at = found.end()
    orders = ("True", "False")
    if len(fields) < 3 or fields["fortran_order"] not in orders or fields["shape"][0] != "(":
        raise _unsound(f"'{text.strip()}'", where)
    return fields


def _shape(text: str, where: str) -> tuple[int, ...]:
    inner = text[1:-1].strip()
    sides = [NUMBER.fullmatch(side.strip()) for side in inner.removesuffix(",").split(",") if inner]
    shape = tuple(int(side[1]) for side in sides if side)
    is_tuple = len(shape) == len(sides) and ("," in inner or not inner)
    if not is_tuple or max(shape, default=0) >= LARGEST_SIDE:
        raise DataFormatError(
            f"an array's sides must be whole numbers below 2^40; received {text:.60} in {where}; "
            f"{REMEDY}"
        )
    return shape


def _dtype(text: str, where: str) -> np.dtype[Any]:
    if OBJECT.search(text):
        raise DataFormatError(
            f"an array must hold numbers or text; received pickled objects in {where}, which could "
            "run a program when they are read; save it as an array of numbers"
        )
    found = TYPE.fullmatch(text)
    try:
        if found is None or found[2] not in "biufUS":
            raise TypeError
        return np.dtype("".join(found.groups()))
    except (TypeError, ValueError, OverflowError):
        raise DataFormatError(
            f"an array must hold numbers or text; received {text:.60} in {where}; save it as an "
            "array of numbers"
        ) from None


def _unsound(received: str, where: str) -> DataFormatError:
    return DataFormatError(
        f"an npy file must begin with its header, of format 1 or 2; received "
        f"{printable(received):.100} in {where}; {REMEDY}"
    )
