"""Baselines are measured once for the same data, whatever lies in the cache."""

import io
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError
from fashionlab.report.measure import baselines as module
from fashionlab.report.measure.baselines import baselines, kept_baselines
from fashionlab.runs.reader import DataFacts

TRAIN, TEST = draw(train=60, test=12)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Told(list):
    __call__ = list.append


def contents(found):
    return [(one.name, one.predicted.tolist(), one.description) for one in found]


class OfData:
    """What `kept_baselines` reads of a run."""

    def __init__(self, train=TRAIN, test=TEST):
        self.class_names = test.class_names
        self.data = {
            part: DataFacts("own", data.sha256, len(data))
            for part, data in (("train", train), ("test", test))
        }


def test_they_are_measured_once_and_read_after_that(cache):
    said = Told()
    first = baselines(TRAIN, TEST, said)
    assert [one.name for one in first] == [
        "majority class",
        "logistic regression",
        "nearest neighbours",
    ]
    assert contents(baselines(TRAIN, TEST, said)) == contents(first)
    assert said == ["measuring simple baselines on the same data, once"]
    (file,) = cache.iterdir()
    assert file.name.startswith("baselines-") and file.suffix == ".npz"


def test_another_set_has_a_file_of_its_own(cache):
    baselines(TRAIN, TEST)
    said = Told()
    baselines(TRAIN, TEST.take(range(11)), said)
    baselines(TRAIN.take(range(59)), TEST, said)
    assert len(said) == 2
    assert len(list(cache.iterdir())) == 3


def test_those_of_a_run_are_found_where_they_were_measured():
    assert kept_baselines(OfData()) == ()
    assert contents(baselines(TRAIN, TEST)) == contents(kept_baselines(OfData()))
    assert kept_baselines(OfData(test=TEST.take(range(11)))) == ()


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def texts(value):
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


SOUND = {"predicted": np.zeros((3, 12), np.uint8), "texts": texts([["a", "b"]] * 3)}
DAMAGED = {
    "empty": b"",
    "no archive": b"<script>",
    "no arrays": archive(other=np.zeros(3)),
    "other images": archive(**SOUND | {"predicted": np.zeros((3, 11), np.uint8)}),
    "other methods": archive(**SOUND | {"predicted": np.zeros((2, 12), np.uint8)}),
    "no such class": archive(**SOUND | {"predicted": np.full((3, 12), 10, np.uint8)}),
    "floats": archive(**SOUND | {"predicted": np.zeros((3, 12))}),
    "objects": archive(**SOUND | {"texts": np.array([{}, None], object)}),
    "no JSON": archive(**SOUND | {"texts": np.arange(9, dtype=np.uint8)}),
    "no texts": archive(**SOUND | {"texts": texts({"a": 1})}),
    "too few": archive(**SOUND | {"texts": texts([["a", "b"]])}),
    "too long": archive(**SOUND | {"texts": texts([["a", 1001 * "b"]] * 3)}),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_measured_again_and_replaced(content, cache):
    first = baselines(TRAIN, TEST)
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert kept_baselines(OfData()) == ()
    said = Told()
    assert contents(baselines(TRAIN, TEST, said)) == contents(first)
    assert said
    assert contents(kept_baselines(OfData())) == contents(first)


def test_texts_of_a_file_are_on_one_line():
    baselines(TRAIN, TEST)
    (file,) = module.cache_folder().iterdir()
    file.write_bytes(archive(**SOUND | {"texts": texts([["a\nb", "\x1b[2J"]] * 3)}))
    one = baselines(TRAIN, TEST)[0]
    assert (one.name, one.description) == (r"a\nb", r"\x1b[2J")


def test_half_a_file_is_measured_again(cache):
    first = baselines(TRAIN, TEST)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-200])
    assert contents(baselines(TRAIN, TEST)) == contents(first)


@pytest.mark.parametrize("kind", ["folder", "pipe", "dead link"])
def test_what_is_no_file_is_no_error(kind, cache):
    first = baselines(TRAIN, TEST)
    (file,) = cache.iterdir()
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no named pipes here")
        os.mkfifo(file)
    else:
        try:
            file.symlink_to(cache / "nowhere")
        except OSError:
            pytest.skip("no links here")
    assert contents(baselines(TRAIN, TEST)) == contents(first)


def test_a_cache_that_cannot_be_written_is_no_error(cache):
    cache.write_text("a file, not a folder")
    said = Told()
    assert contents(baselines(TRAIN, TEST, said)) == contents(baselines(TRAIN, TEST, said))
    assert len(said) == 2


def test_parts_of_two_sets_are_refused():
    other, _ = draw(train=20, test=12)
    small = other.images[:, :20, :20].copy()
    with pytest.raises(InvalidValueError, match="the same image_shape"):
        baselines(replace(other, images=small), TEST)
    with pytest.raises(InvalidValueError, match="the same classes"):
        baselines(replace(other, class_names=(*other.class_names, "hat")), TEST)
