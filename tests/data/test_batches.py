"""Batches: every image once an epoch, in an order that (seed, epoch) alone decide."""

import numpy as np
import pytest

from fashionlab.data import Batches, batch_order, one_hot
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


def test_batch_size_and_seed_out_of_range_are_refused() -> None:
    for size, seed in ((0, 0), (-1, 0), (1, -1)):
        with pytest.raises(InvalidValueError):
            Batches(TRAIN, size, seed)
