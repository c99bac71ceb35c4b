"""prepare finds a garment on a plain background, however the photo was taken and stored."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from benchmarks.photos.garments import draw
from fashionlab.images import preprocess
from fashionlab.images.decode import load
from fashionlab.images.segment import background

SHAPE = (28, 28)
SIZE = (420, 360)
BOX = (90, 40, 330, 300)  # where the garment lies


@pytest.fixture(scope="module")
def garment():
    """A shirt, RGBA."""
    image = draw("Shirt", np.array([40.0, 60.0, 110.0]), np.random.default_rng(3))
    return image.resize((BOX[2] - BOX[0], BOX[3] - BOX[1]))


def laid(garment, colour=(245, 245, 245), place=BOX[:2], size=SIZE):
    image = Image.new("RGB", size, colour)
    image.paste(garment, place, garment)
    return image


@pytest.fixture(scope="module")
def photo(garment):
    return laid(garment)


@pytest.fixture(scope="module")
def expected(photo):
    return prepare(photo, SHAPE).image


def prepare(picture, shape):
    return preprocess.prepare(load(picture), shape, "garment")


def stored(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def difference(a, b):
    """Mean of the differences, in grey levels."""
    return np.abs(a.astype(int) - b.astype(int)).mean()


def test_the_garment_is_light_on_black_and_fills_the_longer_side(photo):
    prepared = prepare(photo, SHAPE)
    assert prepared.found and not prepared.reason
    assert prepared.image.dtype == np.uint8 and prepared.image.shape == SHAPE
    rows, columns = prepared.image.any(axis=1), prepared.image.any(axis=0)
    assert rows.all()
    assert abs(int(columns.argmax()) - int(columns[::-1].argmax())) <= 1  # centred
    assert (prepared.image == 0).mean() > 0.15
    assert prepared.image.max() >= 250
    assert prepared.notes == ("darker than its background: inverted",)


def test_the_box_is_where_the_garment_lies(photo):
    np.testing.assert_allclose(prepare(photo, SHAPE).box, BOX, atol=4)
    large = photo.resize((4200, 3600))
    np.testing.assert_allclose(prepare(large, SHAPE).box, np.array(BOX) * 10, atol=40)


def stored_in_all_ways(photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = np.asarray(photo.convert("L")).astype(np.uint16) * 257
    yield "RGB PNG", stored(photo, "PNG"), 0
    yield "RGBA PNG, opaque", stored(photo.convert("RGBA"), "PNG"), 0
    yield "palette PNG", stored(photo.quantize(64), "PNG"), 4
    yield "grey PNG", stored(photo.convert("L"), "PNG"), 1
    yield "16 bit PNG", stored(Image.fromarray(grey), "PNG"), 1
    yield "JPEG", stored(photo, "JPEG", quality=85), 3
    yield "CMYK JPEG", stored(photo.convert("CMYK"), "JPEG", quality=95), 3
    yield "WebP", stored(photo, "WEBP", quality=85), 3
    yield "lossless WebP", stored(photo, "WEBP", lossless=True), 0
    turned = photo.transpose(Image.Transpose.ROTATE_90)
    yield "turned by EXIF", stored(turned, "JPEG", exif=exif, quality=95), 3
    yield "array", np.asarray(photo), 0
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)
    yield "turned, opened by Pillow", Image.open(file), 0


def test_a_photo_is_the_same_however_it_is_stored(photo, expected):
    for way, image, tolerance in stored_in_all_ways(photo):
        prepared = prepare(image, SHAPE)
        assert difference(prepared.image, expected) <= tolerance, way
        assert ("turned upright" in prepared.notes) == way.startswith("turned"), way


def test_hidden_colours_do_not_bleed_into_a_cut_out_garment(garment):
    size, corner = (1680, 1440), (360, 160)
    large = garment.resize((960, 1040))
    images = [Image.new("RGBA", size, hidden) for hidden in [(0, 0, 0, 0), (255, 255, 255, 0)]]
    for image in images:
        image.paste(large, corner, large.getchannel("A").point(lambda a: 255 * (a > 127)))
    black, white = (prepare(image, SHAPE).image for image in images)
    np.testing.assert_array_equal(black, white)


def test_what_is_cut_out_by_transparency_is_the_garment(garment, expected):
    clear = Image.new("RGBA", SIZE)
    clear.paste(garment, BOX[:2], garment)
    hidden = Image.new("RGBA", SIZE, (255, 0, 255, 0))  # what is under alpha 0 must not show
    hidden.paste(garment, BOX[:2], garment)
    for image in (clear, hidden, garment):
        prepared = prepare(image, SHAPE)
        assert prepared.notes[0] == "cut out along its transparency"
        assert difference(prepared.image, expected) < 6


def test_a_nearly_white_garment_that_is_cut_out_does_not_vanish():
    image = Image.new("RGBA", (200, 200))
    image.paste((252, 252, 252, 255), (50, 30, 150, 170))
    prepared = prepare(image, SHAPE)
    assert prepared.found
    assert prepared.image.max() == 255


def test_rounded_corners_are_no_cut_out(photo, expected):
    alpha = np.full(SIZE[::-1], 255, dtype=np.uint8)
    alpha[:12, :12] = alpha[:12, -12:] = 0
    image = photo.convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    assert difference(prepare(image, SHAPE).image, expected) < 4


def test_a_negative_is_seen_the_same(photo, expected):
    negative = Image.fromarray(255 - np.asarray(photo))
    prepared = prepare(negative, SHAPE)
    assert prepared.notes == ("lighter than its background: not inverted",)
    assert difference(prepared.image, expected) < 2


def test_a_background_of_any_colour_is_left_out(garment, expected):
    for colour in [(200, 170, 60), (240, 120, 120), (150, 200, 150)]:
        image = prepare(laid(garment, colour), SHAPE).image
        assert difference(image, expected) < 12, colour
        assert (image == 0).mean() > 0.9 * (expected == 0).mean(), colour


def test_place_and_size_in_the_photo_do_not_matter(garment, expected):
    for place, size in [((5, 5), SIZE), ((560, 330), (820, 600)), ((700, 700), (1600, 1200))]:
        assert difference(prepare(laid(garment, place=place, size=size), SHAPE).image, expected) < 6


def test_specks_are_no_part_of_the_garment(garment, photo, expected):
    pixels = np.array(photo)
    rng = np.random.default_rng(0)
    for y, x in rng.integers(0, 340, (60, 2)):  # dust
        pixels[y, x + 40] = 0
    pixels[330:336, 396:404] = 0  # a crumb, far off
    pixels[4:10, 4:10] = 30
    prepared = prepare(pixels, SHAPE)
    np.testing.assert_allclose(prepared.box, BOX, atol=5)
    assert difference(prepared.image, expected) < 4


def test_uneven_light_and_noise_do_no_harm(photo, expected):
    h, w = SIZE[1], SIZE[0]
    light = np.linspace(0.72, 1.0, w)[None, :, None] * np.linspace(0.85, 1.0, h)[:, None, None]
    pixels = np.asarray(photo) * light + np.random.default_rng(0).normal(0, 8, (h, w, 3))
    prepared = prepare(np.clip(pixels, 0, 255).astype(np.uint8), SHAPE)
    np.testing.assert_allclose(prepared.box, BOX, atol=5)
    assert difference(prepared.image, expected) < 10


def test_a_garment_that_touches_the_border_is_found(garment):
    image = laid(garment, place=(90, 110), size=(420, 360))  # its hem is cut off
    left, top, right, bottom = prepare(image, SHAPE).box
    np.testing.assert_allclose((left, top, right, bottom), (90, 110, 330, 360), atol=4)


def test_the_background_is_fitted_to_what_most_of_the_border_shows():
    y, x = np.mgrid[0:200, 0:300]
    light = 160 + 0.2 * x + 0.1 * y
    colours = np.repeat(light[..., None], 3, axis=2)
    colours[120:, 60:240] = 20  # covers three fifths of one side
    assert np.abs(background(colours)[..., 0] - light).max() < 2


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_colour_shows_nothing(value):
    prepared = prepare(np.full((300, 200, 3), value, dtype=np.uint8), SHAPE)
    assert not prepared.found and prepared.box is None
    assert "nothing stands out" in prepared.reason
    assert prepared.image.shape == SHAPE


def test_a_picture_of_noise_or_of_many_things_is_no_garment():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)
    things = np.kron(rng.integers(0, 256, (10, 10, 3)), np.ones((30, 30, 1))).astype(np.uint8)
    for pixels in (noise, things):
        prepared = prepare(pixels, SHAPE)
        assert not prepared.found
        assert "background is not plain" in prepared.reason


def test_a_picture_that_is_all_transparent_shows_nothing():
    assert not prepare(Image.new("RGBA", (90, 90)), SHAPE).found


def test_a_picture_of_the_models_size_is_taken_as_it_is():
    image = np.zeros(SHAPE, dtype=np.uint8)
    image[5:20, 6:18] = np.arange(12) * 20
    prepared = prepare(image, SHAPE)
    np.testing.assert_array_equal(prepared.image, image)
    np.testing.assert_array_equal(prepare(255 - image, SHAPE).image, image)
    assert prepared.found and prepared.box == (0, 0, 28, 28)


@pytest.mark.parametrize("shape", [(8, 8), (32, 20), (20, 32), (1, 1)])
def test_models_of_other_shapes_are_served(photo, shape):
    assert prepare(photo, shape).image.shape == shape


@pytest.mark.parametrize("size", [(8, 8), (8, 5000), (5000, 8), (29, 27)])
def test_small_and_narrow_pictures_are_no_trouble(size):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    assert prepare(pixels, SHAPE).image.shape == SHAPE


def test_forty_million_pixels_take_no_long_time(garment):
    image = Image.new("RGB", (8000, 5000), (240, 240, 240))
    image.paste(garment.resize((2400, 2600)), (2000, 1000))
    began = time.process_time()
    assert prepare(image, SHAPE).found
    assert time.process_time() - began < 2  # 0.1 s on a quiet machine
