"""What every corruption is given and returns; the border's colour; sampling between pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

Generator = np.random.Generator
Images = NDArray[np.uint8]  # (N, H, W) or (N, H, W, 3)
Values = NDArray[np.float32]


def require_images(images: Any) -> None:
    """Raise InvalidValueError for anything but images of bytes, grey or colour."""
    fits = (
        isinstance(images, np.ndarray)
        and images.dtype == np.uint8
        and (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3))
        and images.size > 0
    )
    if not fits:
        kind = getattr(images, "dtype", type(images).__name__)
        raise InvalidValueError(
            "images must be a non-empty uint8 array (N, H, W) or (N, H, W, 3); received "
            f"{kind} {getattr(images, 'shape', '')}; give bytes from 0 to 255"
        )


def require_strength(strength: Any, least: float, most: float) -> None:
    """Raise InvalidValueError unless the strength is a number from `least` to `most`."""
    if isinstance(strength, bool) or not isinstance(strength, int | float | np.number):
        raise InvalidValueError(f"strength must be a number; received {strength!r:.40}; try {most}")
    if not least <= strength <= most:  # nor NaN
        raise InvalidValueError(
            f"strength must be from {least:g} to {most:g}; received {strength!r:.40}; see "
            "CORRUPTIONS for sensible ones"
        )


def as_bytes(values: NDArray[np.floating[Any]]) -> Images:
    """Return values as uint8: rounded to the nearest, cut off at 0 and 255."""
    return np.asarray(np.rint(values.clip(0, 255)).astype(np.uint8))


def like(images: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return values of whole images (N,) or of pixels (N, H, W) with the axes of `images`."""
    return values.reshape(*values.shape, *[1] * (images.ndim - values.ndim))


def signs(generator: Generator, n: int) -> Values:
    """Draw a sign for each of n images, (N,): -1 or 1, equally often."""
    return np.where(generator.random(n) < 0.5, -1, 1).astype(np.float32)


def border(images: Images) -> Values:
    """Return the median of each image's outermost pixels, of each channel: (N,) or (N, 3).

    It stands for what lies outside the picture. A constant black would draw an edge around each
    image on a light background; on Fashion-MNIST the median is black for 99.8 % of the images.
    """
    edges = [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]]
    return np.asarray(np.median(np.concatenate(edges, axis=1), axis=1), np.float32)


def framed(images: Images, before: tuple[int, int], after: tuple[int, int]) -> Values:
    """Return images with rows and columns of the border's colour before and after, as float32."""
    (up, left), (down, right) = before, after
    n, height, width, *channels = images.shape
    whole = np.empty((n, up + height + down, left + width + right, *channels), np.float32)
    whole[:] = border(images).reshape(n, 1, 1, *channels)
    whole[:, up : up + height, left : left + width] = images
    return whole


def resampled(images: Images, rows: Values, columns: Values) -> Images:
    """Return images whose pixel is what the place (row, column), (N, H, W), of the image has.

    Bilinear; outside an image is its border's colour.
    """
    height, width = images.shape[1:3]
    pixels = framed(images, (1, 1), (2, 2))
    down, right = rows.clip(-1, height) + 1, columns.clip(-1, width) + 1
    i, j = down.astype(np.int32), right.astype(np.int32)
    y, x = like(images, down - i), like(images, right - j)
    stride = width + 3
    first = i * stride + j + np.arange(len(images)).reshape(-1, 1, 1) * ((height + 3) * stride)
    flat = pixels.reshape(-1, *images.shape[3:])  # (N (H + 3) (W + 3)[, 3])
    above = flat[first] * (1 - x) + flat[first + 1] * x
    below = flat[first + stride] * (1 - x) + flat[first + stride + 1] * x
    return as_bytes(above * (1 - y) + below * y)
