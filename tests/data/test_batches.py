"""Batches: every image once an epoch, in an order that (seed, epoch) alone decide."""

import numpy as np
import pytest

from fashionlab.data import Augmentation, Batches, batch_order, one_hot
from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError

TRAIN = draw(train=25, test=1)[0]


def test_one_hot_by_hand() -> None:
    rows = one_hot(np.array([2, 0]), 3)
    assert rows.dtype == np.float32 and rows.tolist() == [[0, 0, 1], [1, 0, 0]]
    for bad in (np.array([3]), np.array([-1])):
        with pytest.raises(InvalidValueError):
            one_hot(bad, 3)
    with pytest.raises(InvalidValueError):
        one_hot(np.array([0.5]), 3)


def test_order_follows_from_seed_and_epoch_alone() -> None:
    order = batch_order(100, seed=3, epoch=7)
    assert np.array_equal(order, batch_order(100, seed=3, epoch=7))
    assert not np.array_equal(order, batch_order(100, seed=3, epoch=8))
    assert not np.array_equal(order, batch_order(100, seed=7, epoch=3))
    assert np.array_equal(np.sort(order), np.arange(100))


def test_epoch_has_every_image_once_with_its_label() -> None:
    batches = Batches(TRAIN, 10, seed=0)
    got = list(batches.epoch(4))
    assert [len(images) for images, _ in got] == [10, 10, 5] and batches.steps == 3
    order = batch_order(25, 0, 4)
    assert np.array_equal(np.concatenate([images for images, _ in got]), TRAIN.images[order])
    targets = np.concatenate([targets for _, targets in got])
    assert np.array_equal(targets.argmax(1), TRAIN.labels[order])


@pytest.mark.parametrize("size", [None, 25, 1000])
def test_full_batch_is_the_set_itself(size: int | None) -> None:
    batches = Batches(TRAIN, size, seed=0)
    ((images, targets),) = batches.epoch(0)
    assert images is TRAIN.images and batches.steps == 1
    assert np.array_equal(targets.argmax(1), TRAIN.labels)


AUGMENTATIONS = [None, Augmentation(flip=True, shift=2)]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("size", [10, None])
def test_an_epoch_goes_on_at_any_batch_with_the_batches_of_a_whole_one(size, augmentation) -> None:
    batches = Batches(TRAIN, size, 3, augmentation)
    whole = list(batches.epoch(2))
    for start in range(batches.steps + 1):
        rest = list(Batches(TRAIN, size, 3, augmentation).epoch(2, start))
        assert len(rest) == batches.steps - start
        for (x, y), (u, v) in zip(rest, whole[start:], strict=True):
            assert np.array_equal(x, u) and np.array_equal(y, v)


def test_a_start_outside_the_epoch_is_refused() -> None:
    for start in (-1, 4):
        with pytest.raises(InvalidValueError, match=f"3 batches of an epoch, got {start}"):
            next(Batches(TRAIN, 10, seed=0).epoch(0, start))


@pytest.mark.parametrize("size", [10, None])
def test_augmented_images_keep_order_and_targets_and_the_set(size: int | None) -> None:
    before, augmentation = TRAIN.images.copy(), Augmentation(flip=True, shift=2)
    plain, changed = (list(Batches(TRAIN, size, 5, a).epoch(1)) for a in (None, augmentation))
    rows = np.arange(25) if size is None else batch_order(25, 5, 1)
    images = np.concatenate([x for x, _ in changed])
    draws = augmentation.draw(25, 5, 1)
    assert np.array_equal(images, draws.apply(TRAIN.images[rows], rows))
    assert all(np.array_equal(y, v) for (_, y), (_, v) in zip(plain, changed, strict=True))
    assert not any(np.shares_memory(x, TRAIN.images) for x, _ in changed)
    assert np.array_equal(TRAIN.images, before)


def test_flips_do_not_follow_the_numbers_that_gave_the_order() -> None:
    order = np.random.default_rng([3, 7])
    flipped = Augmentation(flip=True).draw(400, seed=3, epoch=7).flipped
    assert 150 < (flipped == (order.random(400) < 0.5)).sum() < 250


def test_every_epoch_changes_an_image_anew() -> None:
    batches = Batches(TRAIN, None, 0, Augmentation(shift=2))
    (a, _), (b, _) = next(batches.epoch(0)), next(batches.epoch(1))
    assert not np.array_equal(a, b)


def test_batch_size_and_seed_out_of_range_are_refused() -> None:
    for size, seed in ((0, 0), (-1, 0), (1, -1)):
        with pytest.raises(InvalidValueError):
            Batches(TRAIN, size, seed)
