"""The border between the files of a run and the program: what comes across is checked and typed.

Whatever a parser raises for a damaged or hostile file becomes one error that names the file, and
none of them takes more memory than a limit allows.
"""

import csv
import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from fashionlab import files
from fashionlab.errors import FashionlabError, RunError
from fashionlab.typed import parse, typed

Array = NDArray[Any]

LARGEST_TEXT = 64 * 2**20  # bytes; a million pairs of duplicates take 20 MB
LARGEST_ARRAYS = 2**30  # bytes of a file, and of an array in it
LARGEST_CELL = 1e300  # so that what is computed from it is finite
MOST_COLUMNS = 100
SHOWN = 160  # characters of a reason


@contextmanager
def border(
    what: object,
    error: type[FashionlabError] = RunError,
    remedy: str = "give a finished run folder",
) -> Iterator[None]:
    """Raise `error`, which names `what`, for anything but an error of fashionlab's own."""
    try:
        yield
    except FashionlabError:
        raise
    except Exception as failure:  # parsers raise anything for a hostile file
        said = getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
        reason = " ".join(said.split())[:SHOWN]
        raise error(f"{what} cannot be read ({reason}); {remedy}") from failure


def json_file(path: Path, kind: Any) -> Any:
    """Return the JSON in a file as `kind`, which `typed` takes."""
    with border(path):
        return typed(kind, parse(files.read(path, LARGEST_TEXT).decode()))


def arrays(path: Path, *keys: str) -> list[Array]:
    """Return the numbers that a NumPy archive has under these keys."""
    with (
        border(path),
        zipfile.ZipFile(io.BytesIO(files.read(path, LARGEST_ARRAYS))) as archive,
    ):
        return [_array(archive, key) for key in keys]


def _array(archive: zipfile.ZipFile, key: str) -> Array:
    """Return one array, whose header is checked before there is memory for it."""
    with archive.open(f"{key}.npy") as member:
        stored = member.read(LARGEST_ARRAYS + 1)
    content = io.BytesIO(stored)
    version = np.lib.format.read_magic(content)
    if version != (1, 0):  # of all arrays of numbers
        raise ValueError(f"{key} is of NumPy's format {version}")
    shape, columns_first, dtype = np.lib.format.read_array_header_1_0(content)
    rest = memoryview(stored)[content.tell() :]
    sound = dtype.kind in "fiu" and shape and not columns_first
    if not sound or len(rest) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{key} is not the array of numbers that its header describes")
    return np.frombuffer(rest, dtype).reshape(shape).copy()


def tensors(path: Path) -> dict[str, Array]:
    """Return the arrays in a safetensors file by name."""
    with border(path):
        return load(files.read(path, LARGEST_ARRAYS))


def table(path: Path, *columns: str) -> list[dict[str, float]]:
    """Return the rows of numbers in a CSV file, which must have these columns."""
    with border(path):
        text = io.StringIO(files.read(path, LARGEST_TEXT).decode(), newline="")
        reader = csv.DictReader(text, strict=True)
        rows = [{k: _number(v) for k, v in row.items()} for row in reader]
        names = reader.fieldnames or ()
        if missing := [name for name in columns if name not in names]:
            raise ValueError(f"no column {', '.join(missing)}")
        if len(names) > MOST_COLUMNS or len(set(names)) < len(names):
            raise ValueError("too many columns, or two of one name")
        return rows


def _number(cell: str) -> float:
    number = float(cell)
    if not abs(number) <= LARGEST_CELL:
        raise ValueError(f"a number from -{LARGEST_CELL:g} to {LARGEST_CELL:g} must be in a cell")
    return number
