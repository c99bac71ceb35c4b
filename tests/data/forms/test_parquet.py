"""Parquet files of pictures: as Hugging Face writes them."""

import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parquet_files import FEATURES, IMAGES, PNGS, STORED, labels, pictures, read, save
from PIL import Image

from fashionlab.data.dataset import Dataset
from fashionlab.data.forms.parquet import files as parquet
from fashionlab.data.forms.pictures import pixels
from fashionlab.data.options import ReadOptions
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, InvalidValueError, MissingDependencyError

TRAIN, TEST = draw(train=60, test=30)


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
