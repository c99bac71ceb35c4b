"""Blur and geometry are what scipy.ndimage and NumPy make of the same images."""

import numpy as np
import pytest
from scipy import ndimage

from fashionlab.evaluation.corruptions.blur import gaussian_blur, motion_blur
from fashionlab.evaluation.corruptions.geometry import rotation, scale, shear, shift
from fashionlab.evaluation.corruptions.images import border

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 11, 14), np.uint8)
COLOUR = RNG.integers(0, 256, (5, 13, 10, 3), np.uint8)
BOTH = pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
ROUNDED = 0.51  # levels: half a one for the rounding, and float32


def planes(images):
    """Yield image number and (H, W) of each image and channel, with its place in the result."""
    for n, image in enumerate(images):
        if image.ndim == 2:
            yield n, (n,), image
        else:
            yield from ((n, (n, ..., c), image[..., c]) for c in range(3))


def edge(plane):
    return np.median([*plane[0], *plane[-1], *plane[1:-1, 0], *plane[1:-1, -1]])


@BOTH
def test_the_border_is_the_median_of_the_outermost_pixels(images):
    for _, place, plane in planes(images):
        assert border(images)[place] == edge(plane)


@BOTH
@pytest.mark.parametrize("strength", [0.01, 0.05, 0.2, 0.9])
def test_gaussian_blur_is_scipys(images, strength):
    found = gaussian_blur(images, strength, RNG)
    sigma = strength * min(images.shape[1:3])
    for _, place, plane in planes(images):
        wanted = ndimage.gaussian_filter(plane.astype(float), sigma, mode="nearest", truncate=3)
        assert np.abs(found[place] - wanted).max() < ROUNDED


def test_no_blur_leaves_images_as_they_are():
    np.testing.assert_array_equal(gaussian_blur(GREY, 0, RNG), GREY)
    np.testing.assert_array_equal(motion_blur(GREY, 0, RNG), GREY)


@BOTH
@pytest.mark.parametrize("strength", [0.07, 0.3, 1])
def test_motion_blur_is_the_mean_of_scipys_samples_on_a_line(images, strength):
    found = motion_blur(images, strength, np.random.default_rng(1))
    angles = np.pi * np.random.default_rng(1).random(len(images))
    length = strength * min(images.shape[1:3])
    steps = int(np.ceil(length / 2))
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    for n, place, plane in planes(images):
        ways = np.linspace(-length / 2, length / 2, 2 * steps + 1)
        samples = [
            ndimage.map_coordinates(
                plane.astype(float),
                [rows + way * np.sin(angles[n]), columns + way * np.cos(angles[n])],
                order=1,
                mode="nearest",
            )
            for way in ways
        ]
        assert np.abs(found[place] - np.mean(samples, axis=0)).max() < ROUNDED


def require_affine(images, found, matrix):
    """Check images against scipy's, whose pixel at p from the centre is from `matrix` p."""
    signs = np.where(np.random.default_rng(2).random(len(images)) < 0.5, -1, 1)
    assert len(set(signs)) == 2  # both ways are seen
    centre = (np.array(images.shape[1:3]) - 1) / 2
    for n, place, plane in planes(images):
        m = np.array(matrix(signs[n]))
        wanted = ndimage.affine_transform(
            plane.astype(float),
            m,
            centre - m @ centre,
            order=1,
            mode="grid-constant",
            cval=edge(plane),
        )
        assert np.abs(found[place] - wanted).max() < ROUNDED + 0.01


@BOTH
@pytest.mark.parametrize("degrees", [5, 45, 100])
def test_rotation_is_scipys(images, degrees):
    def matrix(sign):
        a = np.deg2rad(sign * degrees)
        return [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]

    require_affine(images, rotation(images, degrees, np.random.default_rng(2)), matrix)


@BOTH
@pytest.mark.parametrize("slant", [0.1, 0.65, 3])
def test_shear_is_scipys(images, slant):
    found = shear(images, slant, np.random.default_rng(2))
    require_affine(images, found, lambda sign: [[1, 0], [sign * slant, 1]])


@BOTH
@pytest.mark.parametrize("times", [1.1, 1.7, 4])
def test_scale_is_scipys(images, times):
    found = scale(images, times, np.random.default_rng(2))
    require_affine(images, found, lambda sign: np.diag([float(times) ** sign] * 2))


@pytest.mark.parametrize("images", [GREY[:, :11, :11], COLOUR[:, :10, :10]])
def test_a_quarter_and_a_half_turn_are_numpys(images):
    signs = np.where(np.random.default_rng(2).random(len(images)) < 0.5, -1, 1)
    quarter = rotation(images, 90, np.random.default_rng(2))
    half = rotation(images, 180, np.random.default_rng(2))
    for n, sign in enumerate(signs):
        np.testing.assert_array_equal(quarter[n], np.rot90(images[n], -sign))
        np.testing.assert_array_equal(half[n], np.rot90(images[n], 2))


@BOTH
@pytest.mark.parametrize("strength", [0.05, 0.3, 1])
def test_shift_is_scipys_by_whole_pixels_of_one_distance(images, strength):
    found = shift(images, strength, np.random.default_rng(3))
    angles = 2 * np.pi * np.random.default_rng(3).random(len(images))
    length = strength * min(images.shape[1:3])
    for n, place, plane in planes(images):
        by = [round(length * np.sin(angles[n])), round(length * np.cos(angles[n]))]
        wanted = ndimage.shift(plane.astype(float), by, order=0, cval=np.floor(edge(plane)))
        np.testing.assert_array_equal(found[place], wanted)
