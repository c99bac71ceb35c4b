"""Augmentation: the same pixels from (seed, epoch), whatever the batches."""

import numpy as np
import pytest

from fashionlab.data import Augmentation, Batches
from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError

TRAIN = draw(train=50, test=1)[0]
BOTH = Augmentation(flip=True, shift=3)


def moved(image, down, right):
    """By hand: pixel by pixel."""
    height, width = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                out[y, x] = image[y - down, x - right]
    return out


def test_each_image_is_what_its_draws_say_by_hand():
    draws = BOTH.draw(50, seed=1, epoch=2)
    rows = np.array([7, 3, 40, 7])
    out = draws.apply(TRAIN.images[rows], rows)
    assert out.dtype == np.uint8
    for image, row in zip(out, rows, strict=True):
        expected = TRAIN.images[row][:, ::-1] if draws.flipped[row] else TRAIN.images[row]
        np.testing.assert_array_equal(image, moved(expected, *draws.moves[row]))


def test_the_draws_follow_from_seed_and_epoch_alone_and_reach_all_values():
    draws = BOTH.draw(10_000, seed=1, epoch=2)
    again = BOTH.draw(10_000, seed=1, epoch=2)
    np.testing.assert_array_equal(draws.moves, again.moves)
    np.testing.assert_array_equal(draws.flipped, again.flipped)
    for seed, epoch in ((1, 3), (2, 2), (2, 1)):
        other = BOTH.draw(10_000, seed, epoch)
        assert not np.array_equal(draws.moves, other.moves)
        assert not np.array_equal(draws.flipped, other.flipped)
    assert abs(draws.flipped.mean() - 0.5) < 0.02
    for axis in (0, 1):
        values, counts = np.unique(draws.moves[:, axis], return_counts=True)
        assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
        assert counts.min() > 1_250


def test_flips_alone_and_shifts_alone():
    rows = np.arange(50)
    flips = Augmentation(flip=True).draw(50, 0, 0)
    out = flips.apply(TRAIN.images, rows)
    assert 0 < flips.flipped.sum() < 50
    np.testing.assert_array_equal(out[flips.flipped], TRAIN.images[flips.flipped, :, ::-1])
    np.testing.assert_array_equal(out[~flips.flipped], TRAIN.images[~flips.flipped])
    shifts = Augmentation(shift=1).draw(50, 0, 0)
    np.testing.assert_array_equal(
        shifts.apply(TRAIN.images, rows)[5], moved(TRAIN.images[5], *shifts.moves[5])
    )


def test_the_images_themselves_are_never_written():
    before = TRAIN.images.copy()
    for batch_size in (8, None):
        for images, _ in Batches(TRAIN, batch_size, 0, BOTH).epoch(0):
            images[:] = 0
    np.testing.assert_array_equal(TRAIN.images, before)


@pytest.mark.parametrize("augmentation", [None, BOTH])
@pytest.mark.parametrize("start", [1, 3, 6, 7])
def test_an_epoch_entered_in_its_middle_is_the_rest_of_the_whole_one(augmentation, start):
    batches = Batches(TRAIN, 8, 4, augmentation)
    whole, rest = list(batches.epoch(5)), list(batches.epoch(5, start))
    assert len(rest) == 7 - start
    for (x, y), (x2, y2) in zip(whole[start:], rest, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)


def test_an_image_is_changed_alike_whatever_the_batch_size():
    def of(batch_size):
        parts = [x for x, _ in Batches(TRAIN, batch_size, 0, BOTH).epoch(1)]
        return sorted(image.tobytes() for image in np.concatenate(parts))

    assert of(8) == of(50) == of(None) == of(1)


def test_one_batch_of_all_images_is_augmented_and_over_after_one():
    batches = Batches(TRAIN, None, 0, BOTH)
    ((images, _),) = batches.epoch(0)
    assert not np.array_equal(images, TRAIN.images)
    assert list(batches.epoch(0, 1)) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"flip": 1}, "flip must be true or false; received 1"),
        ({"shift": -1}, "shift must be a whole number"),
        ({"shift": 1.5}, "shift must be a whole number"),
        ({"shift": True}, "shift must be a whole number"),
    ],
)
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(InvalidValueError, match=words):
        Augmentation(**options)


def test_a_shift_that_leaves_nothing_is_refused():
    with pytest.raises(InvalidValueError, match="below the image's sides, 28 x 28; received 28"):
        next(Batches(TRAIN, 8, 0, Augmentation(shift=28)).epoch(0))
