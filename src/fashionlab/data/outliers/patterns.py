"""Textures and noise that fill an image, and the fills of what is drawn."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.floating[Any]]  # (n, H, W)
Generator: TypeAlias = np.random.Generator

DARKEST = 90  # grey level of what is drawn on black, at least


def uniform(rng: Generator, n: int, low: float, high: float) -> Plane:
    """Draw a number for each image, (n, 1, 1)."""
    return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)


def axes(height: int, width: int) -> tuple[Plane, Plane]:
    """Return v (1, H, 1) and u (1, 1, W): down and right from the centre, 1 at the longer side."""
    half = max(height, width) / 2
    v = (np.arange(height) - (height - 1) / 2) / half
    u = (np.arange(width) - (width - 1) / 2) / half
    return v.reshape(1, -1, 1).astype(np.float32), u.reshape(1, 1, -1).astype(np.float32)


def turned(v: Plane, u: Plane, angle: Plane) -> tuple[Plane, Plane]:
    """Return the coordinates along and across a direction, (n, H, W) each."""
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * u + sin * v, cos * v - sin * u


def cloud(rng: Generator, n: int, height: int, width: int, cells: int) -> Plane:
    """Draw smooth noise in [0, 1]: random values on a lattice of `cells` a side, eased between."""
    values = rng.random((n, cells + 1, cells + 1), dtype=np.float32)
    (i, v), (j, u) = _places(height, cells), _places(width, cells)
    above = values[:, i][:, :, j] * (1 - u) + values[:, i][:, :, j + 1] * u
    below = values[:, i + 1][:, :, j] * (1 - u) + values[:, i + 1][:, :, j + 1] * u
    v = v[:, np.newaxis]
    return np.asarray(above * (1 - v) + below * v)


def _places(side: int, cells: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the cell of each pixel, and how far it is in it, eased by 3 x^2 - 2 x^3."""
    at = np.linspace(0, cells - 1e-3, side, dtype=np.float32)
    cell = at.astype(np.int64)
    x = at - cell
    return cell, x * x * (3 - 2 * x)


def shading(rng: Generator, n: int, height: int, width: int) -> Plane:
    """Draw factors up to 1: even, fading to one side, cloudy, striped or checked."""
    v, u = axes(height, width)
    along, across = turned(v, u, uniform(rng, n, 0, 2 * np.pi))
    depth, waves = uniform(rng, n, 0.1, 0.6), uniform(rng, n, 4, 22)
    kinds: list[Any] = [
        np.ones((n, 1, 1), np.float32),
        1 - depth * (0.5 + 0.5 * along),
        1 - depth * cloud(rng, n, height, width, 5),
        1 - depth * (0.5 + 0.5 * np.sin(waves * along)),
        1 - depth * (0.5 + 0.25 * np.sin(waves * along) + 0.25 * np.sin(waves * across)),
    ]
    return np.choose(rng.integers(0, len(kinds), (n, 1, 1)), kinds)


def fills(rng: Generator, n: int, height: int, width: int) -> Plane:
    """Draw tones with shading."""
    return uniform(rng, n, DARKEST, 255) * shading(rng, n, height, width)


def textures(rng: Generator, n: int, height: int, width: int) -> Plane:
    """Draw gratings, stripes, checks, plaids, dots, clouds, ramps and blots that fill the image."""
    v, u = axes(height, width)
    along, across = turned(v, u, uniform(rng, n, 0, np.pi))
    waves, other = uniform(rng, n, 3, 40), uniform(rng, n, 3, 40)
    grating = 0.5 + 0.5 * np.sin(waves * along + uniform(rng, n, 0, 2 * np.pi))
    coarse = cloud(rng, n, height, width, 4)
    clouds = (
        0.55 * cloud(rng, n, height, width, 2)
        + 0.3 * coarse
        + 0.15 * cloud(rng, n, height, width, 9)
    )
    kinds: list[Any] = [
        grating,
        grating > 0.5,
        np.sin(waves * along) * np.sin(other * across) > 0,
        grating / 2 + (0.5 + 0.5 * np.sin(other * across)) / 2,
        np.sin(waves * along) * np.sin(waves * across) > 0.3,
        clouds,
        (1 + along) / 2,
        coarse,
        clouds > 0.5,
    ]
    chosen = np.choose(rng.integers(0, len(kinds), (n, 1, 1)), kinds)
    low = uniform(rng, n, 0, 120)
    return np.asarray(low + (uniform(rng, n, 120, 255) - low) * chosen)


def noise(rng: Generator, n: int, height: int, width: int) -> Plane:
    """Draw pixels at random: uniform, normal, few bright ones, or in blocks."""
    side = int(rng.integers(2, 8))
    blocks = rng.random((n, -(-height // side), -(-width // side)), dtype=np.float32)
    blocks = blocks.repeat(side, axis=1).repeat(side, axis=2)[:, :height, :width]
    shape = (n, height, width)
    spread = rng.standard_normal(shape, dtype=np.float32) * uniform(rng, n, 15, 100)
    few = rng.random(shape, dtype=np.float32) < uniform(rng, n, 0.01, 0.5)
    kinds: list[Any] = [
        rng.random(shape, dtype=np.float32) * uniform(rng, n, 60, 255),
        uniform(rng, n, 0, 200) + spread,
        few * uniform(rng, n, 100, 255),
        255 * blocks,
    ]
    return np.choose(rng.integers(0, len(kinds), (n, 1, 1)), kinds)
