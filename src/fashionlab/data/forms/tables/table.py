"""CSV and TSV: a row an image, its label first or last or missing, a number a pixel.

Plain or gzip; comma, tab or semicolon; with or without a header. The numbers of a row go through
the image row by row from its top left, in colour pixel by pixel: red, green, blue, red, green ...
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data.dataset import Dataset
from fashionlab.data.forms import Block, rows_in_block
from fashionlab.data.forms.tables import source
from fashionlab.data.forms.tables.cells import CellError, label
from fashionlab.data.forms.tables.columns import DELIMITERS, Columns, find, label_column
from fashionlab.data.forms.tables.rows import Rows, cell_error, read_rows
from fashionlab.data.options import LARGEST_SIDE, ReadOptions
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.text import csv_cell

CONTROL = re.compile(rb"[^\t\n\r -\xff]")  # no character of a text
MOST_VALUES = 1000  # of a column that may be the labels


def read(path: Path, options: ReadOptions) -> Iterator[Block]:
    """Yield the images of a table, and its labels where it has some.

    Of `options` it heeds `colour`, `labels` and, to find the labels, `first_label`. Raises
    DataNotFoundError where there is no file, DataFormatError where it is not sound.
    """
    columns = columns_of(path, options)
    are_names: bool | None = None
    for rows in read_rows(path, columns):
        pixels = rows.values[:, columns.pixels]  # (n, P)
        images = pixels.copy().reshape(-1, *columns.shape)  # `rows` is filled again
        if not columns.labels:
            yield Block(images, None)
            continue
        labels = _labels(path, columns, rows, are_names)
        are_names = isinstance(labels, list)
        yield Block(images, labels)


def columns_of(path: Path, options: ReadOptions) -> Columns:
    """Return the columns of a table, known by its first line, and by values where that needs it.

    Raises as `read` does.
    """
    with source.opened(path) as file:
        line, _ = source.first_line(source.chunks(file, path), path)
    columns = find(line, options, path)
    return _find_labels(path, columns, options) if len(columns.labels) == 2 else columns


def _find_labels(path: Path, columns: Columns, options: ReadOptions) -> Columns:
    """Return the columns with the one of the labels, which is found by the values of both."""
    counts: dict[int, Counter[bytes]] = {column: Counter() for column in columns.labels}
    for rows in read_rows(path, columns):
        for column, cells in rows.labels.items():
            counts[column].update(cells)
        found = label_column(counts, options)
        if found is not None:
            return replace(columns, labels=(found,))
        if max(len(values) for values in counts.values()) > MOST_VALUES:
            break
    raise DataFormatError(
        f"the first or the last column must be known as the labels by its name or its values; "
        f"received {path}, where both or none could be; give --labels first, or --labels last"
    )


def _labels(
    path: Path, columns: Columns, rows: Rows, are_names: bool | None
) -> NDArray[np.int64] | list[str]:
    """Return the labels of some rows; all of a table have to be whole numbers, or all names."""
    (column,) = columns.labels
    found: list[int | str] = []
    try:
        for cell in rows.labels[column]:
            value = label(cell)
            if are_names is None:
                are_names = isinstance(value, str)
            if are_names is not isinstance(value, str):
                raise CellError(
                    "labels must all be whole numbers, or all names; the rows before have "
                    f"{'names' if are_names else 'numbers'}",
                    "write all in one way",
                )
            found.append(value)
    except CellError as error:
        at = (rows.first + len(found)) * columns.count + column
        raise cell_error(path, columns, at, rows.labels[column][len(found)], error) from None
    return list(map(str, found)) if are_names else np.array(found, np.int64)


def sniff(head: bytes) -> bool:
    """Return whether a file that begins with these bytes, unpacked, can be such a table."""
    if source.other_kind(head) or CONTROL.search(head):
        return False
    lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    delimiter = max(DELIMITERS, key=lines[0].count)
    columns = lines[0].count(delimiter)
    whole = [line.count(delimiter) for line in lines[1:-1] if b'"' not in line + lines[0]]
    return columns > 0 and all(count in (0, columns) for count in whole)


def write(path: Path, dataset: Dataset) -> None:
    """Write a table with a header: label, pixel1, pixel2 ...; whole or not at all.

    Tabs divide the columns where the name has .tsv, else commas; gzip, without a time stamp, where
    it ends in .gz. Labels are numbers where the class names are, or would be taken for, numbers or
    a formula, else the names.
    """
    height, width = dataset.image_shape[:2]
    count = height * width * (3 if dataset.is_colour else 1)
    if height != width or count > LARGEST_SIDE**2:
        raise InvalidValueError(
            f"a table must have square images, whose shape its number of columns tells, of at most "
            f"{LARGEST_SIDE**2:,} numbers; received {' x '.join(map(str, dataset.image_shape))}; "
            "write another form, such as npz"
        )
    delimiter = b"\t" if path.name.lower().endswith((".tsv", ".tsv.gz")) else b","
    names = _label_cells(dataset.class_names, delimiter)
    cells = np.array([delimiter + b"%d" % value for value in range(256)], "S4")
    with files.writing(path) as file:
        zipped = gzip.GzipFile("", "wb", 6, file, mtime=0) if path.suffix.lower() == ".gz" else None
        with zipped or nullcontext(file) as out:
            out.write(b"label")
            out.writelines(delimiter + b"pixel%d" % number for number in range(1, count + 1))
            out.write(b"\n")
            step = max(1, rows_in_block(dataset.image_shape) // 8)  # a cell has 4 bytes at first
            for start in range(0, len(dataset), step):
                images, labels = (a[start : start + step] for a in (dataset.images, dataset.labels))
                rows = cells[images.reshape(len(labels), count)]  # (n, P) S4, filled up with NUL
                for k, row in zip(labels.tolist(), rows, strict=True):
                    out.write(names[k] + row.tobytes().translate(None, b"\0") + b"\n")


def _label_cells(names: tuple[str, ...], delimiter: bytes) -> list[bytes]:
    """Return the cell of each class: its name where all names are read as such, else its number."""
    cells = []
    for name in names:
        cell = name.encode()
        if delimiter in cell or b'"' in cell or cell.strip() != cell:
            cell = b'"%b"' % cell.replace(b'"', b'""')
        cells.append(cell)
    return cells if all(map(_is_name, cells, names)) else [b"%d" % k for k in range(len(names))]


def _is_name(cell: bytes, name: str) -> bool:
    try:
        return label(cell) == name and csv_cell(name) == name
    except CellError:
        return False
