"""Written tables: plain CSV that reads the same, whole or not at all."""

import os

import numpy as np
import pytest
from tabled import read

from fashionlab.data import Dataset
from fashionlab.data.forms.tables import source, table
from fashionlab.errors import InvalidValueError

NAMES_10 = tuple(str(k) for k in range(10))


def dataset(shape=(6, 6), names=NAMES_10, count=50):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, *shape), np.uint8)
    labels = rng.integers(0, len(names), count).astype(np.uint8)
    return Dataset(images, labels, names, "drawn", "train", "drawn")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "T.TSV.GZ", "t"])
@pytest.mark.parametrize("shape", [(6, 6), (4, 4, 3), (1, 1)])
def test_a_written_table_reads_the_same(tmp_path, name, shape, monkeypatch):
    monkeypatch.setattr(table, "rows_in_block", lambda shape: 100)  # written in several
    data = dataset(shape)
    table.write(tmp_path / name, data)
    images, labels = read(tmp_path / name, colour=len(shape) == 3)
    assert np.array_equal(images, data.images) and labels == data.labels.tolist()
    content = (tmp_path / name).read_bytes()
    assert content.startswith(source.GZIP_MAGIC) == name.lower().endswith(".gz")
    table.write(tmp_path / name, data)
    assert (tmp_path / name).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_written_table_is_plain_csv(tmp_path):
    images = np.array([[[0, 7], [10, 99]], [[100, 200], [255, 1]]], np.uint8)
    data = Dataset(images, np.array([1, 0], np.uint8), ("0", "1"), "d", "train", "d")
    table.write(tmp_path / "t.csv", data)
    header = b"label,pixel1,pixel2,pixel3,pixel4\n"
    assert (tmp_path / "t.csv").read_bytes() == header + b"1,0,7,10,99\n0,100,200,255,1\n"
    table.write(tmp_path / "t.tsv", data)
    assert (tmp_path / "t.tsv").read_bytes().endswith(b"\n0\t100\t200\t255\t1\n")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize(
    "names",
    [
        ("T-shirt/top", "Dress, long", 'a 5" heel', "裤 子", " spaced "),
        ("-", "a\u200db", "x;y"),
        ("none", "true"),
    ],
)
def test_class_names_come_back(tmp_path, names, name):
    data = dataset(names=names)
    table.write(tmp_path / name, data)
    assert read(tmp_path / name)[1] == [names[k] for k in data.labels]


@pytest.mark.parametrize(
    "names", [NAMES_10, ("3", "5"), ("0", "A"), ("a", "nan"), ("=1+1", "b"), ("a", "\u4e2d" * 900)]
)
def test_names_that_are_no_names_in_a_table_are_written_as_numbers(tmp_path, names):
    data = dataset(names=names)
    table.write(tmp_path / "t.csv", data)
    assert read(tmp_path / "t.csv")[1] == data.labels.tolist()


def test_images_that_no_table_can_have_are_not_written(tmp_path):
    with pytest.raises(InvalidValueError, match=r"square images.* received 6 x 4"):
        table.write(tmp_path / "t.csv", dataset((6, 4)))
    with pytest.raises(InvalidValueError, match="received 600 x 600 x 3"):
        table.write(tmp_path / "t.csv", dataset((600, 600, 3), count=1))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "t.csv.gz"
    table.write(path, dataset())
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        table.write(path, dataset(count=9))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
