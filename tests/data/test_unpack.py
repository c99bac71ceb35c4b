"""The cache of what was unpacked: it saves time, and whatever happens to it does no harm."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from fashionlab.data import ReadOptions, load, synthetic, unpack, write_idx
from fashionlab.data.forms import Block
from fashionlab.errors import DataFormatError

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 4, 5), np.uint8)
LABELS = {
    "numbers": np.arange(9) % 3 + 1,
    "names": ["ant", "bee", "é\n"] * 3,
    "none": None,
}


class Reader:
    """A reader of IMAGES in blocks of two that counts how often it was called."""

    def __init__(self, labels, fail_after=9) -> None:
        self.labels, self.fail_after, self.calls = labels, fail_after, 0

    def __call__(self):
        self.calls += 1
        for first in range(0, 9, 2):
            if first > self.fail_after:
                raise DataFormatError("a damaged block")
            rows = slice(first, first + 2)
            yield Block(IMAGES[rows], None if self.labels is None else self.labels[rows])

    def get(self, key="key"):
        return unpack.unpacked(self, lambda: key, "a file")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """Return the cache's folder; what has more than three images goes there."""
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(unpack, "SMALL", 60)
    return tmp_path / "cache" / "unpacked"


def same(found, labels) -> bool:
    kinds_agree = type(found.labels) is type(labels)
    return (
        np.array_equal(found.images, IMAGES)
        and kinds_agree
        and (labels is None or list(found.labels) == list(labels))
    )


@pytest.mark.parametrize("kind", LABELS)
def test_the_second_time_it_is_taken_from_the_cache(kind, cache) -> None:
    reader = Reader(LABELS[kind])
    assert same(reader.get(), LABELS[kind]) and len(list(cache.iterdir())) == 1
    assert same(reader.get(), LABELS[kind]) and reader.calls == 1
    assert same(reader.get("another"), LABELS[kind]) and reader.calls == 2
    assert len(list(cache.iterdir())) == 2


def test_what_is_small_leaves_no_file(cache, monkeypatch) -> None:
    monkeypatch.setattr(unpack, "SMALL", IMAGES.nbytes)
    reader = Reader(None)
    assert same(reader.get(), None) and same(reader.get(), None)
    assert reader.calls == 2 and not cache.exists()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"\x80\x04]" + bytes(200))


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("file", ["images.npy", "labels.npy", "names.json"])
@pytest.mark.parametrize("harm", [cut, emptied, overwritten, Path.unlink])
def test_a_damaged_entry_is_replaced(kind, file, harm, cache) -> None:
    reader = Reader(LABELS[kind])
    reader.get()
    (entry,) = cache.iterdir()
    harm(entry / file)
    assert same(reader.get(), LABELS[kind]) and reader.calls == 2
    assert same(reader.get(), LABELS[kind]) and reader.calls == 2
    assert list(cache.iterdir()) == [entry]


def test_an_entry_that_is_removed_is_made_again_and_the_images_in_use_stay(cache) -> None:
    reader = Reader(None)
    images = reader.get().images
    shutil.rmtree(cache)
    assert np.array_equal(images, IMAGES)
    assert same(reader.get(), None) and reader.calls == 2


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "file"))
    reader = Reader(LABELS["names"])
    assert same(reader.get(), LABELS["names"]) and same(reader.get(), LABELS["names"])
    assert reader.calls == 2


def test_a_reader_that_fails_leaves_nothing(cache) -> None:
    with pytest.raises(DataFormatError, match="a damaged block"):
        Reader(None, fail_after=6).get()
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_removed_after_a_day(cache, monkeypatch) -> None:
    left = cache / ".key.0123.partial"
    left.mkdir(parents=True)
    Reader(None).get()
    assert left.exists()
    monkeypatch.setattr(unpack, "ABANDONED_S", -1)
    Reader(None).get("another")
    assert not left.exists() and len(list(cache.iterdir())) == 2


def test_two_at_once_both_have_the_images(cache) -> None:
    """Both have read all before the first has a name."""
    both = Barrier(2)

    class Slow(Reader):
        def __call__(self):
            yield from super().__call__()
            both.wait(60)

    readers = [Slow(LABELS["numbers"]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(Slow.get, readers))
    assert all(same(one, LABELS["numbers"]) for one in found)
    assert [reader.calls for reader in readers] == [1, 1] and len(list(cache.iterdir())) == 1


def test_a_gzipped_set_is_unpacked_once_for_each_way_of_reading(
    tmp_path, cache, monkeypatch
) -> None:
    parts = synthetic.draw(train=20, test=10)
    for prefix, part in zip(("train", "t10k"), parts, strict=True):
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte.gz", part.images)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", part.labels)
    before = load(tmp_path)
    assert len(list(cache.iterdir())) == 2
    with monkeypatch.context() as patched:
        patched.setattr(unpack, "_Rows", None)  # nothing can be unpacked
        again = load(tmp_path)
    assert [part.sha256 for part in again] == [part.sha256 for part in before]
    turned = load(tmp_path, ReadOptions(transposed=True))
    assert np.array_equal(turned.train.images.swapaxes(1, 2), parts[0].images)
    assert len(list(cache.iterdir())) == 4
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", parts[1].images[::-1])
    assert np.array_equal(load(tmp_path).test.images, parts[1].images[::-1])
