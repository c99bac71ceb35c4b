"""What images look like, in three numbers an image: brightness, contrast and covered area.

Symbols: N images of H x W pixels, n images of a block, C channels: 1 in grey, 3 in colour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.storage import blocks
from fashionlab.errors import InvalidValueError

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.float64]

FAR = 16  # levels of 255: a pixel that differs more from the background is covered


@dataclass(frozen=True, eq=False)
class Appearance:
    """The brightness, contrast and covered area of N images."""

    brightness: Numbers  # (N,) mean of the pixels, 0..255
    contrast: Numbers  # (N,) standard deviation of the pixels, 0..127.5
    covered: Numbers  # (N,) share of the pixels that are not background, 0..1
    is_on_black: bool  # whether black was taken for the background of all


def appearance(images: Bytes) -> Appearance:
    """Measure images (N, H, W) or (N, H, W, 3) uint8, N >= 1, in one pass over blocks.

    In colour, the brightness of a pixel is the mean of its channels. The background of an image is
    the median of its outermost pixels, by channel; a pixel is covered where a channel differs from
    it by more than FAR levels. Where that median is at most FAR in half of the images or more,
    black is the background of all, so that an object that fills its border is covered too.

    Equal images have equal numbers. Raises InvalidValueError for arrays that are no such images.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not images.size:
        raise InvalidValueError(
            "images must be uint8 (N, H, W) or (N, H, W, 3), N >= 1; received "
            f"{images.dtype} {images.shape}; pass those of the test set"
        )
    brightness, contrast, from_border, from_black = (np.empty(len(images)) for _ in range(4))
    is_dark = np.empty(len(images), bool)
    for place, block in blocks(images):
        pixels = block.reshape(*block.shape[:3], -1)  # (n, H, W, C)
        brightness[place], contrast[place] = _brightness_and_contrast(pixels)
        background = _border_median(pixels)  # (n, C)
        is_dark[place] = (background <= FAR).all(axis=1)
        from_border[place] = _covered(pixels, background)
        from_black[place] = _covered(pixels, np.zeros_like(background))
    is_on_black = bool(is_dark.mean() >= 0.5)
    covered = from_black if is_on_black else from_border
    return Appearance(brightness, contrast, covered, is_on_black)


def _brightness_and_contrast(pixels: Bytes) -> tuple[Numbers, Numbers]:
    """Return mean and standard deviation over the pixels of each image (n,).

    With D pixels of C channels, whose sums are g: σ² = (D Σ g² - (Σ g)²) / (D C)².
    """
    n, height, width, channels = pixels.shape
    # Sums of whole numbers are exact, up to 2^53. Then D Σ g² >= (Σ g)² also after rounding.
    g = pixels[..., 0].reshape(n, -1).astype(np.float64)  # (n, D)
    for c in range(1, channels):
        g += pixels[..., c].reshape(n, -1)
    count = height * width
    total = g.sum(axis=1)
    variance = (count * np.einsum("nd,nd->n", g, g) - total**2) / (count * channels) ** 2
    return total / (count * channels), np.sqrt(variance)


def _border_median(pixels: Bytes) -> Bytes:
    """Return the lower median of the outermost pixels of each image, by channel (n, C)."""
    border = np.ones(pixels.shape[1:3], bool)
    border[1:-1, 1:-1] = False
    ring = pixels[:, border]  # (n, P, C)
    middle = (ring.shape[1] - 1) // 2
    return np.asarray(np.partition(ring, middle, axis=1)[:, middle])


def _covered(pixels: Bytes, background: Bytes) -> Numbers:
    """Return the share of each image's pixels (n,) that differ from its background (n, C)."""
    levels = background.astype(np.int16)[:, None, None]  # (n, 1, 1, C)
    low, high = (np.clip(levels + d, 0, 255).astype(np.uint8) for d in (-FAR, FAR))
    differs = np.zeros(pixels.shape[:3], bool)
    for c in range(pixels.shape[3]):
        differs |= (pixels[..., c] < low[..., c]) | (pixels[..., c] > high[..., c])
    return np.asarray(differs.reshape(len(pixels), -1).mean(axis=1))
