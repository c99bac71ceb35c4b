"""Blur of two kinds: out of focus, and moved while the shutter was open."""

import math

import numpy as np
from numpy.typing import NDArray

from fashionlab.evaluation.corruptions.images import (
    Generator,
    Images,
    Values,
    as_bytes,
    require_images,
    require_strength,
)

Offsets = NDArray[np.float64]  # (N,) pixels
Shape = tuple[int, ...]

TRUNCATE = 3.0  # standard deviations at which the kernel ends: 99.7 % of its weight


def gaussian_blur(images: Images, strength: float, generator: Generator) -> Images:
    """Blur by a Gaussian kernel; beyond its edge an image goes on as its outermost pixel.

        Σ_ij w(i) w(j) x(· + i, · + j),   w(i) ∝ exp(-i² / 2σ²), |i| <= 3σ + 1/2,   σ = s min(H, W)

    s from 0 to 1. Draws nothing.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    sigma = strength * min(images.shape[1:3])
    radius = int(TRUNCATE * sigma + 0.5)
    places = np.arange(-radius, radius + 1)
    weights = np.exp(-(places**2) / (2 * sigma**2)) if sigma else np.ones(1)
    weights = (weights / weights.sum()).astype(np.float32)
    values = images.astype(np.float32)
    for axis in (1, 2):
        side = values.shape[axis]
        sides = [(radius, radius) if a == axis else (0, 0) for a in range(values.ndim)]
        padded = np.pad(values, sides, mode="edge").swapaxes(0, axis)
        total = weights[0] * padded[:side]
        for k, weight in enumerate(weights[1:], 1):
            total += weight * padded[k : k + side]
        values = total.swapaxes(0, axis)
    return as_bytes(values)


def motion_blur(images: Images, strength: float, generator: Generator) -> Images:
    """Blur along a straight line through each pixel, in a random direction for each image.

        1/(2m + 1) Σ_k x(· + (k / 2m) L (sin πu, cos πu)),   k = -m ... m,   m = ⌈L / 2⌉,
        L = s min(H, W) pixels,   s from 0 to 1

    Bilinear between pixels; beyond its edge an image goes on as its outermost pixel.
    """
    require_images(images)
    require_strength(strength, 0, 1)
    n, height, width = images.shape[:3]
    length = strength * min(height, width)
    steps = math.ceil(length / 2)
    angles = np.pi * generator.random(n)  # (N,)
    edge = steps + 1
    sides = [(edge, edge), (edge, edge), *[(0, 0)] * (images.ndim - 3)]
    padded = np.pad(images, [(0, 0), *sides], mode="edge")
    total = np.zeros(images.shape, np.float32)
    for k in range(-steps, steps + 1):
        way = k / (2 * steps) * length if steps else 0.0
        total += _moved(padded, edge, way * np.sin(angles), way * np.cos(angles), images.shape)
    return as_bytes(total / np.float32(2 * steps + 1))


def _moved(padded: Images, edge: int, down: Offsets, right: Offsets, shape: Shape) -> Values:
    """Return what is `down` and `right` (N,) of each pixel, in images padded by `edge`; bilinear.

    All pixels of an image move alike, so that windows are copied whole instead of pixel by pixel.
    """
    n, height, width, *channels = shape
    rows, columns = np.floor(down).astype(np.int64), np.floor(right).astype(np.int64)  # (N,)
    y = (down - rows).astype(np.float32).reshape(n, *[1] * (len(shape) - 1))
    x = (right - columns).astype(np.float32).reshape(y.shape)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height + 1, width + 1), (1, 2))
    cut = windows[np.arange(n), edge + rows, edge + columns].astype(np.float32)
    if channels:
        cut = np.moveaxis(cut, 1, -1)  # (N, H + 1, W + 1, 3)
    lines = cut[:, :-1] * (1 - y) + cut[:, 1:] * y  # (N, H, W + 1[, 3])
    return np.asarray(lines[:, :, :-1] * (1 - x) + lines[:, :, 1:] * x, np.float32)
