"""Parquet files of pictures: as Hugging Face writes them, and with everything that can be wrong."""

import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
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

from fashionlab.data.dataset import Dataset
from fashionlab.data.forms.parquet import files as parquet
from fashionlab.data.forms.parquet import footer as parquet_file
from fashionlab.data.forms.parquet.footer import RowGroup
from fashionlab.data.forms.pictures import pixels
from fashionlab.data.options import ReadOptions
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, InvalidValueError, MissingDependencyError

TRAIN, TEST = draw(train=60, test=30)
STORED = pa.struct({"bytes": pa.binary(), "path": pa.string()})
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
PNGS = [pixels.png(image) for image in IMAGES]
FEATURES = {  # as datasets 5.2 and 2.1 write them
    "new": {"image": {"_type": "Image"}, "label": {"names": ["a", "b"], "_type": "ClassLabel"}},
    "old": {
        "image": {"decode": True, "id": None, "_type": "Image"},
        "label": {"num_classes": 2, "names": ["a", "b"], "id": None, "_type": "ClassLabel"},
    },
}


def pictures(contents=PNGS):
    return pa.array([c and {"bytes": c, "path": "1.png"} for c in contents], STORED)


def labels(count=12):
    return pa.array([i % 2 for i in range(count)], pa.int64())


def save(path: Path, columns, features=None, **options) -> Path:
    table = pa.table(columns)
    if features is not None:
        described = {"info": {"features": features}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(described)})
    pq.write_table(table, path, **options)
    return path


def read(path: Path, part=None, options=None):
    options = options or ReadOptions()
    found = parquet.find(path, options)
    blocks = list(parquet.read(found, part, parquet.plan(found, options)))
    images = np.concatenate([block.images for block in blocks])
    return images, [label for block in blocks for label in block.labels]


def colour_set(part):
    images = np.random.default_rng(1).integers(0, 256, (9, 10, 8, 3), dtype=np.uint8)
    return Dataset(images, np.arange(9, dtype=np.uint8) % 2, ("x/y", "\u00e9"), "d", part, "s")


@pytest.mark.parametrize("dataset", [TRAIN, colour_set("train")], ids=["grey", "colour"])
def test_what_is_written_comes_back(tmp_path: Path, dataset, monkeypatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_IN_GROUP", 25)
    path = tmp_path / "train-00000-of-00001.parquet"
    parquet.write(path, dataset)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    images, found = read(tmp_path, "train")
    assert np.array_equal(images, dataset.images) and found == dataset.labels.tolist()
    assert parquet.find(path).class_names == dataset.class_names


def test_what_is_written_has_the_form_of_hugging_face(tmp_path: Path) -> None:
    parquet.write(tmp_path / "a.parquet", TRAIN)
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("image").type == STORED and schema.field("label").type == pa.int64()
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {
        "image": {"_type": "Image"},
        "label": {"names": list(TRAIN.class_names), "_type": "ClassLabel"},
    }
    (row,) = pq.read_table(tmp_path / "a.parquet").slice(5, 1).to_pylist()
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))), TRAIN.images[5]
    )
    assert row["image"]["path"] is None and row["label"] == TRAIN.labels[5]


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES.keys())
def test_files_of_hugging_face_give_numbers_and_names(tmp_path: Path, features) -> None:
    columns = {"image": pictures(), "label": labels()}
    save(tmp_path / "train-00000-of-00002.parquet", columns, features, row_group_size=5)
    save(tmp_path / "train-00001-of-00002.parquet", columns, features)
    images, found = read(tmp_path, "train")
    assert np.array_equal(images, [*IMAGES, *IMAGES]) and found == labels().to_pylist() * 2
    assert parquet.find(tmp_path).class_names == ("a", "b")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"img": pa.array(PNGS), "class": pa.array(["b", "a"] * 6)}, ["b", "a"] * 6),
        ({"x": pa.array(PNGS, pa.large_binary()), "Label": labels().cast("int8")}, [0, 1] * 6),
        (
            {"x": pictures(), "target": pa.array(["b", "a"] * 6).dictionary_encode()},
            ["b", "a"] * 6,
        ),
        (
            {"id": pa.array(range(12)), "image": pictures(), "mask": pictures(), "y": labels()},
            [0, 1] * 6,
        ),
    ],
)
def test_columns_are_told_by_type_and_name(tmp_path: Path, columns, expected) -> None:
    images, found = read(save(tmp_path / "a.parquet", columns))
    assert np.array_equal(images, IMAGES) and found == expected


def test_of_several_columns_of_labels_one_is_chosen(tmp_path: Path) -> None:
    columns = {"img": pictures(), "fine_label": labels(), "coarse_label": pa.array([5] * 12)}
    path = save(tmp_path / "a.parquet", columns)
    with pytest.raises(DataFormatError, match=r"received fine_label, coarse_label .*--labels last"):
        read(path)
    assert read(path, options=ReadOptions(labels="first"))[1] == [0, 1] * 6
    assert read(path, options=ReadOptions(labels="last"))[1] == [5] * 12


PATHS = pa.array([{"bytes": None, "path": "1.png"}] * 12, STORED)
WRONG = {
    "paths alone": ({"image": PATHS, "label": labels()}, r"no bytes of a picture in row 1 \("),
    "a path in one row": (
        {"image": pa.concat_arrays([pictures(), PATHS]), "label": labels(24)},
        r"no bytes of a picture in row 13 \(",
    ),
    "a null picture": (
        {"image": pictures([*PNGS[:3], None]), "label": labels(4)},
        r"no bytes of a picture in row 4 \(",
    ),
    "a null label": (
        {"image": pictures(PNGS[:3]), "label": pa.array([0, None, 1])},
        r"no label in row 2'",
    ),
    "paths as text": (
        {"image": pa.array(["1.png"] * 12), "label": labels()},
        r"received none among image \(string\), label \(int64\)",
    ),
    "pixels as numbers": (
        {"image": pa.array([[0] * 64] * 12), "label": labels()},
        r"received none among image \(list<",
    ),
    "two pictures": ({"a": pictures(), "b": pictures(), "label": labels()}, "received 2 such"),
    "no label": ({"image": pictures(), "id": labels()}, r"none called label, .* id \(int64\)"),
    "labels with fractions": (
        {"image": pictures(), "label": labels().cast("double")},
        r"whole numbers or names; received the column label of double",
    ),
    "labels in lists": (
        {"image": pictures(), "label": pa.array([[0]] * 12)},
        r"received the column label of list<",
    ),
    "a label beyond 64 bits": (
        {"image": pictures(), "label": pa.array([2**63] * 12, pa.uint64())},
        r"the label 9223372036854775808 in row 1",
    ),
    "a label as long as a book": (
        {"image": pictures(), "label": pa.array(["a" * 1001] * 12)},
        r"a label of 1,001 characters in row 1",
    ),
    "no picture": (
        {"image": pictures([*PNGS[:2], b"GIF89a"]), "label": labels(3)},
        r"row 3 of .*/a.parquet: a picture must be .* received GIF",
    ),
    "another size": (
        {"image": pictures([*PNGS[:2], pixels.png(IMAGES[0, :, [0] * 9])]), "label": labels(3)},
        r"8 x 8 as the first; received 8 x 9 in row 3 of .*/a.parquet; scale all with --size 28",
    ),
    "no rows": (
        {"image": pictures([]), "label": labels(0)},
        r"a part must have rows; received none in",
    ),
    "no columns": ({}, r"received none among no columns"),
}


@pytest.mark.parametrize(("columns", "message"), WRONG.values(), ids=WRONG.keys())
def test_other_columns_are_refused_by_name(tmp_path: Path, columns, message) -> None:
    path = save(tmp_path / "a.parquet", columns)
    with pytest.raises(DataFormatError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], r"the label 1 in row 2 with 1 classes"),
        (["a", "a"], r"received 2, 1 of them different texts"),
        (["a", 1], r"received 2, 1 of them"),
        ("ab", r"1 to 256 different texts; received 'ab'"),
        ([], r"received 0"),
        ([str(i) for i in range(257)], r"received 257"),
    ],
)
def test_class_names_that_do_not_fit_are_refused(tmp_path: Path, names, message) -> None:
    features = {"label": {"_type": "ClassLabel", "names": names}}
    path = save(tmp_path / "a.parquet", {"image": pictures(), "label": labels()}, features)
    with pytest.raises(DataFormatError, match=message):
        read(path)


def test_the_label_minus_one_of_a_hidden_test_part_is_refused(tmp_path: Path) -> None:
    columns = {"image": pictures(), "label": pa.array([-1] * 12)}
    with pytest.raises(DataFormatError, match=r"the label -1 in row 1 with 2 classes"):
        read(save(tmp_path / "a.parquet", columns, FEATURES["new"]))


@pytest.mark.parametrize(
    "metadata", ["{", "[" * 100_000, '{"info": 1}', '{"info": {"features": 5}}']
)
def test_metadata_that_says_nothing_is_left_alone(tmp_path: Path, metadata: str) -> None:
    table = pa.table({"image": pictures(), "label": labels()})
    pq.write_table(table.replace_schema_metadata({"huggingface": metadata}), tmp_path / "a.parquet")
    assert parquet.find(tmp_path / "a.parquet").class_names is None


def test_parts_with_other_class_names_are_refused(tmp_path: Path) -> None:
    columns = {"image": pictures(), "label": labels()}
    save(tmp_path / "train.parquet", columns, FEATURES["new"])
    save(tmp_path / "test.parquet", columns)
    with pytest.raises(DataFormatError, match=r"the same class names; received others in .*train"):
        parquet.find(tmp_path)


def test_one_coloured_part_makes_all_coloured(tmp_path: Path) -> None:
    save(tmp_path / "train.parquet", {"image": pictures(), "label": labels()})
    coloured = pixels.png(np.stack([IMAGES[0], IMAGES[1], IMAGES[2]], axis=2))
    save(tmp_path / "test.parquet", {"image": pictures([coloured] * 2), "label": labels(2)})
    assert parquet.plan(parquet.find(tmp_path), ReadOptions()).shape == (8, 8, 3)
    assert read(tmp_path, "train", ReadOptions(size=16, colour=False))[0].shape == (12, 16, 16)


def test_facts_follow_names_content_and_columns(tmp_path: Path) -> None:
    """Files that change places, and two columns of labels, must not be one thing to a cache."""
    columns = {"image": pictures(), "fine_label": labels(), "coarse_label": labels()}
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        save(tmp_path / part / "0000.parquet", columns)
    digest = hashlib.sha256((tmp_path / "train/0000.parquet").read_bytes()).hexdigest()
    found = parquet.find(tmp_path, ReadOptions(labels="last"))
    for part in ("train", "test"):
        assert list(parquet.facts(found, part)) == [
            (f"{part}/0000.parquet image coarse_label", digest)
        ]
    one = parquet.find(tmp_path / "test/0000.parquet", ReadOptions(labels="first"))
    assert list(parquet.facts(one, None)) == [("0000.parquet image fine_label", digest)]


def test_without_pyarrow_what_installs_it_is_said(tmp_path: Path, monkeypatch) -> None:
    path = save(tmp_path / "a.parquet", {"image": pictures(), "label": labels()})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (lambda: parquet.find(path), lambda: parquet.write(tmp_path / "b", TRAIN)):
        with pytest.raises(MissingDependencyError, match=r'pip install "fashionlab\[parquet\]"'):
            call()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"old")

    def full(image):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet.pixels, "png", full)
    with pytest.raises(OSError, match="No space left"):
        parquet.write(path, TRAIN)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    images, few = np.zeros((2, 7, 9), np.uint8), np.array([0, 1], np.uint8)
    with pytest.raises(InvalidValueError, match="sides of 8 pixels or more"):
        parquet.write(path, Dataset(images, few, ("a", "b"), "d", "train", "s"))


# Hostile files.

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
