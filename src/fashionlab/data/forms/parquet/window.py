"""count, pictures: any rows of a Parquet file, without those before them; labels are not needed."""

from collections.abc import Iterator
from pathlib import Path

from fashionlab.data.forms.parquet import footer
from fashionlab.data.forms.parquet.columns import image_column
from fashionlab.data.forms.parquet.files import opened
from fashionlab.data.forms.parquet.thrift import UnsoundError


def count(path: Path) -> int:
    """Return the number of rows of a file with a column of pictures; its footer alone is read.

    Raises DataFormatError where it is not sound, or has no such column, or no rows.
    """
    with opened(path) as parquet:
        image_column(parquet.reader.schema_arrow, path)
        if not (rows := footer.rows(parquet.footer)):
            raise UnsoundError("no rows")
        return rows


def pictures(path: Path, first: int, last: int) -> Iterator[bytes | None]:
    """Yield the files of pictures in the rows from `first` to before `last`; None is no picture.

    Row groups without such rows are not read. Raises DataFormatError where the file is not sound.
    """
    with opened(path) as parquet:
        image, in_struct = image_column(parquet.reader.schema_arrow, path)
        name = f"{image}.bytes" if in_struct else image
        leaves = [parquet.reader.schema.column(i).path for i in range(len(parquet.reader.schema))]
        groups = footer.row_groups(parquet.file, parquet.footer, [leaves.index(name)], first, last)
        row = first
        for group in groups:
            at = group.first
            for batch in parquet.reader.iter_batches(
                group.at_once, [group.number], [name], use_threads=False
            ):
                low, high = max(first - at, 0), min(last - at, len(batch))
                if low < high:
                    images = batch.column(image)
                    images = images.flatten()[0] if in_struct else images
                    yield from images.slice(low, high - low).to_pylist()
                    row += high - low
                at += len(batch)
                if at >= last:
                    break
        if row != last:
            raise UnsoundError(f"{row - first:,} rows where {last - first:,} must be")
