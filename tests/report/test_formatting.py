"""Numbers and pictures as the page prints them."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from fashionlab.report import formatting

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (formatting.percent(0.8849), "88.49 %"),
        (formatting.percent(1.0), "100.00 %"),
        (formatting.percent(None), "–"),
        (formatting.probability(0.9990), "99.9 %"),
        (formatting.probability(0.99999), "> 99.9 %"),
        (formatting.probability(1.0), "> 99.9 %"),
        (formatting.interval((0.8622, 0.8755)), "86.22 to 87.55 %"),
        (formatting.count(407050), "407,050"),
        (formatting.count(0), "0"),
        (formatting.count(None), "–"),
        (formatting.seconds(0.416), "0.42 s"),
        (formatting.seconds(22.13), "22.1 s"),
        (formatting.seconds((36, 36)), "36 s"),
        (formatting.seconds((100, 117)), "100 to 117 s"),
        (formatting.seconds(None), "–"),
        (formatting.duration(12.34), "12.3 s"),
        (formatting.duration(59.96), "60.0 s"),
        (formatting.duration(245), "4 min 05 s"),
        (formatting.duration(3599.7), "1 h 00 min"),
        (formatting.duration(4500), "1 h 15 min"),
        (formatting.points(0.0123), "+1.23 points"),
        (formatting.points(-0.0123), "\N{MINUS SIGN}1.23 points"),
        (formatting.points_interval((-0.01, 0.0187)), "\N{MINUS SIGN}1.00 to +1.87 points"),
        (formatting.points(-0.000001), "+0.00 points"),
        (formatting.p_value(0.0324), "p = 0.032"),
        (formatting.p_value(0.000999), "p < 0.001"),
        (formatting.p_value(1.0), "p = 1.000"),
        (formatting.shortened("a" * 41), "a" * 39 + "…"),
        (formatting.shortened("a" * 40), "a" * 40),
        (formatting.size(1.005), "1.00"),
        (formatting.decimal(math.inf), "inf"),
        (formatting.decimal(0.36111), "0.3611"),
        (formatting.decimal(math.nan), "nan"),
        (formatting.shape([13, 13, 32]), "13 × 13 × 32"),
        (formatting.images([28, 28]), "28 × 28, grey"),
        (formatting.images([64, 48, 3]), "64 × 48, colour"),
        (formatting.listing(["a"]), "a"),
        (formatting.listing(["a", "b"]), "a and b"),
        (formatting.listing(["a", "b", "c"]), "a, b and c"),
        (formatting.listing([]), ""),
    ],
)
def test_prints(printed, expected):
    assert printed.replace(SPACE, " ") == expected


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_png_holds_the_pixels(shape):
    image = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    kind, data = formatting.png_uri(image).split(",", 1)
    assert kind == "data:image/png;base64"
    np.testing.assert_array_equal(Image.open(io.BytesIO(base64.b64decode(data))), image)


def test_png_of_a_large_image_is_no_larger_than_the_page_shows_it():
    image = np.full((600, 400, 3), (200, 100, 50), np.uint8)
    _, data = formatting.png_uri(image).split(",", 1)
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert shown.size == (112, 168)  # width first
    np.testing.assert_array_equal(shown, np.broadcast_to(image[0, 0], (168, 112, 3)))
