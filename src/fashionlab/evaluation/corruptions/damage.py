"""Damage: a part of the picture is hidden, or it was compressed too much."""

import io

import numpy as np
from PIL import Image

from fashionlab.evaluation.corruptions.images import (
    Generator,
    Images,
    like,
    require_images,
    require_strength,
)

GREY = 128  # of the patch: neither a light nor a dark background


def occlusion(images: Images, strength: float, generator: Generator) -> Images:
    """Hide a square patch behind mid-grey, at a random place within each image.

    128 where t <= row < t + d and l <= column < l + d,   d = round(s min(H, W)), 1 at least,
    t = ⌊u (H - d + 1)⌋,   l = ⌊u' (W - d + 1)⌋,   s from 0 to 1
    """
    require_images(images)
    require_strength(strength, 0, 1)
    n, height, width = images.shape[:3]
    side = max(1, round(strength * min(height, width)))
    u = generator.random((n, 2))
    starts = (u * (height - side + 1, width - side + 1)).astype(np.int64)  # (N, 2)
    rows = np.arange(height) - starts[:, :1]  # (N, H), from the patch's first
    columns = np.arange(width) - starts[:, 1:]
    down, right = (rows >= 0) & (rows < side), (columns >= 0) & (columns < side)
    hidden = down[:, :, np.newaxis] & right[:, np.newaxis, :]  # (N, H, W)
    return np.where(like(images, hidden), np.uint8(GREY), images)


def jpeg(images: Images, strength: float, generator: Generator) -> Images:
    """Compress each image as JPEG and decode it again, by Pillow.

    s is Pillow's quality, rounded, from 1 to 95; colours are subsampled 4:2:0. Draws nothing. Other
    versions of libjpeg may differ by a few levels.
    """
    require_images(images)
    require_strength(strength, 1, 95)
    decoded = np.empty_like(images)
    for image, place in zip(images, decoded, strict=True):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=round(strength), subsampling="4:2:0")
        with Image.open(file) as picture:
            place[...] = np.asarray(picture)
    return decoded
