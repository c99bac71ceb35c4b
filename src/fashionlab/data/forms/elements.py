"""image_rows, label_rows: stored arrays -> Blocks of bytes, converted exactly or refused.

Symbols: N images, H rows, W columns.
"""

import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.class_names import LONGEST_NAME
from fashionlab.data.forms import Block
from fashionlab.data.forms.stored import StoredArray, shown
from fashionlab.data.options import LARGEST_SIDE, ReadOptions
from fashionlab.errors import DataFormatError

CHANNELS = 3
LARGEST_LABEL = 2**31 - 1


def are_labels(array: StoredArray) -> bool:
    """Return whether an array can be labels: (N,) or (N, 1)."""
    return len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)


def require_labels(labels: StoredArray, images: StoredArray) -> None:
    """Raise DataFormatError where an array cannot be the labels of all images of another."""
    if not are_labels(labels):
        remedy = "check that it is the file of labels"
        if len(labels.shape) == 2:
            remedy = "keep the column of the classes; of a column for each, labels.argmax(axis=1)"
        raise DataFormatError(
            f"labels must be (N,) or (N, 1); received {labels.shape} in {labels.where}; {remedy}"
        )
    if labels.shape[0] != images.shape[0]:
        raise DataFormatError(
            f"each image needs one label; received {images.shape[0]:,} images in {images.where} "
            f"and {labels.shape[0]:,} labels in {labels.where}; check that both belong together"
        )


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
    remedy = "reshape them"
    if len(shape) == 3 and shape[0] in (1, CHANNELS) and shape[2] != CHANNELS:
        remedy = "put the channels last, in NumPy by images.transpose(0, 2, 3, 1)"  # as in PyTorch
    fits = len(shape) == 2 or (len(shape) == 3 and shape[2] == CHANNELS)
    if not fits or not all(1 <= side <= LARGEST_SIDE for side in shape):
        raise DataFormatError(
            f"images must be (N, H, W), (N, H, W, 3) or (N, H x W), with sides up to "
            f"{LARGEST_SIDE}; received {array.shape} in {array.where}; {remedy}"
        )
    if array.dtype.kind not in "iu":
        remedy = (
            "save them as uint8, times 255 and rounded where they go from 0 to 1"
            if array.dtype.kind == "f"
            else "save them as uint8"
        )
        raise DataFormatError(
            f"images must be whole numbers from 0 to 255; received {shown(array.dtype)} "
            f"in {array.where}; {remedy}"
        )
    return shape


def mapped_images(array: StoredArray, options: ReadOptions) -> NDArray[np.uint8] | None:
    """Return images mapped from their file, None where they do not lie there as they are."""
    shape = image_shape(array, options)
    if options.transposed or (options.colour is False and len(shape) == 3):
        return None
    mapped = array.mapped()
    return None if mapped is None else mapped.reshape(-1, *shape)


def image_rows(
    array: StoredArray, options: ReadOptions, first: int = 0, last: int | None = None
) -> Iterator[Block]:
    """Yield images in blocks without labels, upright where they are stored transposed.

    All, or those from `first` to before `last`.
    """
    shape = image_shape(array, options)
    for values in array.blocks(first, last):
        images = _bytes(values, array.where).reshape(-1, *shape)
        if options.transposed:
            images = np.ascontiguousarray(images.swapaxes(1, 2))
        yield Block(images, None)


def labels_of(array: StoredArray) -> NDArray[np.int64] | list[str]:
    """Return labels (N,), whole numbers or names; DataFormatError for any others."""
    if array.dtype.kind in "US":
        length = array.dtype.itemsize // np.dtype(f"{array.dtype.kind}1").itemsize
        if length > LONGEST_NAME:
            raise DataFormatError(
                f"names of classes must have at most {LONGEST_NAME:,} characters; received "
                f"{length:,} in {array.where}; shorten them"
            )
        names: dict[str, str] = {}  # one object for each name
        blocks = (_names(values.reshape(-1), array.where) for values in array.blocks())
        return [names.setdefault(name, name) for block in blocks for name in block]
    if array.dtype.kind not in "iuf":
        raise DataFormatError(
            f"labels must be whole numbers or names; received {shown(array.dtype)} in "
            f"{array.where}; number the classes from 0"
        )
    return np.concatenate([_numbers(values.reshape(-1), array.where) for values in array.blocks()])


def _names(values: NDArray[Any], where: str) -> list[str]:
    try:
        if values.dtype.kind == "U" and values.size:  # NumPy would make other strings
            characters = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("="))
            if characters.view(np.uint32).max() > sys.maxunicode:
                raise UnicodeError
        names: list[str] = np.char.strip(values.astype(np.str_)).tolist()
    except UnicodeError:
        raise DataFormatError(
            f"names of classes must be text; received other bytes in {where}; save them as text"
        ) from None
    return names


def _numbers(values: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Return labels as whole numbers, the usual ones in a byte each."""
    low, high = values.min(), values.max()  # NaN where one value is
    if not low >= -LARGEST_LABEL:
        wrong = low
    elif not high <= LARGEST_LABEL:
        wrong = high
    elif values.dtype.kind == "f" and (values % 1).any():
        wrong = values[values % 1 != 0][0]
    else:
        return values.astype(np.uint8 if low >= 0 and high <= 255 else np.int64)
    raise DataFormatError(
        f"labels must be whole numbers up to {LARGEST_LABEL:,}; received {wrong:g} in {where}; "
        "number the classes from 0"
    )


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
