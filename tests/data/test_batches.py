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


@pytest.mark.parametrize(
    ("size", "sizes"), [(12, [12, 13]), (8, [8, 8, 9]), (24, [25]), (1, [1] * 25), (23, [23, 2])]
)
def test_a_last_image_that_would_be_alone_joins_the_batch_before(size, sizes) -> None:
    batches = Batches(TRAIN, size, seed=0)
    got = [images for images, _ in batches.epoch(4)]
    assert [len(images) for images in got] == sizes and batches.steps == len(sizes)
    order = batch_order(25, 0, 4) if len(sizes) > 1 else np.arange(25)
    assert np.array_equal(np.concatenate(got), TRAIN.images[order])


def test_a_shift_that_leaves_nothing_is_refused_before_an_epoch() -> None:
    for shift in (28, 2**62):
        with pytest.raises(InvalidValueError, match=r"shift must be below the image's sides"):
            Batches(TRAIN, 10, 0, Augmentation(shift=shift))


@pytest.mark.parametrize("size", [None, 25, 1000])
def test_full_batch_is_the_set_itself(size: int | None) -> None:
    batches = Batches(TRAIN, size, seed=0)
    ((images, targets),) = batches.epoch(0)
    assert images is TRAIN.images and batches.steps == 1
    assert np.array_equal(targets.argmax(1), TRAIN.labels)


OWN = {"flip": True, "rotate": 30, "zoom": 0.2, "shift": 2, "erase": 0.5}
ALL = [Augmentation(**OWN, cutmix=0.5), Augmentation(**OWN, mixup=0.5)]


@pytest.mark.parametrize("augmentation", [None, *ALL])
@pytest.mark.parametrize("size", [10, 8, None])
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
        with pytest.raises(InvalidValueError, match=f"3 batches of an epoch; received {start}"):
            next(Batches(TRAIN, 10, seed=0).epoch(0, start))


@pytest.mark.parametrize("augmentation", [Augmentation(**OWN), *ALL])
@pytest.mark.parametrize("size", [10, None])
def test_each_batch_is_changed_as_the_draws_of_its_rows_say(size, augmentation) -> None:
    draws, encoded = augmentation.draw(25, 5, 1), one_hot(TRAIN.labels, 10)
    order, size = (batch_order(25, 5, 1), 10) if size else (np.arange(25), 25)
    for i, (x, y) in enumerate(Batches(TRAIN, size, 5, augmentation).epoch(1)):
        rows = order[i * size : (i + 1) * size]
        u, v = draws.apply(TRAIN.images[rows], encoded[rows], rows)
        assert np.array_equal(x, u) and np.array_equal(y, v)


@pytest.mark.parametrize("augmentation", ALL)
@pytest.mark.parametrize("size", [10, None])
def test_an_augmented_epoch_leaves_the_set_and_its_targets_as_they_were(size, augmentation) -> None:
    images, labels = TRAIN.images.copy(), TRAIN.labels.copy()
    batches = Batches(TRAIN, size, 5, augmentation)
    for x, _ in batches.epoch(0):
        x[:] = 0
    assert np.array_equal(TRAIN.images, images) and np.array_equal(TRAIN.labels, labels)
    again = Batches(TRAIN, size, 5, augmentation).epoch(1)
    for (x, y), (u, v) in zip(batches.epoch(1), again, strict=True):
        assert np.array_equal(x, u) and np.array_equal(y, v)


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_flips_do_not_follow_the_numbers_that_gave_the_order(epoch: int) -> None:
    order = np.random.default_rng([3, epoch])
    flipped = Augmentation(flip=True).draw(400, seed=3, epoch=epoch).flipped
    assert 150 < (flipped == (order.random(400) < 0.5)).sum() < 250


def test_batch_size_and_seed_out_of_range_are_refused() -> None:
    for size, seed in ((0, 0), (-1, 0), (1, -1)):
        with pytest.raises(InvalidValueError):
            Batches(TRAIN, size, seed)
