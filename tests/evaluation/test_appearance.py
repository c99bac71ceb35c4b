"""Brightness, contrast and covered area: by hand, and image by image with NumPy's own functions."""

import numpy as np
import pytest

from fashionlab.data import forms
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.appearance import FAR, appearance


def drawn(shape, background=0, seed=0):
    """Images of noise in their middle, before a background with a little noise."""
    rng = np.random.default_rng(seed)
    images = np.clip(background + rng.integers(-5, 6, shape), 0, 255)
    middle = (slice(None), slice(2, -2), slice(2, -2))
    images[middle] = rng.integers(0, 256, images[middle].shape)
    return images.astype(np.uint8)


def test_the_numbers_by_hand():
    # A square of 2 x 2 white pixels in 4 x 4 black ones: a quarter.
    image = np.zeros((1, 4, 4), np.uint8)
    image[0, 1:3, 1:3] = 255
    found = appearance(image)
    assert found.brightness[0] == 255 / 4
    assert found.contrast[0] == pytest.approx(255 * (0.25 * 0.75) ** 0.5)
    assert found.covered[0] == 0.25
    assert found.is_on_black


@pytest.mark.parametrize("shape", [(50, 9, 7), (50, 9, 7, 3)])
@pytest.mark.parametrize("background", [0, 120, 250])
def test_the_numbers_are_those_of_each_image_alone(shape, background):
    images = drawn(shape, background)
    found = appearance(images)
    assert found.is_on_black == (background == 0)
    for n, image in enumerate(images.astype(float)):
        grey = image if image.ndim == 2 else image.mean(axis=2)
        assert found.brightness[n] == pytest.approx(grey.mean(), rel=1e-12)
        assert found.contrast[n] == pytest.approx(grey.std(), rel=1e-12)
        channels = image.reshape(*image.shape[:2], -1)
        rim = [channels[0], channels[-1], channels[1:-1, 0], channels[1:-1, -1]]
        middle = np.quantile(np.concatenate(rim), 0.5, axis=0, method="inverted_cdf")
        far = (abs(channels - (middle if background else 0)) > FAR).any(axis=2)
        assert found.covered[n] == pytest.approx(far.mean())


def test_an_object_that_fills_its_border_is_covered_where_the_others_are_on_black():
    images = drawn((9, 12, 12))
    images[4] = 200
    assert appearance(images).covered[4] == 1
    assert appearance(images[4:5]).covered[0] == 0  # alone, it is all background


def test_a_difference_of_as_much_as_far_is_background():
    images = np.zeros((2, 5, 5), np.uint8)
    images[0, 2, 2], images[1, 2, 2] = FAR, FAR + 1
    assert appearance(images).covered.tolist() == [0, 1 / 25]


@pytest.mark.parametrize("colour", [(), (3,)])
@pytest.mark.parametrize("level", [0, 7, 255])
def test_an_image_of_one_level_has_no_contrast(colour, level):
    found = appearance(np.full((2, 28, 28, *colour), level, np.uint8))
    assert found.contrast.tolist() == [0, 0]
    assert found.brightness.tolist() == [level, level]


def test_a_large_image_of_one_level_has_no_contrast_either():
    # The products of its sums are beyond the whole numbers of float64.
    assert appearance(np.full((1, 999, 1001), 95, np.uint8)).contrast[0] == 0


def test_images_of_one_pixel_are_measured():
    found = appearance(np.array([[[0]], [[40]]], np.uint8))
    assert found.brightness.tolist() == [0, 40]
    assert found.covered.tolist() == [0, 1]


@pytest.mark.parametrize("colour", [(), (3,)])
def test_a_mapped_file_read_in_small_blocks_has_the_same_numbers(colour, tmp_path, monkeypatch):
    images = drawn((31, 8, 8, *colour), background=90)
    np.save(tmp_path / "images.npy", images)
    whole = appearance(images)
    monkeypatch.setattr(forms, "BLOCK_BYTES", 4 * images[0].nbytes)
    found = appearance(np.load(tmp_path / "images.npy", mmap_mode="r"))
    for name in ("brightness", "contrast", "covered"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


@pytest.mark.parametrize(
    "images", [np.zeros((0, 2, 2), np.uint8), np.zeros((2, 2), np.uint8), np.zeros((1, 2, 2))]
)
def test_what_is_no_image_is_refused(images):
    with pytest.raises(InvalidValueError, match="images must be uint8"):
        appearance(images)
