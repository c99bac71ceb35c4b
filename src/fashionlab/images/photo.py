"""Photo: a picture of any origin, upright and of 8 bits a channel."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.errors import ImageError
from fashionlab.images import headers

UP = Image.Transpose
TURNS = {  # EXIF's orientation -> what makes it upright
    **{2: UP.FLIP_LEFT_RIGHT, 3: UP.ROTATE_180, 4: UP.FLIP_TOP_BOTTOM, 5: UP.TRANSPOSE},
    **{6: UP.ROTATE_270, 7: UP.TRANSVERSE, 8: UP.ROTATE_90},
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture that is upright and of 8 bits a channel.

    Its pixels stay in Pillow's memory, which reduces 40 million of them without a copy.
    """

    image: Image.Image  # of mode L, RGB or RGBA
    turned: bool = False  # whether EXIF's orientation had it turned or mirrored


def from_image(image: Image.Image, orientation: int | None = None) -> Photo:
    """Return the photo of an image of Pillow, whose EXIF gives the orientation where it is None."""
    if orientation is None:
        orientation = headers.orientation(image.info.get("exif") or b"")
    turn = TURNS.get(orientation)
    image = _eight_bits(image)
    return Photo(image) if turn is None else Photo(image.transpose(turn), turned=True)


def from_array(array: NDArray[Any]) -> Photo:
    """Return the photo of bytes (h, w) or (h, w, 1, 3 or 4); ImageError for any other array."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ImageError(
            "an array must be uint8 (H, W), (H, W, 3) or (H, W, 4); received "
            f"{array.dtype} {array.shape}"
        )
    return Photo(Image.fromarray(array[..., 0] if array.ndim == 3 and channels == 1 else array))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the picture in mode L, RGB or RGBA."""
    if image.mode in {"L", "RGB", "RGBA"} and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # 16 bit grey, of which Pillow's own conversion keeps no scale
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)  # (h, w)
        grey = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
        hidden = image.info.get("transparency")
        if hidden is None:
            return grey
        alpha = Image.fromarray(np.where(deep == hidden, 0, 255).astype(np.uint8))
        return Image.merge("RGBA", (grey, grey, grey, alpha))
    if image.mode in {"LA", "La", "PA", "RGBa", "RGBA"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")
