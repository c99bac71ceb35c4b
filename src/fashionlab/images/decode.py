"""decode: the bytes of a PNG, JPEG or WebP file become an upright picture, or an ImageError.

The kind is found by content, never by name. Size and frames are read from the file's header before
a pixel is decoded, and only what pixels need goes to the decoder (`containers.strip`). No global
state of Pillow is read or changed, and no warning is silenced: threads may decode side by side.
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from fashionlab.errors import ImageError
from fashionlab.portable.containers import damaged, orientation, strip

LARGEST_BYTES = 50_000_000
LARGEST_PIXELS = 40_000_000  # 160 MB as four bytes a pixel; a phone's photo has 12 to 50 million
SMALLEST_SIDE = 8  # pixels; a garment is not to be told from fewer

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
    ValueError,
    SyntaxError,
    OSError,
    EOFError,
    RuntimeError,
    IndexError,
    struct.error,
    MemoryError,
    Image.DecompressionBombError,
)
TURNS = {  # EXIF's orientation -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes) -> Image.Image:
    """The picture, upright, of mode L, RGB or RGBA, 8 bits a channel.

    `info["turned"]` is True where EXIF's orientation had it turned or mirrored.

    Raises ImageError, which says why, for anything but one whole still picture of at most
    LARGEST_BYTES and LARGEST_PIXELS, with sides of SMALLEST_SIDE pixels or more.
    """
    if len(data) > LARGEST_BYTES:
        raise ImageError(
            f"a picture must have at most {LARGEST_BYTES:,} bytes; received {len(data):,}; "
            "save it smaller"
        )
    container = strip(data)
    width, height = container.size
    if width * height > LARGEST_PIXELS:
        raise ImageError(
            f"a picture must have at most {LARGEST_PIXELS:,} pixels; received {width:,} x "
            f"{height:,}; scale it down"
        )
    if min(container.size) < SMALLEST_SIDE:
        raise ImageError(
            f"a picture must have sides of {SMALLEST_SIDE} pixels or more; received {width:,} x "
            f"{height:,}; give a larger one"
        )
    if container.frames > 1:
        raise ImageError(
            f"a picture must be still; received an animation of {container.frames:,} frames; "
            "give one of them"
        )
    try:
        with READERS[container.kind](io.BytesIO(container.content)) as stored:
            if stored.size != container.size:
                raise damaged("two sizes")
            stored.load()
            image = simple(stored)
    except ImageError:
        raise
    except FAILURES as error:
        raise damaged(f"{container.kind}: {_line(error)}") from error
    turn = TURNS.get(container.orientation)
    result = image if turn is None else image.transpose(turn)
    result.info = {"turned": turn is not None}
    return result


def read(path: Path) -> bytes:
    """A file for `decode`, or as much as shows that it is too large; OSError names the path."""
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def upright(image: Image.Image) -> tuple[Image.Image, bool]:
    """An image that Pillow has opened, turned as its EXIF says, and whether it had to be."""
    turn = TURNS.get(orientation(image.info.get("exif") or b""))
    return (image, False) if turn is None else (image.transpose(turn), True)


def simple(image: Image.Image) -> Image.Image:
    """The picture in mode L, RGB or RGBA."""
    if image.mode in {"L", "RGB", "RGBA"} and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # 16 bit grey, of which Pillow's own conversion keeps no scale
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)  # (H, W)
        grey = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
        hidden = image.info.get("transparency")
        if hidden is None:
            return grey
        alpha = Image.fromarray(np.where(deep == hidden, 0, 255).astype(np.uint8))
        return Image.merge("RGBA", (grey, grey, grey, alpha))
    if image.mode in {"LA", "La", "PA", "RGBa", "RGBA"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _line(error: BaseException) -> str:
    """A message of Pillow as part of one line."""
    return " ".join(str(error).split())[:80] or type(error).__name__
