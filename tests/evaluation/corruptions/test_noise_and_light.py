"""Noise has the moments of its distribution; light and damage are what other code makes of them."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy import ndimage, stats

from fashionlab.evaluation.corruptions.damage import jpeg, occlusion
from fashionlab.evaluation.corruptions.light import GRIDS, brightness, contrast, fog, inverted
from fashionlab.evaluation.corruptions.noise import gaussian_noise, impulse_noise, shot_noise

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 11, 14), np.uint8)
COLOUR = RNG.integers(0, 256, (5, 9, 12, 3), np.uint8)
BOTH = pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])


def flat(value, shape=(50, 40, 30)):
    return np.full(shape, value, np.uint8)


def test_gaussian_noise_is_normal_with_its_deviation():
    change = gaussian_noise(flat(128), 0.08, np.random.default_rng(1)) - 128.0
    assert abs(change.mean()) < 0.5 and change.std() == pytest.approx(0.08 * 255, rel=0.02)
    assert abs(stats.skew(change.ravel())) < 0.05 and abs(stats.kurtosis(change.ravel())) < 0.1


def test_gaussian_noise_is_cut_off_at_black_and_white():
    dark = gaussian_noise(flat(0), 0.2, np.random.default_rng(1))
    assert (dark == 0).mean() == pytest.approx(0.5, abs=0.02) and dark.max() > 150
    assert gaussian_noise(flat(255), 0.2, np.random.default_rng(1)).max() == 255


def test_channels_have_noise_of_their_own():
    found = gaussian_noise(flat(128, (20, 30, 30, 3)), 0.1, np.random.default_rng(2)).astype(float)
    assert abs(np.corrcoef(found[..., 0].ravel(), found[..., 1].ravel())[0, 1]) < 0.03


def test_shot_noise_has_the_values_and_the_frequencies_of_a_poisson_distribution():
    found = shot_noise(flat(102), 10, np.random.default_rng(3))  # 4 photons
    for photons in range(9):
        share = (found == round(photons * 25.5)).mean()
        assert share == pytest.approx(stats.poisson.pmf(photons, 4), abs=0.01)
    assert (shot_noise(flat(0), 10, np.random.default_rng(3)) == 0).all()


def test_impulse_noise_makes_as_many_values_black_as_white_and_leaves_the_rest():
    found = impulse_noise(flat(77), 0.3, np.random.default_rng(4))
    shares = [(found == value).mean() for value in (0, 77, 255)]
    assert shares == pytest.approx([0.15, 0.7, 0.15], abs=0.01)


@BOTH
def test_light_is_its_formula_in_a_plain_loop(images):
    for place in np.ndindex(images.shape):
        x, mean = float(images[place]), images[place[0]].mean()
        assert brightness(images, 0.3, RNG)[place] == min(255, round(x + 0.3 * 255))
        assert abs(contrast(images, 0.4, RNG)[place] - (mean + 0.6 * (x - mean))) < 0.501
        assert abs(inverted(images, 0.3, RNG)[place] - (0.7 * x + 0.3 * (255 - x))) < 0.501
        if place[1] > 1:
            break


@BOTH
def test_the_negative_is_pillows(images):
    for image, ours in zip(images, inverted(images, 1, RNG), strict=True):
        theirs = ImageOps.invert(Image.fromarray(image))
        np.testing.assert_array_equal(ours, np.asarray(theirs))


@BOTH
def test_no_contrast_leaves_the_mean(images):
    for image, ours in zip(images, contrast(images, 1, RNG), strict=True):
        assert (ours == round(image.mean())).all()


@BOTH
def test_fog_is_that_of_scipys_interpolation_of_the_same_grids(images):
    n, height, width = images.shape[:3]
    found = fog(images, 0.6, np.random.default_rng(5))
    drawn = np.random.default_rng(5).random((n, sum(g * g for g in GRIDS)), dtype=np.float32)
    for image, values, ours in zip(images, drawn.astype(float), found, strict=True):
        cloud, total = np.zeros((height, width)), 0.0
        for octave, g in enumerate(GRIDS):
            grid, values = values[: g * g].reshape(g, g), values[g * g :]
            cloud += 0.5**octave * ndimage.zoom(grid, (height / g, width / g), order=1)
            total += 0.5**octave
        mist = np.clip(2 * cloud / total - 0.5, 0, 1).reshape(
            height, width, *[1] * (image.ndim - 2)
        )
        wanted = 0.4 * image + 0.6 * 255 * mist
        assert np.abs(ours - wanted).max() < 0.51


@BOTH
def test_a_patch_is_one_grey_square_inside_the_image(images):
    found = occlusion(images, 0.4, np.random.default_rng(6))
    side = round(0.4 * min(images.shape[1:3]))
    corners = set()
    for image, ours in zip(images, found, strict=True):
        places = [
            (top, left)
            for top in range(image.shape[0] - side + 1)
            for left in range(image.shape[1] - side + 1)
            if (ours[top : top + side, left : left + side] == 128).all()
        ]
        ((top, left),) = places
        wanted = image.copy()
        wanted[top : top + side, left : left + side] = 128
        np.testing.assert_array_equal(ours, wanted)
        corners.add((top, left))
    assert len(corners) > 1


def test_a_patch_can_be_anywhere_and_cover_all():
    found = occlusion(flat(0, (500, 5, 4)), 0.5, np.random.default_rng(7)) == 128
    assert (found.sum(axis=(1, 2)) == 4).all() and found.any(axis=0).all()
    assert (occlusion(flat(0, (2, 4, 4)), 1, RNG) == 128).all()


@BOTH
def test_jpeg_is_what_pillow_reads_of_the_file_that_it_wrote(images, tmp_path):
    for image, ours in zip(images, jpeg(images, 20, RNG), strict=True):
        Image.fromarray(image).save(tmp_path / "x.jpg", quality=20)
        np.testing.assert_array_equal(ours, np.asarray(Image.open(tmp_path / "x.jpg")))
