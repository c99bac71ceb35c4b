"""Light: too much of it, too little contrast, fog, and the negative."""

import numpy as np

from fashionlab.evaluation.corruptions.images import (
    Generator,
    Images,
    Values,
    as_bytes,
    like,
    require_images,
    require_strength,
)

GRIDS = (2, 3, 5, 9)  # random values along a side of each octave of the fog, coarse to fine


def brightness(images: Images, strength: float, generator: Generator) -> Images:
    """Make each image lighter.

        x + 255 s,   s from 0 to 1

    Draws nothing.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    return as_bytes(images + np.float32(255 * strength))


def contrast(images: Images, strength: float, generator: Generator) -> Images:
    """Bring all values of an image closer to their mean.

        m + (1 - s) (x - m),   m the mean of the image over pixels and channels,   s from 0 to 1

    Draws nothing.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    means = like(images, images.mean(axis=tuple(range(1, images.ndim)), dtype=np.float64))  # (N, …)
    means = means.astype(np.float32)
    return as_bytes(means + np.float32(1 - strength) * (images - means))


def fog(images: Images, strength: float, generator: Generator) -> Images:
    """Mix each image with drifting light grey.

        (1 - s) x + 255 s f,   s from 0 to 1,   f = min(max(2c - 1/2, 0), 1)
        c = Σ_g w_g v_g / Σ_g w_g,   w = 1, 1/2, 1/4, 1/8 for grids of g = 2, 3, 5, 9

    v_g is bilinear between g x g uniform values, whose corners lie on the image's: the fog f has
    large and small swathes. Without the factor 2 the sum of four would be nearly even.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    n, height, width = images.shape[:3]
    drawn = generator.random((n, sum(g * g for g in GRIDS)), dtype=np.float32)
    cloud = np.zeros((n, height, width), np.float32)
    first, weight, weights = 0, 1.0, 0.0
    for g in GRIDS:
        grid = drawn[:, first : first + g * g].reshape(n, g, g)
        cloud += np.float32(weight) * _stretched(_stretched(grid, height, 1), width, 2)
        first, weights, weight = first + g * g, weights + weight, weight / 2
    mist = like(images, (cloud * np.float32(2 / weights) - np.float32(0.5)).clip(0, 1))
    return as_bytes(np.float32(1 - strength) * images + np.float32(255 * strength) * mist)


def inverted(images: Images, strength: float, generator: Generator) -> Images:
    """Blend each image into its negative.

        (1 - s) x + s (255 - x),   s from 0 to 1; at 1/2 all is grey, above it a negative

    Draws nothing.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    return as_bytes(np.float32(1 - 2 * strength) * images + np.float32(255 * strength))


def _stretched(values: Values, side: int, axis: int) -> Values:
    """Return values with `side` instead of g places along an axis, bilinear, ends on ends."""
    last = values.shape[axis] - 1
    places = np.linspace(0, last, side, dtype=np.float32)
    low = np.minimum(places.astype(np.int32), last - 1)
    part = (places - low).reshape([-1 if a == axis else 1 for a in range(values.ndim)])
    stretched: Values = values.take(low, axis) * (1 - part) + values.take(low + 1, axis) * part
    return stretched
