"""What a program around has set, for Pillow, NumPy or Python, changes no answer and no refusal."""

import decimal
import io
import struct
import warnings
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image, ImageFile

from fashionlab.errors import ImageError
from fashionlab.images.decode import decode
from fashionlab.images.preprocess import prepare

PIXELS = np.random.default_rng(0).integers(0, 256, (120, 90, 4), np.uint8)


def encoded(kind, mode, **options):
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, kind, **options)
    return file.getvalue()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(compressed, interlaced=0):
    header = struct.pack(">IIBBBBB", 90, 120, 8, 0, 0, 0, interlaced)
    parts = [chunk(b"IDAT", compressed[i : i + 700]) for i in range(0, len(compressed), 700)]
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *parts, chunk(b"IEND", b"")])


GREY = PIXELS[..., 0]
ROWS = zlib.compress(b"".join(b"\0" + row.tobytes() for row in GREY))
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
ADAM7 = zlib.compress(
    b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in (*PASSES, (1, 0, 2, 1))
        for row in GREY[top::down, left::right]
    )
)
BROKEN = bytearray(ROWS)
BROKEN[len(ROWS) // 2] ^= 0xFF
WHOLE = {
    "JPEG": encoded("JPEG", "RGB"),
    "progressive JPEG": encoded("JPEG", "L", progressive=True),
    "PNG": encoded("PNG", "RGBA"),
    "palette PNG": encoded("PNG", "P", transparency=3),
    "WebP": encoded("WEBP", "RGB"),
    "PNG of several parts": png_of(ROWS),
    "interlaced PNG": png_of(ADAM7, interlaced=1),
}
DAMAGED = {
    **{f"{kind} without its end": WHOLE[kind][:-2] for kind in WHOLE},
    **{f"half a {kind}": WHOLE[kind][: len(WHOLE[kind]) // 2] for kind in WHOLE},
    "PNG of half its rows": png_of(ROWS[: len(ROWS) // 2]),
    "PNG of broken rows": png_of(bytes(BROKEN)),
}


@contextmanager
def attribute(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def errors_as_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


AROUND = {
    "truncated images allowed": lambda: attribute(ImageFile, "LOAD_TRUNCATED_IMAGES", True),
    "small blocks": lambda: attribute(ImageFile, "MAXBLOCK", 10),
    "no limit of pixels": lambda: attribute(Image, "MAX_IMAGE_PIXELS", None),
    "a limit that warns": lambda: attribute(Image, "MAX_IMAGE_PIXELS", 10_000),
    "warnings as errors": errors_as_warnings,
    "NumPy raises": lambda: np.errstate(all="raise"),
    "decimals of one digit": lambda: decimal.localcontext(prec=1),
    "short arrays printed": lambda: np.printoptions(threshold=1, precision=1),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", WHOLE)
def test_whole_pictures_are_seen_as_ever(kind, around):
    expected = prepare(decode(WHOLE[kind]), (28, 28), "garment").image
    with AROUND[around]():
        found = prepare(decode(WHOLE[kind]), (28, 28), "garment").image
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_pictures_are_refused_as_ever(kind, around):
    with AROUND[around](), pytest.raises(ImageError, match="must be whole"):
        decode(DAMAGED[kind])


def test_nothing_that_others_have_set_is_changed():
    with attribute(ImageFile, "LOAD_TRUNCATED_IMAGES", "theirs"):
        decode(WHOLE["JPEG"])
        assert ImageFile.LOAD_TRUNCATED_IMAGES == "theirs"


@pytest.mark.parametrize("kind", ["PNG of several parts", "interlaced PNG"])
def test_pixels_in_any_order_of_a_png_are_its_pixels(kind):
    np.testing.assert_array_equal(np.asarray(decode(WHOLE[kind]).image), GREY)
