"""Images larger than the memory: every row once an epoch, decided by (seed, epoch), in windows."""

import threading
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from fashionlab.data import Augmentation, Batches, Dataset, split, storage, windows
from fashionlab.data.windows import Windows
from fashionlab.errors import DataFormatError

SHAPE = (4, 5)
BYTES = 20  # an image
COUNTS = (7, 13, 40, 97)
CASES = [(n, size) for n in COUNTS for size in (1, 2, 4, 6, 7)]


@pytest.fixture(autouse=True)
def little_memory(monkeypatch) -> None:
    """Let 5 images be too many, 3 be read together, and 13 or a batch be a window."""
    monkeypatch.setattr(storage, "IN_MEMORY", 4 * BYTES)
    monkeypatch.setattr(windows, "BLOCK", 3 * BYTES)
    monkeypatch.setattr(windows, "WINDOW", 13 * BYTES)


def made(n: int, folder: Path) -> Dataset:
    """Return n images, each filled with its row's number, mapped from a file; labels are rows."""
    images = np.repeat(np.arange(n, dtype=np.uint8), BYTES).reshape(n, *SHAPE)
    np.save(folder / "images.npy", images)
    mapped = np.load(folder / "images.npy", mmap_mode="r").view(np.ndarray)
    names = tuple(map(str, range(n)))
    return Dataset(mapped, np.arange(n, dtype=np.uint8), names, "rows", "train", "here")


def seen(batches: Batches, epoch: int, start: int = 0) -> list[list[int]]:
    """Return the rows of each batch, which its images and its targets agree on."""
    found = []
    for images, targets in batches.epoch(epoch, start):
        rows = images[:, 0, 0].tolist()
        assert (images == images[:, :1, :1]).all()
        assert targets.argmax(axis=1).tolist() == rows
        found.append(rows)
    return found


@pytest.mark.parametrize(("n", "size"), CASES)
def test_every_row_comes_once_an_epoch_in_batches_as_in_memory(n, size, tmp_path, monkeypatch):
    batches = Batches(made(n, tmp_path), size, seed=1)
    for epoch in range(3):
        found = seen(batches, epoch)
        assert sorted(chain(*found)) == list(range(n))
        assert len(found) == batches.steps
        sizes = [len(rows) for rows in found]
        monkeypatch.setattr(storage, "IN_MEMORY", 2**30)
        assert sizes == [len(images) for images, _ in batches.epoch(epoch)]
        monkeypatch.setattr(storage, "IN_MEMORY", 4 * BYTES)


@pytest.mark.parametrize(("n", "size"), CASES)
def test_resumed_at_any_step_an_epoch_has_the_same_batches(n, size, tmp_path) -> None:
    data = made(n, tmp_path)
    whole = seen(Batches(data, size, seed=3), 2)
    for start in range(len(whole) + 1):
        assert seen(Batches(data, size, seed=3), 2, start) == whole[start:]


def test_the_order_is_decided_by_seed_and_epoch_and_is_another_for_each(tmp_path) -> None:
    data = made(97, tmp_path)
    orders = {
        (seed, epoch): tuple(chain(*seen(Batches(data, 4, seed), epoch)))
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len(set(orders.values())) == 4
    assert orders[1, 0] == tuple(chain(*seen(Batches(data, 4, 1), 0)))


def test_a_window_mixes_blocks_from_all_over_the_file(tmp_path) -> None:
    plan = Windows(97, BYTES, 4, seed=0)
    assert (plan.steps, plan.size, plan.windows) == (3, 12, 8)
    reached = [plan.rows(0, number) for number in range(plan.windows)]
    # Read near in order: no slice is longer than a block, and few are shorter.
    assert all(s.stop - s.start <= 3 for slices in reached for s in slices)
    assert all(len(slices) <= 6 for slices in reached)
    first = [row for s in reached[0] for row in range(s.start, s.stop)]
    assert max(first) - min(first) > 40
    images = made(97, tmp_path).images
    window = plan.read(images, 0, 0, np.empty_like(images))
    assert window.rows.tolist() == first
    assert sorted(window.order.tolist()) == list(range(12)) != window.order.tolist()
    assert window.images[:, 0, 0].tolist() == window.rows.tolist()


def test_no_more_than_two_windows_are_read_ahead_of_their_use(tmp_path, monkeypatch) -> None:
    read, at_use = [], []
    before = Windows.read

    def noted(self, images, epoch, window, into):
        read.append(window)
        return before(self, images, epoch, window, into)

    monkeypatch.setattr(Windows, "read", noted)
    for number, _ in Windows(97, BYTES, 4, 0).epoch(made(97, tmp_path).images, 0):
        at_use.append(max(read) - number)
    assert read == list(range(8)) and max(at_use) <= 1


def test_an_epoch_that_is_left_in_the_middle_leaves_no_thread(tmp_path) -> None:
    threads = threading.active_count()
    epoch = Batches(made(97, tmp_path), 4, 0).epoch(0)
    next(epoch)
    epoch.close()
    assert threading.active_count() == threads


def sides(batches: Batches, epoch: int) -> dict[int, bool]:
    """Return for each row whether it was flipped: its left column is brighter then."""
    return {
        int(row): bool(image[0, 0] > image[0, -1])
        for images, targets in batches.epoch(epoch)
        for image, row in zip(images, targets.argmax(axis=1), strict=True)
    }


def test_flips_alternate_whatever_window_an_image_is_in(tmp_path) -> None:
    data = made(97, tmp_path)
    images = data.images.copy()
    images[:, :, 0], images[:, :, -1] = 0, 255
    flipping = Augmentation(flip=True)
    batches = Batches(
        Dataset(images, data.labels, data.class_names, "a", "train", "b"), 4, 0, flipping
    )
    first, second, third = (sides(batches, epoch) for epoch in range(3))
    assert first == third and all(first[row] is not second[row] for row in range(97))
    assert 30 < sum(first.values()) < 67


def test_augmented_epochs_resume_too_and_leave_the_file_as_it_was(tmp_path) -> None:
    data = made(97, tmp_path)
    changed = Augmentation(flip=True, shift=1, erase=0.5, cutmix=0.5)
    whole = [x.copy() for x, _ in Batches(data, 4, 5, changed).epoch(1)]
    for start in (1, 3, 4, 23):
        rest = [x for x, _ in Batches(data, 4, 5, changed).epoch(1, start)]
        assert len(rest) == len(whole) - start
        assert all(np.array_equal(a, b) for a, b in zip(rest, whole[start:], strict=True))
    assert np.array_equal(data.images[:, 0, 0], np.arange(97))


def test_a_part_split_off_is_on_the_disk_and_has_the_same_rows(tmp_path) -> None:
    data = made(97, tmp_path)
    two = Dataset(data.images, data.labels % 2, ("even", "odd"), "a", "train", "b")
    train, held_out = split(two, 0.2, seed=0)
    assert storage.is_mapped(train.images) and storage.is_mapped(held_out.images)
    rows = [part.images[:, 0, 0].tolist() for part in (train, held_out)]
    assert sorted(chain(*rows)) == list(range(97)) and rows[0] == sorted(rows[0])
    assert np.array_equal(train.labels, np.array(rows[0]) % 2)


def test_a_file_that_is_exchanged_while_it_is_trained_on_is_noticed(tmp_path) -> None:
    data = made(97, tmp_path)
    batches = Batches(data, 4, 0).epoch(0)
    next(batches)
    (tmp_path / "images.npy").unlink()
    np.save(tmp_path / "images.npy", np.zeros_like(data.images))
    with pytest.raises(DataFormatError, match=r"stay as it is .*images.npy"):
        list(batches)


@pytest.mark.parametrize("gone", [True, False])
def test_a_part_of_a_map_is_read_as_the_map_has_it(gone, tmp_path) -> None:
    """Also where its file has lost its name, or the part is not row after row in it."""
    images = made(97, tmp_path).images
    parts = [images[5:], images[5:60:2], images[7:, ::-1]]
    if gone:
        (tmp_path / "images.npy").unlink()
    for part in parts:
        out = np.empty((3, *SHAPE), np.uint8)
        with storage.reading(part) as read:
            read(slice(4, 7), out)
        assert np.array_equal(out, part[4:7])
