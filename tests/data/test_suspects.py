"""Lists of suspects: what they leave out, and which are refused, in one line each."""

import numpy as np
import pytest

from fashionlab import files
from fashionlab.data import ReadOptions, load
from fashionlab.data.suspects import COLUMNS, image_hash, read_suspects
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, InvalidValueError

TRAIN, TEST = draw(60, 30)


def row(place, dataset=TRAIN, **changes):
    cells = dict.fromkeys(COLUMNS, "") | {
        "part": dataset.part,
        "index": place,
        "suspect": "yes",
        "part_sha256": dataset.sha256,
        "image_sha256": image_hash(dataset.images[place % len(dataset)]),
    }
    return cells | changes


@pytest.fixture
def write(tmp_path):
    """A function that writes a list and returns its path."""

    def write(*rows):
        path = tmp_path / "suspects.csv"
        path.write_text(files.csv_text(rows), encoding="utf-8", newline="")
        return path

    return write


def test_a_list_without_decisions_leaves_out_its_suspects(write):
    path = write(row(3), row(7), row(9, suspect="no"), row(2, TEST))
    kept = read_suspects(path).kept(TRAIN)
    assert len(kept) == 58
    np.testing.assert_array_equal(kept.images, np.delete(TRAIN.images, [3, 7], axis=0))
    np.testing.assert_array_equal(kept.labels, np.delete(TRAIN.labels, [3, 7]))
    assert len(read_suspects(path).kept(TEST)) == 29


def test_a_list_with_decisions_leaves_out_what_is_wrong_or_broken(write):
    decisions = ("wrong", "ambiguous", "broken", "sound", "")
    path = write(*(row(i, decision=decision) for i, decision in enumerate(decisions)))
    assert read_suspects(path).indices("train", TRAIN.sha256, 60).tolist() == [0, 2]


def test_a_spreadsheet_may_have_saved_it(write):
    path = write(row(3), row(7))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_suspects(path).images) == 2


OTHER = "0" * 64


@pytest.mark.parametrize(
    "rows, said",
    [
        ([row(3, part_sha256=OTHER)], "must be of these data"),
        ([row(3, image_sha256="0" * 16)], "image 3 of train must have the SHA-256"),
        ([row(60)], "must be below 60; received 60"),
        ([row(-1)], "index must be a row from 0; received '-1' in"),
        ([row(3, index="1.5")], "index must be a row from 0"),
        ([row(3, part="all")], "part must be one of train, test, validation"),
        ([row(3, suspect="perhaps")], "suspect must be yes or no"),
        ([row(3, decision="rotten")], "decision must be one of wrong, ambiguous, broken, sound"),
        ([row(3) | {"colour": "red"}], "has no column 'colour'"),
        ([{"part": "train", "index": 3}], "must have the columns part, index, suspect"),
        ([row(i) for i in range(60) if TRAIN.labels[i] == 4], "leaves out all of"),
    ],
)
def test_a_list_that_does_not_fit_is_refused_in_a_line(rows, said, write):
    with pytest.raises(DataFormatError) as refused:
        read_suspects(write(*rows)).kept(TRAIN)
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert "suspects.csv" in str(refused.value)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "must have the columns"),
        (b"\x89PNG\r\n\x1a\n\0\0", "must be text in UTF-8"),
        (b"%PDF-1.7 \xff", "must be text in UTF-8"),
        (b'part,index,suspect,part_sha256,image_sha256\n"train', "must be CSV"),
        (b"part,index,suspect,part_sha256,image_sha256\ntrain,3\n", "a cell for each column"),
        (b"part,index,suspect,part_sha256,image_sha256\n1,2,3,4,5,6\n", "a cell for each column"),
        (b"part,part,index,suspect,part_sha256,image_sha256\n", "each once"),
    ],
)
def test_what_is_no_such_list_is_refused_in_a_line(content, said, tmp_path):
    path = tmp_path / "suspects.csv"
    path.write_bytes(content)
    with pytest.raises(DataFormatError) as refused:
        read_suspects(path)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused_in_a_line(tmp_path):
    with pytest.raises(DataFormatError, match="No such file"):
        read_suspects(tmp_path / "none.csv")


def test_load_leaves_them_out_of_the_training_part_alone(monkeypatch, tmp_path):
    whole = load("synthetic")
    cells = [row(index, whole.train) for index in (5, 1)] + [row(4, whole.test)]
    path = tmp_path / "list.csv"
    path.write_text(files.csv_text(cells), encoding="utf-8", newline="")
    options = ReadOptions(without=str(path))
    parts = load("synthetic", options)
    assert len(parts.train) == len(whole.train) - 2 and parts.test.sha256 == whole.test.sha256
    assert parts.train.name == "synthetic without 2 images"
    assert parts.options == options
    assert (parts.left_out.images, parts.left_out.sha256) == (2, read_suspects(path).sha256)
    assert whole.left_out is None


def test_a_list_that_leaves_out_nothing_is_refused(tmp_path):
    whole = load("synthetic")
    path = tmp_path / "list.csv"
    path.write_text(files.csv_text([row(4, whole.test)]), encoding="utf-8", newline="")
    with pytest.raises(DataFormatError, match="must leave out an image of the training part"):
        load("synthetic", ReadOptions(without=str(path)))


def test_the_option_is_a_path():
    with pytest.raises(InvalidValueError, match="without must be the path"):
        ReadOptions(without=3)
