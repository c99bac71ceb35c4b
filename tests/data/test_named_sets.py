"""Sets as they are published: EMNIST, KMNIST, Kaggle's tables, the course report's.

What can be had nowhere here is drawn in files of its true form: names, types, order and labels.
"""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from fashionlab.cli import main
from fashionlab.data import ReadOptions, load, load_images, load_parts, synthetic, write_idx
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.portable import Predictor

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
TRAIN, TEST = synthetic.draw(train=60, test=30)


def letters(folder: Path, first_word: str = "emnist-letters") -> Path:
    """Write EMNIST's four files: 26 classes counted from 1, rows and columns exchanged."""
    for part, drawn in (("train", TRAIN), ("test", TEST)):
        turned = drawn.images.swapaxes(1, 2)
        labels = (np.arange(len(drawn)) % 26 + 1).astype(np.uint8)
        for what, array in (("images", turned), ("labels", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            path = folder / f"{first_word}-{part}-{what}-idx{array.ndim}-ubyte.gz"
            path.write_bytes(gzip.compress(head + array.tobytes()))
    return folder


def test_emnist_letters_are_upright_and_called_by_their_names(tmp_path) -> None:
    train, test = load(letters(tmp_path))
    assert train.class_names == LETTERS
    assert train.labels.tolist() == [i % 26 for i in range(60)]
    assert np.array_equal(train.images, TRAIN.images) and np.array_equal(test.images, TEST.images)
    assert np.array_equal(load_images(tmp_path), TEST.images)
    (path,) = tmp_path.glob("*test-images*")
    assert np.array_equal(load_images(path), TEST.images)


def test_emnists_tables_are_upright_too(tmp_path) -> None:
    for part, drawn in (("train", TRAIN), ("test", TEST)):
        turned = drawn.images.swapaxes(1, 2).reshape(len(drawn), -1)
        rows = np.column_stack([np.arange(len(drawn)) % 26 + 1, turned])
        np.savetxt(tmp_path / f"emnist-letters-{part}.csv", rows, "%d", ",")
    train, _ = load(tmp_path)
    assert np.array_equal(train.images, TRAIN.images) and train.class_names == LETTERS


def test_a_set_is_read_by_the_beginning_of_its_files_names_next_to_another(tmp_path) -> None:
    letters(letters(tmp_path), "emnist-mnist")
    assert load(tmp_path / "emnist-letters").train.class_names == LETTERS
    beginning = r"each part must be in one file.* own, or name .*/emnist-letters$"
    for path in (tmp_path, tmp_path / "emnist"):
        with pytest.raises(DataFormatError, match=beginning) as caught:
            load(path)
        assert str(tmp_path / "emnist-letters") in str(caught.value)


def test_a_folder_around_the_set_is_said(tmp_path) -> None:
    """EMNIST's archive unpacks to gzip/."""
    (tmp_path / "emnist/gzip").mkdir(parents=True)
    letters(tmp_path / "emnist/gzip")
    with pytest.raises(DataFormatError, match=r"; name .*/emnist/gzip$"):
        load(tmp_path / "emnist")


def test_idx_files_in_folders_of_their_names_are_found(tmp_path) -> None:
    """Kaggle's archive of MNIST has each file twice: with a dot, and in a folder."""
    for part, drawn in (("train", TRAIN), ("t10k", TEST)):
        for what, array in (("images-idx3", drawn.images), ("labels-idx1", drawn.labels)):
            name = f"{part}-{what}-ubyte"
            (tmp_path / name).mkdir()
            write_idx(tmp_path / name / name, array)
            write_idx(tmp_path / name.replace("-idx", ".idx"), array)
    train, test = load(tmp_path)
    assert (train.sha256, test.sha256) == (TRAIN.sha256, TEST.sha256)
    for path in tmp_path.glob("*.idx*"):
        path.unlink()
    assert load(tmp_path).train.sha256 == TRAIN.sha256


def test_options_win_over_what_is_known_of_a_name(tmp_path) -> None:
    options = ReadOptions(transposed=False)
    assert np.array_equal(
        load(letters(tmp_path), options).train.images.swapaxes(1, 2), TRAIN.images
    )
    other = tmp_path / "other"
    other.mkdir()
    letters(other, "mine")
    with pytest.raises(DataFormatError, match=r"begin at 0; received 1 to 26 .* --first-label 1"):
        load(other)
    train, _ = load(other, ReadOptions(transposed=True, first_label=1))
    assert np.array_equal(train.images, TRAIN.images)
    assert train.class_names == tuple(map(str, range(1, 27)))
    assert train.labels.tolist() == [i % 26 for i in range(60)]


def test_kmnist_is_read_from_its_four_npz_files(tmp_path) -> None:
    for part, drawn in (("train", TRAIN), ("test", TEST)):
        np.savez_compressed(tmp_path / f"kmnist-{part}-imgs.npz", drawn.images)
        np.savez_compressed(tmp_path / f"kmnist-{part}-labels.npz", drawn.labels)
    with np.load(tmp_path / "kmnist-train-imgs.npz") as file:
        assert file.files == ["arr_0"]
    train, test = load(tmp_path)
    assert np.array_equal(train.images, TRAIN.images) and np.array_equal(test.labels, TEST.labels)
    assert train.class_names == tuple("おきすつなはまやれを")


def table(path: Path, drawn, header="label,", labelled=True) -> Path:
    rows = drawn.images.reshape(len(drawn), -1)
    if labelled:
        rows = np.column_stack([drawn.labels, rows])
    first = header + ",".join(f"pixel{i}" for i in range(784)) if header is not None else ""
    np.savetxt(path, rows, "%d", ",", header=first, comments="")
    return path


@pytest.fixture
def kaggle(tmp_path) -> Path:
    """Kaggle's digit recogniser: train.csv, test.csv without labels, a sample of an answer."""
    table(tmp_path / "train.csv", TRAIN)
    table(tmp_path / "test.csv", TEST, header="", labelled=False)
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    return tmp_path


def test_kaggles_table_is_split_and_its_test_table_is_predicted(
    kaggle, monkeypatch, capsys
) -> None:
    with pytest.raises(DataFormatError, match=r"test.csv; .* or name .*train.csv alone, with --sp"):
        load(kaggle)
    with pytest.raises(InvalidValueError, match=r"must have a test part.*--split 0.15"):
        load(kaggle / "train.csv")
    train, test = load(kaggle / "train.csv", ReadOptions(split=0.2))
    assert (len(train), len(test), train.image_shape) == (50, 10, (28, 28))
    monkeypatch.setattr(sys, "argv", ["fashionlab", "predict", str(kaggle / "test.csv"), "--csv"])
    with pytest.raises(SystemExit) as ended:
        main()
    lines = capsys.readouterr().out.splitlines()
    assert not ended.value.code and len(lines) == 1 + len(TEST)
    model = Predictor()
    best = model.probabilities(TEST.images).argmax(axis=1)
    assert [line.split(",")[1] for line in lines[1:]] == [model.class_names[k] for k in best]
    assert lines[1].split(",")[0].endswith("test.csv[0]")


def test_the_course_reports_table_of_785_columns_is_taken(tmp_path) -> None:
    table(tmp_path / "fashion-mnist_train.csv", TRAIN)
    table(tmp_path / "fashion-mnist_test.csv", TEST)
    train, test = load(tmp_path)
    assert np.array_equal(train.images, TRAIN.images) and np.array_equal(test.images, TEST.images)
    assert np.array_equal(test.labels, TEST.labels)
    assert train.preparation == "garment"  # light on black


def test_the_split_off_test_part_is_of_every_class_and_the_same_each_time(tmp_path) -> None:
    path = table(tmp_path / "all.csv", TRAIN, header=None)
    both = load(path, ReadOptions(split=0.15))
    assert np.bincount(both.test.labels).tolist() == [1] * 10  # of six each
    again = load_parts(path, ReadOptions(split=0.15))
    assert [part.sha256 for part in again] == [part.sha256 for part in both]
    rows = sorted(row.tobytes() for part in both for row in part.images)
    assert rows == sorted(row.tobytes() for row in TRAIN.images)
    (alone,) = load_parts(path)
    assert (alone.part, alone.name, len(alone)) == ("train", "all", 60)
    assert both.options == ReadOptions(split=0.15)


def test_a_share_of_a_set_that_has_a_test_part_is_refused(tmp_path) -> None:
    letters(tmp_path)
    for read in (load, load_parts):
        with pytest.raises(InvalidValueError, match=r"split is for a set without a test part"):
            read(tmp_path, ReadOptions(split=0.2))
