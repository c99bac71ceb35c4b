"""The sheet: a picture that is cut out of it again is the image."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from fashionlab.report.pictures import COLUMNS, LARGEST_SIDE, MOST_BYTES, Sheet


def images(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def cells(sheet, side):
    """The pictures of a sheet in order, (n, S, S, 3)."""
    data = re.search(r"base64,([^)]*)\)", sheet.style)[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    rows = pixels.shape[0] // side
    assert pixels.shape == (rows * side, COLUMNS * side, 3)
    split = pixels.reshape(rows, side, COLUMNS, side, 3).swapaxes(1, 2)
    return split.reshape(-1, side, side, 3)


def coloured(image):
    return np.repeat(image[..., None], 3, axis=-1) if image.ndim == 2 else image


@pytest.mark.parametrize("shape", [(2, 2), (8, 8), (28, 28), (48, 48), (12, 12, 3), (48, 48, 3)])
def test_a_small_image_is_shown_to_the_pixel(shape):
    some = images(COLUMNS + 3, shape)
    sheet = Sheet("some", shape)
    assert [sheet.add(image) for image in some] == list(range(len(some)))
    assert "image-rendering: pixelated" in sheet.style
    found = cells(sheet, shape[0])
    for cell, image in zip(found, some, strict=False):
        np.testing.assert_array_equal(cell, coloured(image))
    assert not found[len(some) :].any()


@pytest.mark.parametrize("shape", [(20, 9), (9, 20, 3)])
def test_an_image_that_is_no_square_stands_in_the_middle_of_a_black_one(shape):
    (image,) = images(1, shape)
    sheet = Sheet("some", shape)
    sheet.add(image)
    cell = cells(sheet, 20)[0]
    down, right = ((20 - n) // 2 for n in shape[:2])
    inside = cell[down : down + shape[0], right : right + shape[1]]
    np.testing.assert_array_equal(inside, coloured(image))
    assert cell.sum() == inside.sum()


def test_a_large_image_is_reduced_and_keeps_its_colours():
    image = np.full((200, 100, 3), (200, 100, 50), np.uint8)
    sheet = Sheet("some", image.shape)
    sheet.add(image)
    cell = cells(sheet, LARGEST_SIDE)[0].astype(int)
    assert np.abs(cell[:, 20:44] - image[0, 0]).max() <= 6
    assert cell[:, :12].max() <= 6
    assert "image-rendering: auto" in sheet.style


def test_equal_images_share_a_picture():
    one, other = images(2, (5, 5))
    sheet = Sheet("some", (5, 5))
    assert [sheet.add(one), sheet.add(other), sheet.add(one.copy())] == [0, 1, 0]
    assert len(sheet) == 2


def test_noise_that_cannot_be_compressed_is_shown_less_exactly_and_stays_small():
    sheet = Sheet("some", (32, 32, 3))
    for image in images(sheet.capacity, (32, 32, 3)):
        sheet.add(image)
    assert len(sheet.style) < 4 / 3 * MOST_BYTES + 1000


def test_an_element_names_its_place_and_its_words_are_text():
    sheet = Sheet("some", (2, 2))
    html = sheet.html(COLUMNS + 2, '" onload="<b>\u202e')
    assert 'class="pic some"' in html and "--x:2;--y:1" in html
    assert 'aria-label="&#34; onload=&#34;&lt;b&gt;\\u202e"' in html


def test_an_empty_sheet_has_no_rule_and_the_same_images_give_the_same_bytes():
    assert Sheet("some", (9, 9)).style == ""
    both = [Sheet("some", (9, 9)) for _ in range(2)]
    for sheet in both:
        for image in images(50, (9, 9)):
            sheet.add(image)
    assert both[0].style == both[1].style
