"""Checks on a Parquet file, which is hostile until shown otherwise, before pyarrow unpacks it.

A footer may lie about sizes, a page may unpack to gigabytes, and a value that is stored once may be
repeated a million times.
Source of the format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from fashionlab.data.forms.parquet.thrift import Reader, UnsoundError

MAGIC = b"PAR1"
FOOTER_BYTES = 2**18  # and a share of the file: 4 % where 100 pictures are a row group, since two
FOOTER_SHARE = 1 / 8  # of them stand in the footer, twice, as the least and the greatest
STRUCTURES = 20_000  # of a footer, of which pyarrow makes 700 bytes each; and a share of the file:
STRUCTURES_SHARE = 1 / 256  # 40 for a row group, which has 10 KB or more
HEADER_STRUCTURES = 100  # of a page's header, which has about four
MOST_COLUMNS = 1000  # groups of columns included; so none is nested more deeply
HEADER_BYTES = (2**12, 2**20)  # of a page's header; the second where the first are too few
PAGE_BYTES = 2**25  # to which any page may unpack; and a multiple of its size
MOST_PACKED = 4  # pictures are packed already
BATCH_BYTES = 2**24  # of pictures, in memory at once

DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
DELTA_BYTE_ARRAY = 7
ENCODINGS = {0, 2, 3, 4, 5, 6, DELTA_BYTE_ARRAY, 8, 9}


Structure = dict[int, Any]  # by the numbers of its fields in parquet.thrift


class RowGroup(NamedTuple):
    """A row group, and how many rows of it to have in memory at once."""

    number: int
    rows: int
    at_once: int
    first: int  # the number of its first row in the file, from 0


def footer(file: BinaryIO) -> Structure:
    """Return a file's footer; UnsoundError where it is damaged, or would take much to be read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    end = file.read(8)
    file.seek(0)
    begins = file.read(4) == MAGIC
    if begins and size >= 12 and end[4:] != MAGIC:
        raise UnsoundError("a Parquet file without its end, cut short or encrypted")
    if not begins or size < 12:
        raise UnsoundError("no Parquet file")
    length = int.from_bytes(end[:4], "little")
    if length > min(size - 12, FOOTER_BYTES + int(size * FOOTER_SHARE)):
        raise UnsoundError(f"a footer of {length:,} bytes in a file of {size:,}")
    file.seek(size - 8 - length)
    try:
        most = STRUCTURES + int(size * STRUCTURES_SHARE)
        found = Reader(file.read(length), most).structure()
    except IndexError:
        raise UnsoundError("a footer that ends early") from None
    if len(_list(found, 2)) > MOST_COLUMNS:
        raise UnsoundError(f"more than {MOST_COLUMNS:,} columns")
    return found


def rows(content: Structure) -> int:
    """Return the number of rows that a footer claims."""
    return _size(content, 3)


def row_groups(
    file: BinaryIO, content: Structure, columns: list[int], first: int = 0, last: int | None = None
) -> Iterator[RowGroup]:
    """Yield the row groups of a file after a check of the columns that will be read.

    `content` is its footer; groups without a row from `first` to before `last` are passed over.
    Not by pyarrow's metadata: version 26 ends the process where a column's statistics are damaged.
    Raises UnsoundError where the footer contradicts the file.
    """
    size = file.seek(0, os.SEEK_END)
    groups = _list(content, 4)
    counts = [_size(group, 3) for group in groups]
    total = sum(counts)
    if total != rows(content):
        raise UnsoundError(f"{total:,} rows in its groups, and {rows(content):,} in its footer")
    if total > size:  # a picture has more bytes than one
        raise UnsoundError(f"{total:,} rows in a file of {size:,} bytes")
    unpacked = end = 0
    for i, count in enumerate(counts):
        end += count
        if not count or end <= first:
            continue
        if last is not None and end - count >= last:
            return
        stored = _list(groups[i], 1)
        if len(stored) <= max(columns):
            raise UnsoundError(f"{len(stored)} columns in row group {i + 1:,}")
        chunks = [_chunk(file, stored[j], count, size) for j in columns]
        unpacked += sum(chunk.unpacked for chunk in chunks)
        if unpacked > PAGE_BYTES + MOST_PACKED * size:
            raise UnsoundError(f"pages that unpack to {unpacked:,} bytes from {size:,}")
        each = max(1, *(max(chunk.unpacked // count, chunk.repeated) for chunk in chunks))
        yield RowGroup(i, count, max(1, min(count, BATCH_BYTES // each)), end - count)


def _list(structure: Any, number: int) -> list[Any]:
    found = structure.get(number) if isinstance(structure, dict) else None
    if not isinstance(found, list):
        raise UnsoundError(f"a footer without its field {number}")
    return found


def _size(structure: Any, number: int) -> int:
    found = structure.get(number) if isinstance(structure, dict) else None
    if type(found) is not int or found < 0:
        raise UnsoundError(f"{found!r:.40} as a number of rows or bytes")
    return found


class _Chunk(NamedTuple):
    unpacked: int  # bytes, of all pages
    repeated: int  # bytes of the largest value that a page may repeat at no cost; 0 for none


def _chunk(file: BinaryIO, column: Any, rows: int, size: int) -> _Chunk:
    """Return what the pages of a column in a row group unpack to."""
    if not isinstance(column, dict) or 1 in column or 8 in column:
        raise UnsoundError("a column in another file, or an encrypted one")
    stored = column.get(3, {})
    at, length = _size(stored, 9), _size(stored, 7)
    if 0 < stored.get(11, 0) < at:  # its dictionary lies before its pages
        at = _size(stored, 11)
    end = at + length
    if not 4 <= at <= end <= size:
        raise UnsoundError(f"a column from byte {at:,} to {end:,} in a file of {size:,}")
    unpacked = repeated = pages = 0
    while at < end:
        header, header_bytes = _page_header(file, at, end)
        out, packed = _size(header, 2), _size(header, 3)
        at += header_bytes
        if packed > end - at:
            raise UnsoundError(f"a page of {packed:,} bytes where {end - at:,} are left")
        if out > PAGE_BYTES + MOST_PACKED * packed:
            raise UnsoundError(f"a page that unpacks from {packed:,} to {out:,} bytes")
        at += packed
        unpacked += out
        pages += 1
        if pages > rows + 2:
            raise UnsoundError(f"more than {rows + 2:,} pages for {rows:,} rows")
        if header.get(1) == DICTIONARY_PAGE or _encoding(header) == DELTA_BYTE_ARRAY:
            repeated = max(repeated, out)
    return _Chunk(unpacked, repeated)


def _page_header(file: BinaryIO, at: int, end: int) -> tuple[Structure, int]:
    """Return a page's header, by the numbers of its fields, and its size in bytes."""
    for most in HEADER_BYTES:
        file.seek(at)
        reader = Reader(file.read(min(most, end - at)), HEADER_STRUCTURES)
        try:
            return reader.structure(), reader.at
        except IndexError:
            continue
    raise UnsoundError(f"no page at byte {at:,}")


def _encoding(header: Structure) -> int | None:
    """Return how a page of data has its values; None for other pages."""
    field, number = {DATA_PAGE: (5, 2), DATA_PAGE_V2: (8, 4)}.get(header.get(1, -1), (0, 0))
    if not field:
        return None
    data = header.get(field)
    encoding = data.get(number) if isinstance(data, dict) else None
    if encoding not in ENCODINGS:
        raise UnsoundError(f"a page of encoding {encoding!r:.20}")
    return int(encoding)
