"""Parquet as Hugging Face writes it: a column of pictures as bytes, and one of labels.

    FILE.parquet                             one part
    FOLDER/train-00000-of-00002.parquet ...  several, each in one file or in all of its shards

The files may also lie in a folder below, such as data/, or in one for each part. Class names are
those of the label's ClassLabel in the schema's metadata, or the labels are names themselves.
By pyarrow, the extra `parquet`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from fashionlab import files
from fashionlab.data.dataset import Dataset, Split
from fashionlab.data.forms import Block, rows_in_block
from fashionlab.data.forms.content import form_of
from fashionlab.data.forms.parquet import footer
from fashionlab.data.forms.parquet.columns import Columns, columns, label_values
from fashionlab.data.forms.parquet.shards import shards
from fashionlab.data.forms.parquet.thrift import UnsoundError
from fashionlab.data.forms.pictures import pixels
from fashionlab.data.forms.pictures.pixels import Label, Log, Picture, Wanted
from fashionlab.data.options import ReadOptions
from fashionlab.dependencies import needs
from fashionlab.errors import DataFormatError

ROWS_IN_GROUP = 1000  # of a file that is written, at most
READ_BYTES = 2**20  # of a column at once


class Found(NamedTuple):
    """The Parquet files of a data set, by part; None is a part without a name."""

    path: Path
    parts: dict[Split | None, list[Path]]
    class_names: tuple[str, ...] | None  # of ClassLabel; None where the labels alone say it
    columns: dict[Path, Columns]


def find(path: Path, options: ReadOptions | None = None) -> Found:
    """Return the files of a data set, with the columns to read; footers alone are read.

    Raises DataFormatError where it is not clear which columns are the pictures and the labels, or
    files differ in their class names.
    """
    which = (options or ReadOptions()).labels
    parts = shards(path)
    found: dict[Path, Columns] = {}
    for part in parts.values():
        rows = 0
        for file in part:
            if (form := form_of(file)) != "parquet":  # which says what else it is
                raise DataFormatError(
                    f"a file of a Parquet set must be Parquet; received {form} in {file}; move it "
                    "away"
                )
            with opened(file) as parquet:
                found[file] = columns(parquet.reader.schema_arrow, which, file)
                rows += footer.rows(parquet.footer)
        if not rows:
            raise DataFormatError(
                f"a part must have rows; received none in {part[0]}; leave it out"
            )
    first, *others = found
    for file in others:
        if found[file].class_names != found[first].class_names:
            raise DataFormatError(
                f"all files of a data set must have the same class names; received others in "
                f"{file} than in {first}; move one of them away"
            )
    return Found(path, parts, found[first].class_names, found)


def plan(found: Found, options: ReadOptions) -> Wanted:
    """Return the shape of the images, by the first SAMPLE pictures of each part."""
    first = (islice(_rows(found, part), pixels.SAMPLE) for part in found.parts)
    return pixels.wanted((picture for picture, _ in chain.from_iterable(first)), options)


def read(
    found: Found, part: Split | None, target: Wanted, log: Log | None = None
) -> Iterator[Block]:
    """Yield the images of a part with their labels: numbers, or names."""
    return pixels.blocks(_rows(found, part), target, log)


def facts(found: Found, part: Split | None) -> Iterator[tuple[str, str]]:
    """Yield what a part depends on: each of its files' name and columns, and its SHA-256."""
    for path in found.parts[part]:
        name = path.name if path == found.path else path.relative_to(found.path).as_posix()
        chosen = found.columns[path]
        yield f"{files.text(name)} {chosen.image} {chosen.label}", pixels.digest(path)


def write(path: Path, dataset: Dataset) -> None:
    """Write a file that Hugging Face's `datasets` reads, with class names; whole or not at all."""
    with needs("Parquet", "fashionlab[parquet]"):
        import pyarrow as arrow
        from pyarrow.parquet import ParquetWriter
    pixels.check_writable(dataset.image_shape)
    picture = arrow.struct({"bytes": arrow.binary(), "path": arrow.string()})
    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(dataset.class_names), "_type": "ClassLabel"},
    }
    schema = arrow.schema(
        {"image": picture, "label": arrow.int64()},
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    step = min(ROWS_IN_GROUP, rows_in_block(dataset.image_shape))
    with (
        files.writing(path) as file,
        ParquetWriter(
            file, schema, use_dictionary=["label"], write_statistics=["label"], compression="snappy"
        ) as writer,
    ):
        for start in range(0, len(dataset), step):
            images = dataset.images[start : start + step]
            rows = [{"bytes": pixels.png(image), "path": None} for image in images]
            labels = dataset.labels[start : start + step].astype(np.int64)
            writer.write_table(
                arrow.table([arrow.array(rows, picture), arrow.array(labels)], schema=schema)
            )


def _rows(found: Found, part: Split | None) -> Iterator[tuple[Picture, Label]]:
    for path in found.parts[part]:
        with opened(path) as parquet:
            yield from _rows_of(path, parquet, found.columns[path])


def _rows_of(path: Path, parquet: "Parquet", chosen: Columns) -> Iterator[tuple[Picture, Label]]:
    names = [f"{chosen.image}.bytes" if chosen.in_struct else chosen.image, chosen.label]
    leaves = [parquet.reader.schema.column(i).path for i in range(len(parquet.reader.schema))]
    numbers = [leaves.index(name) for name in names]
    row = 0
    for group in footer.row_groups(parquet.file, parquet.footer, numbers):
        before = row
        for batch in parquet.reader.iter_batches(
            group.at_once, [group.number], names, use_threads=False
        ):
            images = batch.column(chosen.image)
            if chosen.in_struct:
                images = images.flatten()[0]  # where the whole picture is null, so are its bytes
            if images.null_count:
                at = row + 1 + images.is_null().to_pylist().index(True)
                raise UnsoundError(f"no bytes of a picture in row {at:,} (at most a file's path)")
            labels = label_values(batch.column(chosen.label), chosen, row)
            for content, label in zip(images.to_pylist(), labels, strict=True):
                row += 1
                yield Picture(f"row {row:,} of {path}", content), label
        if row - before != group.rows:
            raise UnsoundError(f"{row - before:,} rows in a group of {group.rows:,}")


class Parquet(NamedTuple):
    """A file that is open, and was checked as far as its footer."""

    file: BinaryIO
    footer: footer.Structure
    reader: Any  # pyarrow's


@contextmanager
def opened(path: Path) -> Iterator[Parquet]:
    """Open a file whose footer was checked; what is found wrong in it names the file."""
    with needs("Parquet", "fashionlab[parquet]"):
        import pyarrow as arrow
        from pyarrow.parquet import ParquetFile
    # What pyarrow raises: its own errors and OSError for broken structures, the others where a size
    # or a name (not UTF-8) is no value of Python's.
    failures = (
        *(arrow.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError),
        *(MemoryError, RecursionError),
    )
    try:
        with path.open("rb") as file:
            described = footer.footer(file)
            with ParquetFile(
                file, buffer_size=READ_BYTES, pre_buffer=False, page_checksum_verification=True
            ) as reader:
                yield Parquet(file, described, reader)
    except DataFormatError:  # which is a ValueError too
        raise
    except (UnsoundError, *failures) as error:
        received = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataFormatError(
            "a Parquet file must be whole, with a picture and a label in each row; received "
            f"'{received:.200}' from {path}; fetch or write it again"
        ) from error
