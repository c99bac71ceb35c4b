"""decode takes PNG, JPEG and WebP, whole and within limits; all else is an ImageError."""

import contextlib
import io
import random
import struct
import threading
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from fashionlab.errors import ImageError
from fashionlab.images import photo
from fashionlab.images.decode import LARGEST_BYTES, LARGEST_PIXELS, decode, read
from fashionlab.images.headers import orientation, strip

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (24, 36, 4), dtype=np.uint8)


def file_of(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name, body):
    return struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth=8, colour=2, pixels=b"", *more):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + body + chunk(b"IEND", b"")


def exif(value):
    tags = Image.Exif()
    tags[0x0112] = value
    return tags


RGB = Image.fromarray(COLOURS[..., :3])
KINDS = {
    "png 1": file_of(RGB.convert("1"), "PNG"),
    "png L": file_of(RGB.convert("L"), "PNG"),
    "png LA": file_of(Image.fromarray(COLOURS).convert("LA"), "PNG"),
    "png P": file_of(RGB.quantize(16), "PNG", transparency=3),
    "png RGB": file_of(RGB, "PNG", exif=exif(6)),
    "png RGBA": file_of(Image.fromarray(COLOURS), "PNG"),
    "png 16": file_of(Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 257), "PNG"),
    "jpeg L": file_of(RGB.convert("L"), "JPEG"),
    "jpeg RGB": file_of(RGB, "JPEG", exif=exif(6)),
    "jpeg progressive": file_of(RGB, "JPEG", progressive=True),
    "jpeg CMYK": file_of(RGB.convert("CMYK"), "JPEG"),
    "webp RGB": file_of(RGB, "WEBP", exif=exif(6)),
    "webp lossless": file_of(RGB, "WEBP", lossless=True),
    "webp RGBA": file_of(Image.fromarray(COLOURS), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_decoded_to_eight_bits(kind):
    image = decode(KINDS[kind]).image
    assert image.mode in {"L", "RGB", "RGBA"}
    assert sorted(image.size) == [24, 36]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("value", range(1, 9))
def test_every_orientation_of_exif_is_turned_upright(kind, value):
    upright = np.zeros((24, 36, 3), dtype=np.uint8)
    upright[:12, :18] = 255  # the upper left quarter is white
    undo = {5: 5, 6: 8, 8: 6, 7: 7}.get(value, value)
    turn = photo.TURNS.get(undo)
    image = Image.fromarray(upright)
    stored = image if turn is None else image.transpose(turn)
    decoded = decode(file_of(stored, kind, exif=exif(value), quality=95))
    assert decoded.image.size == (36, 24)
    assert np.abs(np.asarray(decoded.image.convert("RGB")).astype(int) - upright).mean() < 3
    assert decoded.turned == (value > 1)


@pytest.mark.parametrize("broken", [b"", b"II", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08\xff\xff"])
def test_an_unreadable_exif_is_no_reason_to_refuse_a_photo(broken):
    assert orientation(broken) == 1
    data = KINDS["jpeg L"]
    segment = b"\xff\xe1" + struct.pack(">H", 8 + len(broken)) + b"Exif\0\0" + broken
    assert decode(data[:2] + segment + data[2:]).image.size == (36, 24)


def test_sixteen_bits_of_grey_are_scaled_not_clipped():
    deep = np.linspace(0, 65535, 24 * 36).reshape(24, 36).astype(np.uint16)
    grey = np.asarray(decode(file_of(Image.fromarray(deep), "PNG")).image)
    assert np.abs(grey - deep / 257).max() <= 0.51


def test_transparency_of_a_palette_and_of_one_colour_becomes_alpha():
    pixels = np.zeros((10, 10, 3), dtype=np.uint8)
    pixels[2:8, 2:8] = (250, 10, 10)
    for image in (Image.fromarray(pixels), Image.fromarray(pixels).quantize(2)):
        hidden = image.getpixel((0, 0))
        alpha = np.asarray(decode(file_of(image, "PNG", transparency=hidden)).image)[..., 3]
        assert alpha[0, 0] == 0 and alpha[5, 5] == 255
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    alpha = np.asarray(decode(file_of(deep, "PNG", transparency=0)).image)[..., 3]
    assert alpha[0, 0] == 0 and alpha[5, 5] == 255


def test_colours_of_a_cmyk_jpeg_are_not_inverted():
    image = Image.new("RGB", (32, 32), (220, 40, 30)).convert("CMYK")
    red, green, blue = decode(file_of(image, "JPEG")).image.getpixel((9, 9))
    assert red > 190 and green < 80 and blue < 80


def animation(kind):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "white")]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:])


NOT_TAKEN = {
    "nothing": (b"", "no bytes"),
    "GIF": (file_of(RGB, "GIF"), "received GIF"),
    "TIFF": (file_of(RGB, "TIFF"), "received TIFF"),
    "BMP": (file_of(RGB, "BMP"), "received BMP"),
    "EPS": (file_of(RGB, "EPS"), r"received PostScript \(EPS\)"),
    "PDF": (b"%PDF-1.7\n", "received PDF"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0", "received HEIC"),
    "AVIF": (b"\0\0\0\x18ftypavif\0\0\0\0", "received AVIF"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "received SVG"),
    "HTML": (b"<!doctype html><p>404", "received HTML"),
    "text": (b"hello", "received 5 bytes of another kind"),
    "moving PNG": (animation("PNG"), "still; received an animation of 3 frames"),
    "moving WebP": (animation("WEBP"), "still; received an animation of 3 frames"),
    "one pixel": (file_of(Image.new("L", (1, 1)), "PNG"), "sides of 8 pixels or more"),
    "a line": (file_of(Image.new("L", (500, 7)), "PNG"), "received 500 x 7"),
    "no size": (png(0, 0), "received 0 x 0"),
    "too many pixels": (png(30_000, 30_000), "at most 40,000,000 pixels; received 30,000 x 30,000"),
    "no pixels": (png(100, 100), "damaged"),
    "a text of a PNG": (b"\x89PNG\r\n\x1a\n", "ends early"),
    "JPEG's beginning": (b"\xff\xd8\xff\xe0", "ends early"),
    "JPEG without pixels": (b"\xff\xd8\xff\xd9", "no pixels"),
    "WebP's beginning": (b"RIFF\x04\0\0\0WEBP", "no pixels"),
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_is_not_taken_is_named(name):
    data, message = NOT_TAKEN[name]
    with pytest.raises(ImageError, match=message) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_too_large_is_neither_read_nor_decoded(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1_000_000)
    data = read(path)
    assert len(data) == LARGEST_BYTES + 1
    with pytest.raises(ImageError, match="at most 50,000,000 bytes"):
        decode(data)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_size_beyond_the_limit_is_refused_from_the_header_at_once(kind):
    side = int(LARGEST_PIXELS**0.5) + 1
    data = bytearray(KINDS[{"png": "png RGB", "jpeg": "jpeg L", "webp": "webp lossless"}[kind]])
    if kind == "png":
        data = png(side, side)
    elif kind == "jpeg":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", side, side)
    else:
        data[21:25] = struct.pack("<I", (side - 1) | (side - 1) << 14)
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(ImageError, match=r"at most 40,000,000 pixels"):
        decode(bytes(data))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.perf_counter() - began < 1
    assert peak < 1_000_000


def test_text_and_profiles_that_unpack_to_gigabytes_never_reach_the_decoder():
    bomb = zlib.compress(bytes(200_000_000))
    text = chunk(b"zTXt", b"note\0\0" + bomb) * 20
    profile = chunk(b"iCCP", b"profile\0\0" + bomb)
    rows = bytes(31 * 10)
    data = png(10, 10, 8, 2, rows, text, profile)
    began = time.perf_counter()
    assert decode(data).image.size == (10, 10)
    assert time.perf_counter() - began < 1
    assert strip(data).content == png(10, 10, 8, 2, rows)


def test_a_file_of_millions_of_parts_is_refused_at_once():
    began = time.perf_counter()
    beginning = KINDS["png L"][:33]
    for data in (
        beginning + chunk(b"tEXt", b"") * 1_000_000,
        b"\xff\xd8" + b"\xff\xfe\0\2" * 3_000_000,
        b"\xff\xd8\xff" + b"\xff\0" * 10_000_000,
        b"RIFF\xff\xff\x7f\0WEBP" + b"NONE\0\0\0\0" * 1_048_576,
    ):
        with pytest.raises(ImageError, match="damaged"):
            decode(data)
    assert time.perf_counter() - began < 5


def test_a_jpeg_of_thousands_of_scans_is_refused():
    data = KINDS["jpeg progressive"]
    last = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode(data[:-2] + data[last:-2] * 500 + data[-2:])


def test_the_second_picture_in_a_phones_jpeg_is_left_alone():
    file = io.BytesIO()
    RGB.save(file, "MPO", save_all=True, append_images=[Image.new("RGB", (36, 24))])
    assert decode(file.getvalue()).image.size == (36, 24)


def test_whatever_bytes_come_the_error_is_an_image_error():
    draw = random.Random(0)
    files = list(KINDS.values())
    for _ in range(6000):
        data = bytearray(draw.choice(files))
        if draw.random() < 0.3:
            del data[draw.randrange(len(data)) :]
        else:
            reach = len(data) if draw.random() < 0.5 else min(len(data), 120)
            for _ in range(draw.choice([1, 2, 5, 20])):
                data[draw.randrange(reach)] = draw.choice([0, 255, draw.randrange(256)])
        if draw.random() < 0.7:
            data = with_right_checksums(data)
        try:
            image = decode(bytes(data)).image
        except ImageError as error:
            assert "\n" not in str(error)
        else:
            assert image.mode in {"L", "RGB", "RGBA"}


def with_right_checksums(data):
    """So that a PNG's decoder, too, meets what was changed."""
    at = 8
    while data[:4] == b"\x89PNG" and at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return data


def test_a_lower_limit_of_the_program_around_is_at_most_an_image_error(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for data in KINDS.values():
        with contextlib.suppress(ImageError):  # whether a reader looks at it is Pillow's choice
            decode(data)


def test_threads_decode_side_by_side_and_pillows_settings_stay():
    before = Image.MAX_IMAGE_PIXELS
    expected = {kind: decode(data).image.tobytes() for kind, data in KINDS.items()}
    wrong = []

    def work():
        for kind, data in KINDS.items():
            if decode(data).image.tobytes() != expected[kind]:
                wrong.append(kind)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert before == Image.MAX_IMAGE_PIXELS
