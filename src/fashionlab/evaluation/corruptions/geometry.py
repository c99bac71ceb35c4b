"""Geometry: images turned, slanted, scaled and moved about their centre.

Bilinear between pixels, without a low-pass filter before an image is made smaller; what was outside
the image has the median colour of its border (see `images.border`).
"""

import numpy as np

from fashionlab.evaluation.corruptions.images import (
    Generator,
    Images,
    Values,
    framed,
    require_images,
    require_strength,
    resampled,
    signs,
)


def rotation(images: Images, strength: float, generator: Generator) -> Images:
    """Turn each image by s degrees about its centre, one way or the other at random.

    The pixel at (r, c) from the centre becomes what was at (r cos a - c sin a, r sin a + c cos a),
    a = ± s π / 180; s from 0 to 180.
    """
    require_images(images)
    require_strength(strength, 0, 180)
    angles = np.float32(np.deg2rad(strength)) * signs(generator, len(images))
    cos, sin = np.cos(angles), np.sin(angles)
    return _mapped(images, cos, -sin, sin, cos)


def shear(images: Images, strength: float, generator: Generator) -> Images:
    """Slant each image, to the left or to the right at random.

    The pixel at (r, c) from the centre becomes what was at (r, c ± s r); s from 0 to 10.
    """
    require_images(images)
    require_strength(strength, 0, 10)
    slants = np.float32(strength) * signs(generator, len(images))
    one, none = np.ones_like(slants), np.zeros_like(slants)
    return _mapped(images, one, none, slants, one)


def scale(images: Images, strength: float, generator: Generator) -> Images:
    """Make each image s times larger or smaller about its centre, at random.

    The pixel at (r, c) from the centre becomes what was at (r z, c z), z = s or 1 / s; s from 1 to
    10. What is larger is cut off at the edge.
    """
    require_images(images)
    require_strength(strength, 1, 10)
    zooms = np.float32(strength) ** signs(generator, len(images))
    none = np.zeros_like(zooms)
    return _mapped(images, zooms, none, none, zooms)


def shift(images: Images, strength: float, generator: Generator) -> Images:
    """Move each image by a share of its smaller side, in a random direction.

        by (round(L sin 2πu), round(L cos 2πu)) pixels down and right,   L = s min(H, W)

    Whole pixels, so that nothing is blurred; s from 0 to 1.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    n, height, width = images.shape[:3]
    length = strength * min(height, width)
    angles = 2 * np.pi * generator.random(n)
    moves = np.rint(length * np.stack([np.sin(angles), np.cos(angles)], axis=1)).astype(np.int64)
    most = int(np.rint(length))
    whole = framed(images, (most, most), (most, most)).astype(np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (height, width), (1, 2))
    moved = windows[np.arange(n), most - moves[:, 0], most - moves[:, 1]]  # (N[, 3], H, W)
    return np.ascontiguousarray(np.moveaxis(moved, 1, -1) if images.ndim == 4 else moved)


def _mapped(images: Images, a: Values, b: Values, c: Values, d: Values) -> Images:
    """Return images whose pixel at (r, c) from the centre is from (a r + b c, c r + d c).

    a, b, c and d are (N,).
    """
    height, width = images.shape[1:3]
    middle, centre = np.float32((height - 1) / 2), np.float32((width - 1) / 2)
    down = (np.arange(height, dtype=np.float32) - middle).reshape(1, -1, 1)
    right = (np.arange(width, dtype=np.float32) - centre).reshape(1, 1, -1)
    a, b, c, d = (x.reshape(-1, 1, 1) for x in (a, b, c, d))
    return resampled(images, a * down + b * right + middle, c * down + d * right + centre)
