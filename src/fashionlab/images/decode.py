"""decode, load: PNG, JPEG and WebP files, also hostile ones, and other pictures -> Photo.

The kind is found by content, never by name. Size and frames are read from the file's header before
a pixel is decoded, and only what pixels need goes to the decoder (`headers.strip`). No global
state of Pillow is read or changed, and no warning is silenced: threads may decode at once.
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from fashionlab.errors import ImageError
from fashionlab.images.headers import Header, damaged, png_pixels, strip
from fashionlab.images.photo import Photo, from_array, from_image

Picture = str | Path | bytes | Image.Image | NDArray[np.uint8]

MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
LARGEST_BYTES = 50_000_000
LARGEST_PIXELS = 40_000_000  # 160 MB as four bytes a pixel; a phone's photo has 12 to 50 million
SMALLEST_SIDE = 8  # pixels; fewer show no garment

# The readers themselves, not Image.open: that would warn about sizes, and reads the second picture
# that many phones put behind a JPEG photo.
READERS: dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}
# What Pillow's readers raise for broken bytes, by their source: ValueError (a chunk's name, length
# or content), SyntaxError (a wrong order or field), OSError (truncated, or a decoder's failure),
# EOFError and RuntimeError (libwebp's failures), IndexError and struct.error (short fields after
# the pixels), MemoryError; DecompressionBombError where the program around has lowered the limit.
FAILURES = (
    *(ValueError, SyntaxError, OSError, EOFError, RuntimeError, IndexError, struct.error),
    *(MemoryError, Image.DecompressionBombError),
)


def decode(data: bytes) -> Photo:
    """Return the photo that the bytes of a PNG, JPEG or WebP file hold.

    Raises ImageError, which says why, for anything but one whole still picture of at most
    LARGEST_BYTES and LARGEST_PIXELS, with sides of SMALLEST_SIDE pixels or more.
    """
    if len(data) > LARGEST_BYTES:
        raise ImageError(
            f"a picture must have at most {LARGEST_BYTES:,} bytes; received {len(data):,}; "
            "save it smaller"
        )
    header = strip(data)
    width, height = header.size
    rules = {
        f"have at most {LARGEST_PIXELS:,} pixels; received {width:,} x {height:,}; scale it down": (
            width * height <= LARGEST_PIXELS
        ),
        f"have sides of {SMALLEST_SIDE} pixels or more; received {width:,} x {height:,}; give a "
        "larger one": min(header.size) >= SMALLEST_SIDE,
        f"be still; received an animation of {header.frames:,} frames; give one of them": (
            header.frames == 1
        ),
    }
    for rule, holds in rules.items():
        if not holds:
            raise ImageError(f"a picture must {rule}")
    try:
        with READERS[header.kind](io.BytesIO(header.content)) as stored:
            if stored.size != header.size:
                raise damaged("two sizes")
            return from_image(_pixels(stored, header), header.orientation)
    except ImageError:
        raise
    except FAILURES as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise damaged(f"{header.kind}: {reason}") from error


def shown_size(data: bytes) -> tuple[int, int]:
    """Return the width and height in which a picture is shown, from its header alone.

    Raises ImageError for what is no picture.
    """
    header = strip(data)
    width, height = header.size
    return (height, width) if header.orientation >= 5 else (width, height)


def _pixels(stored: ImageFile.ImageFile, header: Header) -> Image.Image:
    """Return the image with its pixels.

    Not `stored.load`: it answers half a picture as if it were whole where the program around has
    set ImageFile.LOAD_TRUNCATED_IMAGES, and what it refuses depends on ImageFile.MAXBLOCK.
    """
    if header.kind == "WEBP":  # which is decoded whole
        stored.load()
        return stored
    if len(stored.tile or ()) != 1:  # None before Pillow 11
        raise damaged("no pixels")
    ((decoder, _, _, options),) = stored.tile
    if header.kind == "PNG":
        content, options = png_pixels(header.content), (options, int("interlace" in stored.info))
    else:
        content = header.content
    image = Image.frombytes(stored.mode, stored.size, content, decoder, options)
    if "transparency" in stored.info:
        image.info["transparency"] = stored.info["transparency"]
    if stored.palette:
        image.putpalette(stored.palette.palette, stored.palette.mode)
    return image


def read(path: Path) -> bytes:
    """Return a file for `decode`, or as much as shows that it is too large."""
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def load(picture: Picture) -> Photo:
    """Return the photo of a file's path or bytes, an image that Pillow has opened, or an array.

    Raises ImageError for what is none, OSError where a file cannot be read.
    """
    if isinstance(picture, str | Path):
        picture = read(Path(picture))
    if isinstance(picture, bytes):
        return decode(picture)
    return from_array(picture) if isinstance(picture, np.ndarray) else from_image(picture)
