"""Augmentation of colour images: the channels move together, and noise is drawn for each."""

from dataclasses import replace

import numpy as np
import pytest

from fashionlab.data import Augmentation, one_hot

N, SHAPE = 60, (20, 28, 3)
ROWS = np.random.default_rng(1).permutation(N)
IMAGES = np.random.default_rng(0).integers(0, 256, (N, *SHAPE), np.uint8)
TARGETS = one_hot(np.arange(N) // (N // 2), 2)
for array in (IMAGES, TARGETS):
    array.flags.writeable = False

ALONE = [
    {"flip": True},
    {"rotate": 30.0},
    {"zoom": 0.2},
    {"shift": 3},
    {"cutmix": 0.5},
    {"fmix": 0.5},
    {"mixup": 0.5},
]
MOVES = {"flip": True, "rotate": 30, "zoom": 0.2, "shift": 3}


@pytest.mark.parametrize("options", [*ALONE, MOVES, MOVES | {"cutmix": 0.5}], ids=str)
def test_each_channel_is_changed_as_a_grey_image_with_the_same_draws(options):
    draws = Augmentation(**options).draw(N, 3, 1)
    out, targets = draws.apply(IMAGES, TARGETS, ROWS)
    assert out.shape == IMAGES.shape and out.dtype == np.uint8
    for channel in range(3):
        grey, same = draws.apply(np.ascontiguousarray(IMAGES[..., channel]), TARGETS, ROWS)
        np.testing.assert_array_equal(out[..., channel], grey)
        np.testing.assert_array_equal(targets, same)


def test_erasing_takes_the_rectangle_of_a_grey_image_and_one_window_of_noise_in_colour():
    draws = Augmentation(erase=0.5).draw(N, 3, 1)
    out, _ = draws.apply(IMAGES, TARGETS, ROWS)
    inverse, _ = draws.apply(~IMAGES, TARGETS, ROWS)
    grey, other = (draws.apply(x[..., 0], TARGETS, ROWS)[0] for x in (IMAGES, ~IMAGES))
    erased = grey == other  # (N, H, W): there it does not matter what was before
    assert 0.3 < erased.any((1, 2)).mean() < 0.7
    sheet = draws.sheet(SHAPE)
    for image, before, flipped, mask, row in zip(out, IMAGES, inverse, erased, ROWS, strict=True):
        down, right = draws.noise_starts[row]
        noise = sheet[down : down + SHAPE[0], right : right + SHAPE[1]]
        np.testing.assert_array_equal(image, np.where(mask[..., np.newaxis], noise, before))
        np.testing.assert_array_equal(flipped, np.where(mask[..., np.newaxis], noise, ~before))


def test_the_noise_of_one_channel_says_nothing_about_that_of_another():
    sheet = Augmentation(erase=1).draw(1, 0, 0).sheet(SHAPE).reshape(-1, 3).astype(float)
    np.testing.assert_allclose(np.corrcoef(sheet.T), np.eye(3), atol=0.05)
    assert sheet.min() == 0 and sheet.max() == 255


@pytest.mark.parametrize("mixed", [{"cutmix": 0.5}, {"fmix": 0.5}, {"mixup": 0.5}])
def test_erasing_then_mixing_is_one_after_the_other(mixed):
    draws = Augmentation(**MOVES, erase=0.5, **mixed).draw(N, 3, 1)
    before = replace(draws, replaced=None, fields=None, weights=None)
    own, _ = before.apply(IMAGES, TARGETS, ROWS)
    alone = Augmentation(**mixed)
    mix = replace(draws, augmentation=alone, erased=None)
    expected = mix.apply(own, TARGETS, ROWS)
    for ours, theirs in zip(draws.apply(IMAGES, TARGETS, ROWS), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", [(8, 8, 3), (20, 31, 3), (64, 64, 3), (1, 1, 3)])
def test_images_of_any_size_are_changed(shape):
    images = np.random.default_rng(0).integers(0, 256, (4, *shape), np.uint8)
    shift = min(2, shape[0] - 1)
    draws = Augmentation(flip=True, rotate=9, zoom=0.1, shift=shift, erase=1.0, fmix=1.0)
    out, _ = draws.draw(4, 0, 0).apply(images, one_hot(np.arange(4), 4), np.arange(4))
    assert out.shape == images.shape
