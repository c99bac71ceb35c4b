"""Noise of three kinds: of a warm sensor, of few photons, of values that are lost."""

import numpy as np

from fashionlab.evaluation.corruptions.images import (
    Generator,
    Images,
    as_bytes,
    require_images,
    require_strength,
)


def gaussian_noise(images: Images, strength: float, generator: Generator) -> Images:
    """Add normal noise to each value, of each channel on its own.

    x + 255 s n,   n ~ N(0, 1),   s from 0 to 1: the standard deviation as a share of 255
    """
    require_images(images)
    require_strength(strength, 0, 1)
    noise = generator.standard_normal(images.shape, dtype=np.float32)
    return as_bytes(images + np.float32(255 * strength) * noise)


def shot_noise(images: Images, strength: float, generator: Generator) -> Images:
    """Count photons instead of measuring light: light values are noisier than dark ones.

    255 P / s,   P ~ Poisson(s x / 255),   s from 1e-3 to 1e6: the photons of a white pixel
    """
    require_images(images)
    require_strength(strength, 1e-3, 1e6)
    photons = generator.poisson(images * (strength / 255))
    return as_bytes((photons * (255 / strength)).astype(np.float32))


def impulse_noise(images: Images, strength: float, generator: Generator) -> Images:
    """Replace some values by black or white, equally often (salt and pepper).

        0 where u < s / 2,   255 where u >= 1 - s / 2,   x elsewhere,   s from 0 to 1

    One u a value, of each channel on its own.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    u = generator.random(images.shape)
    return np.where(u < strength / 2, 0, np.where(u >= 1 - strength / 2, 255, images)).astype(
        np.uint8
    )
