"""image_rows, label_rows: stored arrays -> Blocks of bytes, converted exactly or refused.

Symbols: N images, H rows, W columns.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms import Block
from fashionlab.data.forms.stored import StoredArray
from fashionlab.data.options import LARGEST_SIDE, ReadOptions
from fashionlab.errors import DataFormatError

CHANNELS = 3


def are_labels(array: StoredArray) -> bool:
    """Return whether an array can be labels: (N,) or (N, 1)."""
    return len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)


def image_shape(array: StoredArray, options: ReadOptions) -> tuple[int, ...]:
    """Return (H, W) or (H, W, 3) of images (N, H, W[, 1 or 3]), or (N, H W) where H = W.

    Raises DataFormatError for an array of another shape or kind.
    """
    shape = array.shape[1:]
    if len(shape) == 1:
        channels = CHANNELS if options.colour else 1
        side = math.isqrt(shape[0] // channels)
        shape = (side, side) if side * side * channels == shape[0] else ()
        shape = (*shape, CHANNELS) if shape and options.colour else shape
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    fits = len(shape) == 2 or (len(shape) == 3 and shape[2] == CHANNELS)
    if not fits or not all(1 <= side <= LARGEST_SIDE for side in shape):
        raise DataFormatError(
            f"images must be (N, H, W), (N, H, W, 3) or (N, H x W), with sides up to "
            f"{LARGEST_SIDE}; received {array.shape} in {array.where}; reshape them"
        )
    if array.dtype.kind not in "iu":
        remedy = (
            "multiply by 255, round, and save them as uint8"
            if array.dtype.kind == "f"
            else "save them as uint8"
        )
        raise DataFormatError(
            f"images must be whole numbers from 0 to 255; received {array.dtype} in "
            f"{array.where}; {remedy}"
        )
    return shape


def mapped_images(array: StoredArray, options: ReadOptions) -> NDArray[np.uint8] | None:
    """Return images mapped from their file, None where they do not lie there as they are."""
    shape = image_shape(array, options)
    if options.transposed or (options.colour is False and len(shape) == 3):
        return None
    mapped = array.mapped()
    return None if mapped is None else mapped.reshape(-1, *shape)


def image_rows(array: StoredArray, options: ReadOptions) -> Iterator[Block]:
    """Yield the images in blocks without labels, upright where they are stored transposed."""
    shape = image_shape(array, options)
    for values in array.blocks():
        images = _bytes(values, array.where).reshape(-1, *shape)
        if options.transposed:
            images = np.ascontiguousarray(images.swapaxes(1, 2))
        yield Block(images, None)


def labels_of(array: StoredArray) -> NDArray[np.int64] | list[str]:
    """Return labels (N,), whole numbers or names; DataFormatError for any others."""
    values = array.whole().reshape(-1)
    if values.dtype.kind in "US":
        try:
            return [str(name) for name in np.char.strip(values.astype(np.str_)).tolist()]
        except UnicodeDecodeError:
            raise DataFormatError(
                f"names of classes must be text; received bytes in {array.where}; save them as text"
            ) from None
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values % 1 == 0)).all():
        wrong = values[~np.isfinite(values) | (values % 1 != 0)][0]
        raise DataFormatError(
            f"labels must be whole numbers; received {wrong:g} in {array.where}; number the "
            "classes from 0"
        )
    if values.dtype.kind not in "iuf" or (values.size and not np.abs(values).max() < 2**31):
        raise DataFormatError(
            f"labels must be whole numbers or names; received {values.dtype} in {array.where}; "
            "number the classes from 0"
        )
    return values.astype(np.int64)


def _bytes(values: NDArray[Any], where: str) -> NDArray[np.uint8]:
    """Return whole numbers as bytes; DataFormatError where one is out of range."""
    if values.dtype == np.uint8:
        return values
    if values.min() < 0 or values.max() > 255:
        wrong = values.min() if values.min() < 0 else values.max()
        raise DataFormatError(
            f"pixels must be whole numbers from 0 to 255; received {wrong} in {where}; scale the "
            "images to that range"
        )
    return values.astype(np.uint8)


def to_grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (n, H, W) of colour images (n, H, W, 3), by ITU-R BT.601's luma."""
    luma = images @ np.array([0.299, 0.587, 0.114], np.float32)
    grey: NDArray[np.uint8] = np.rint(luma).astype(np.uint8)
    return grey
