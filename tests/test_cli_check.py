"""fashionlab data check, as a user types it."""

import contextlib
import io
import json
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

from fashionlab.cli import main
from fashionlab.data.synthetic import draw


def fashionlab(*arguments, cwd):
    """(status, output, errors), in this process."""
    said, told = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd),
        patch("sys.argv", ["fashionlab", *map(str, arguments)]),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(told),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return ended.value.code, said.getvalue(), told.getvalue()


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A function that writes a set of two parts as one npz file; a third of it are leaked."""
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))

    def write(leaked=True):
        train, test = draw(300, 90)
        if leaked:
            test.images[:30], test.labels[:30] = train.images[:30], train.labels[:30]
        path = tmp_path / "set.npz"
        np.savez(
            path,
            x_train=train.images,
            y_train=train.labels,
            x_test=test.images,
            y_test=test.labels,
        )
        return path

    return write


def test_a_sound_set_has_status_0(data, tmp_path) -> None:
    status, said, told = fashionlab("data", "check", data(leaked=False), cwd=tmp_path)
    assert status == 0, told
    assert said.startswith("Sound: no findings. These are garments")
    assert "train: 300 images of 28 x 28, 10 classes" in said


def test_pictures_are_named_by_their_files(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    train, _ = draw(60, 10)
    for name, row in {"bag/one.png": 0, "bag/=1\n2.png": 1, "coat/copy.png": 0}.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(train.images[row]).save(path)
    _, said, told = fashionlab("data", "check", "photos", "--out", "check.html", cwd=tmp_path)
    assert "    bag/one.png (bag), coat/copy.png (coat)\n" in said, told
    assert r"    bag/=1\n2.png (bag)" in said
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert 'alt="Image coat/copy.png, labelled coat"' in page
    _, said, _ = fashionlab("data", "check", "photos", "--json", cwd=tmp_path)
    (group,) = json.loads(said)["duplicates"]["listed"]
    assert group == [
        {"part": "train", "index": 1, "file": "bag/one.png"},
        {"part": "train", "index": 2, "file": "coat/copy.png"},
    ]


def test_leakage_is_listed_by_row_and_has_status_1(data, tmp_path) -> None:
    status, said, _ = fashionlab("data", "check", "--data", data(), cwd=tmp_path)
    assert status == 1 and said.startswith("Not sound: 1 error.")
    assert "error: 30 images of test, 33.33%, are in an earlier part too" in said
    assert "\n    train 0 (" in said and ", test 0 (" in said
    assert "All 360 distinct images were compared with each other." in said


def test_json_is_the_same_answer(data, tmp_path) -> None:
    status, said, _ = fashionlab("data", "check", data(), "--json", cwd=tmp_path)
    answer = json.loads(said)
    assert (status, answer["sound"]) == (1, False)
    assert answer["duplicates"]["in_an_earlier_part"] == [0, 30]


def test_the_page_is_written_where_it_was_asked_for(data, tmp_path) -> None:
    status, *_ = fashionlab("data", "check", data(), "--out", "page.html", cwd=tmp_path)
    assert status == 1
    assert "Copies across parts" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_data_named_twice_are_refused_in_a_line(data, tmp_path) -> None:
    status, said, told = fashionlab("data", "check", "a", "--data", "b", cwd=tmp_path)
    assert (status, said) == (2, "") and "named once" in told and told.count("\n") == 1
