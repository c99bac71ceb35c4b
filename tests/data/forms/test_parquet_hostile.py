"""Parquet files of pictures: damaged, cut, and made to take memory or time."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parquet_files import FEATURES, labels, pictures, read, save
from thrift_bytes import (
    I32,
    I64,
    LIST,
    STRUCTURE,
    column,
    footer,
    integer,
    listed,
    structure,
    unsigned,
)
from thrift_bytes import parquet as file_of

from fashionlab.data.forms.parquet import files as parquet
from fashionlab.data.forms.parquet import footer as parquet_file
from fashionlab.data.forms.parquet.footer import RowGroup
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError

ROOT = column(b"schema", children=2)
SCHEMA = listed(STRUCTURE, [ROOT, column(b"image", kind=6), column(b"label", kind=2)])


def chunk(kind: int, name: bytes, length: int, at: int = 4, **more: bytes) -> bytes:
    meta = structure(
        (1, I32, integer(kind)),
        (2, LIST, listed(I32, [integer(0)])),
        (3, LIST, listed(8, [unsigned(len(name)) + name])),
        (4, I32, integer(6)),  # ZSTD
        (5, I64, integer(1)),
        (6, I64, integer(length)),
        (7, I64, integer(length)),
        (9, I64, integer(at)),
    )
    return structure((2, I64, integer(0)), (3, STRUCTURE, meta))


def with_pages(*pages: bytes, rows: int = 1, length: int | None = None, at: int = 4) -> bytes:
    """Return a file whose columns share these pages."""
    body = b"".join(pages)
    size = len(body) if length is None else length
    columns = [chunk(6, b"image", size, at), chunk(2, b"label", size, at)]
    group = structure(
        (1, LIST, listed(STRUCTURE, columns)), (2, I64, integer(size)), (3, I64, integer(rows))
    )
    return file_of(footer(SCHEMA, listed(STRUCTURE, [group]), rows), body)


def page(out: int, packed: int, body: bytes = b"", kind: int = 0, encoding: int = 0) -> bytes:
    data = structure(
        (1, I32, integer(1)),
        (2, I32, integer(encoding)),
        (3, I32, integer(3)),
        (4, I32, integer(3)),
    )
    fields = ((1, I32, integer(kind)), (2, I32, integer(out)), (3, I32, integer(packed)))
    return structure(*fields, (5, STRUCTURE, data)) + body


EMPTY_GROUP = structure((1, LIST, listed(STRUCTURE, [])), (2, I64, b"\0"), (3, I64, b"\0"))
HOSTILE = {
    "nothing": (b"", "received nothing"),
    "html": (b"<!DOCTYPE html><html>rate limit</html>", "received a web page"),
    "encrypted": (b"PARE" + bytes(20) + b"PARE", "received an encrypted Parquet file"),
    "not fetched": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    "two marks": (b"PAR1PAR1", "no Parquet file"),
    "a footer longer than the file": (b"PAR1" + b"\xff\xff\xff\x7f" + b"PAR1", "a footer of"),
    "an empty footer": (file_of(b""), "a footer that ends early"),
    "a footer of zeros": (file_of(bytes(100)), "a footer without its field 2"),
    "a footer of ones": (file_of(b"\xff" * 100), "a field of type 15"),
    "a million columns promised": (
        file_of(footer(listed(STRUCTURE, [ROOT], claimed=10**6))),
        "a footer that ends early",
    ),
    "many columns": (
        file_of(
            footer(listed(STRUCTURE, [column(b"r", children=2000)] + [column(b"c", 1)] * 2000))
        ),
        "more than 1,000 columns",
    ),
    "columns in columns": (
        file_of(footer(listed(STRUCTURE, [column(b"r", children=1)] * 20_000 + [column(b"c", 1)]))),
        "more than 1,000 columns",
    ),
    "some columns in columns": (
        file_of(footer(listed(STRUCTURE, [column(b"r", children=1)] * 990 + [column(b"c", 1)]))),
        ".",
    ),
    "columns twice": (
        file_of(structure((2, LIST, SCHEMA), (2, LIST, SCHEMA))),
        "a structure's fields out of order",
    ),
    "structures in structures": (
        file_of(b"\x1c" * 100_000),
        "structures nested too deeply",
    ),
    "lists in lists": (file_of(b"\x19" * 100_000), "lists nested too deeply"),
    "many empty row groups": (
        file_of(footer(SCHEMA, listed(STRUCTURE, [EMPTY_GROUP] * 22_000))),
        "more structures",
    ),
    "many empty columns in a group": (
        file_of(
            footer(
                SCHEMA,
                listed(STRUCTURE, [structure((1, LIST, listed(STRUCTURE, [b"\0"] * 200_000)))]),
            )
        ),
        "more structures",
    ),
    "more rows than bytes": (with_pages(page(8, 8, bytes(8)), rows=10**12), "rows in a file of"),
    "rows below none": (with_pages(page(8, 8, bytes(8)), rows=-1), "-1 as a number of rows"),
    "a column beyond the file": (with_pages(page(8, 8, bytes(8)), length=10**9), "a column from"),
    "a column before the file": (with_pages(page(8, 8, bytes(8)), at=-8), "-8 as a number of"),
    "a page that unpacks to two gigabytes": (
        with_pages(page(2**31 - 1, 8, bytes(8))),
        "a page that unpacks from 8 to 2,147,483,647 bytes",
    ),
    "a page longer than its column": (with_pages(page(8, 999, bytes(8))), "a page of 999 bytes"),
    "a page of a size below none": (with_pages(page(8, -8, bytes(8))), "-8 as a number of"),
    "a page of no known encoding": (with_pages(page(8, 8, bytes(8), encoding=77)), "encoding 77"),
    "a page without a header": (with_pages(b"\xf5" + b"\xff" * 40), "more than 64 bits"),
    "more pages than rows": (with_pages(*[page(0, 0)] * 50), "more than 3 pages for 1 rows"),
    "pages that unpack to much": (
        with_pages(*[page(2**25, 0)] * 50, rows=100),
        "pages that unpack to 3,355,",
    ),
    "pages that are no ZSTD": (with_pages(page(8, 8, bytes(8))), "."),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_by_name_in_one_line(tmp_path: Path, content, message) -> None:
    path = tmp_path / "hostile.parquet"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_picture_of_zeros_that_unpacks_to_much_is_refused_unread(tmp_path: Path) -> None:
    columns = {"image": pa.array([bytes(40_000_000)]), "label": labels(1)}
    options = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
    path = save(tmp_path / "a.parquet", columns, **options)
    assert path.stat().st_size < 100_000
    before = pa.total_allocated_bytes()
    with pytest.raises(DataFormatError, match=r"a page that unpacks from .* to 40,000"):
        read(path)
    assert pa.total_allocated_bytes() - before < 2**20


def groups(path: Path, columns=(0, 1)) -> list[RowGroup]:
    with path.open("rb") as file:
        return list(parquet_file.row_groups(file, parquet_file.footer(file), [*columns]))


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": ["image"]},
        {"use_dictionary": False, "column_encoding": {"image": "DELTA_BYTE_ARRAY"}},
    ],
    ids=["dictionary", "delta"],
)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_large_value_stored_once_is_not_repeated_in_memory(tmp_path, options, version) -> None:
    """A row of 1 MB, 50 times, in a file of less than 10 KB would otherwise take 50 MB at once."""
    columns = {"image": pa.array([bytes(1_000_000)] * 50), "label": labels(50)}
    path = save(
        *(tmp_path / "a.parquet", columns), compression="zstd", data_page_version=version, **options
    )
    assert path.stat().st_size < 10_000
    (group,) = groups(path)
    assert group.rows == 50 and group.at_once == 16


def test_rows_in_memory_at_once_follow_their_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {"image": pa.array([rng.bytes(1_000_000) for _ in range(40)]), "label": labels(40)}
    save(tmp_path / "a.parquet", columns, use_dictionary=False, row_group_size=30)
    assert [group[:2] for group in groups(tmp_path / "a.parquet")] == [(0, 30), (1, 10)]
    assert [group.at_once for group in groups(tmp_path / "a.parquet")] == [16, 10]


def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os = pytest.importorskip("os")
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with a name here")
    os.mkfifo(tmp_path / "train.parquet")
    with pytest.raises(DataFormatError, match="received none"):
        parquet.find(tmp_path)


def valid(**options) -> bytes:
    file = io.BytesIO()
    named = options.pop("named", False)
    described = {"huggingface": json.dumps({"info": {"features": FEATURES["new"]}})}
    table = pa.table(
        {"image": pictures(), "label": pa.array(["a", "b"] * 6) if named else labels()}
    ).replace_schema_metadata(described)
    pq.write_table(table, file, row_group_size=7, **options)
    return file.getvalue()


VALID = [
    valid(),
    valid(compression="zstd", data_page_version="2.0", named=True),
    valid(compression="none", use_dictionary=False, write_page_checksum=True),
]
PATCHES = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(VALID), PATCHES, st.booleans())
def test_a_damaged_file_gives_pictures_or_one_line(
    tmp_path: Path, content, patches, footer
) -> None:
    damaged = bytearray(content)
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little") if footer else 0
    for at, byte in patches:
        damaged[start + at % (len(content) - start)] = byte
    path = tmp_path / "damaged.parquet"
    path.write_bytes(damaged)
    try:
        images, _ = read(path, options=ReadOptions(size=8, colour=False, labels="first"))
    except DataFormatError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert images.shape == (12, 8, 8)


def test_a_file_cut_at_any_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.parquet"
    for length in range(7, len(VALID[0]), 7):
        path.write_bytes(VALID[0][:length])
        with pytest.raises(DataFormatError, match=r"nothing|no Parquet file|without its end"):
            read(path)
