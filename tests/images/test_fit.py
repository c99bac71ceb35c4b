"""prepare by "fit" scales the whole picture into the model's image, in grey or in colour."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from fashionlab.errors import InvalidValueError
from fashionlab.images.decode import load
from fashionlab.images.preprocess import prepare
from fashionlab.images.scale import fit

RED, BLUE = (200, 30, 40), (20, 40, 220)


def fitted(picture, shape):
    return prepare(load(picture), shape, "fit")


def halves(width, height):
    """Red above blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, height // 2, width, height))
    return image


def test_colours_and_proportions_stay_and_the_rest_is_black():
    prepared = fitted(halves(600, 300), (28, 28, 3))
    image = prepared.image
    assert image.shape == (28, 28, 3) and image.dtype == np.uint8
    assert not image[:7].any() and not image[21:].any()  # 28 x 14, centred
    np.testing.assert_array_equal(image[7:11], np.broadcast_to(RED, (4, 28, 3)))
    np.testing.assert_array_equal(image[17:21], np.broadcast_to(BLUE, (4, 28, 3)))
    assert prepared.found and prepared.notes == ("whole picture, scaled to fit",)
    assert prepared.box == (0, 0, 600, 300)


def test_a_grey_model_sees_the_luma_of_a_colour():
    prepared = fitted(halves(90, 90), (8, 8))
    assert prepared.image.shape == (8, 8)
    assert prepared.image[0, 0] == round(0.299 * 200 + 0.587 * 30 + 0.114 * 40)
    assert prepared.notes == ("made grey", "whole picture, scaled to fit")
    assert fitted(halves(90, 90).convert("L"), (8, 8)).notes == ("whole picture, scaled to fit",)


def test_a_colour_model_sees_grey_as_three_alike():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    image = fitted(grey, (8, 8, 3)).image
    np.testing.assert_array_equal(image, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("shape", [(9, 14), (9, 14, 3)])
def test_a_picture_of_the_models_size_is_taken_as_it_is(shape):
    for light in (0, 200):  # a light border is not inverted
        pixels = np.random.default_rng(0).integers(light, light + 56, shape, dtype=np.uint8)
        prepared = fitted(pixels, shape)
        np.testing.assert_array_equal(prepared.image, pixels)
        assert prepared.notes == ("already of the model's size: not scaled",)


def test_what_is_transparent_is_white_whatever_colour_hides_there():
    for hidden in [(0, 0, 0, 0), (255, 0, 255, 0)]:
        image = Image.new("RGBA", (800, 800), hidden)
        image.paste((*RED, 255), (0, 0, 400, 800))
        prepared = fitted(image, (20, 20, 3))
        assert (prepared.image[:, 15:] == 255).all()
        np.testing.assert_array_equal(prepared.image[10, 2], RED)
        assert prepared.notes[0] == "laid on white where it is transparent"


def test_a_photo_is_turned_upright_by_its_exif():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    halves(40, 60).transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    prepared = fitted(file.getvalue(), (60, 40, 3))
    np.testing.assert_array_equal(prepared.image, np.asarray(halves(40, 60)))
    assert prepared.notes[0] == "turned upright"


@pytest.mark.parametrize("side", [28, 300])
def test_a_large_photo_comes_out_as_its_own_reduction(side):
    """By a smooth picture, whose value at each place is known."""
    y, x = np.mgrid[0:1800, 0:1800] / 1800
    colours = np.stack([255 * x, 255 * y, 127 + 100 * np.sin(3 * x + 2 * y)], axis=2)
    found = fitted(colours.astype(np.uint8), (side, side, 3)).image
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    expected = np.stack([255 * x, 255 * y, 127 + 100 * np.sin(3 * x + 2 * y)], axis=2)
    inner = np.s_[2:-2, 2:-2]  # at the border the kernel is cut off
    assert np.abs(found[inner] - expected[inner]).max() <= 2


@pytest.mark.parametrize("size", [(8, 8), (8, 5000), (5000, 8), (29, 27)])
@pytest.mark.parametrize("shape", [(28, 28, 3), (28, 28), (1, 1, 3), (20, 32)])
def test_any_size_fits_any_shape(size, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert fitted(pixels, shape).image.shape == shape


def test_each_channel_is_scaled_as_if_alone():
    colours = np.random.default_rng(0).integers(0, 256, (31, 47, 3), dtype=np.uint8)
    together = fit(colours, (12, 20))
    for channel in range(3):
        np.testing.assert_array_equal(together[..., channel], fit(colours[..., channel], (12, 20)))


@pytest.mark.parametrize(("shape", "preparation"), [((8, 8, 3), "garment"), ((8, 8), "crop")])
def test_other_preparations_are_refused(shape, preparation):
    with pytest.raises(InvalidValueError, match=f"received '{preparation}' for images"):
        prepare(load(halves(9, 9)), shape, preparation)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90), st.sampled_from([1, 3, 4]))),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.booleans(),
)
def test_any_picture_touches_both_ends_of_one_side(pixels, sides, in_colour):
    shape = (*sides, 3) if in_colour else sides
    light = pixels // 2 + 100  # so that what is black is no part of the picture
    prepared = fitted(light, shape)
    assert prepared.image.shape == shape and prepared.found
    shown = prepared.image.reshape(*sides, -1).any(axis=2)
    rows, columns = shown.any(axis=1), shown.any(axis=0)
    assert rows.all() or columns.all()
    assert shown.sum() == rows.sum() * columns.sum()  # a rectangle
    np.testing.assert_array_equal(prepared.image, fitted(light, shape).image)
