"""Strokes, letters and shapes: (ink, tone), (n, H, W) each."""

import string
from functools import cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fashionlab.data.outliers.patterns import Generator, Plane, axes, fills, turned, uniform

Drawing = tuple[Plane, Plane]  # ink, tone

MOST_LINES, MOST_POINTS, MOST_SHAPES, MOST_LETTERS = 3, 5, 4, 3
SEGMENTS = 14  # straight pieces of a stroke
LETTER = 48  # points, before it is scaled
BOLD = 3  # pixels that are added around a bold letter


def strokes(rng: Generator, n: int, height: int, width: int) -> Drawing:
    """Draw up to MOST_LINES lines, straight or curved, as of a pen."""
    v, u = axes(height, width)
    pixels = max(height, width) / 2  # of a unit
    ink = np.zeros((n, height, width), np.float32)
    for line in range(MOST_LINES):
        points = _points(rng, n)  # (n, SEGMENTS + 1, 2)
        thickness = uniform(rng, n, 0.05, 0.28)
        square = np.full(ink.shape, np.inf, np.float32)  # of the distance to the line
        for start, end in zip(
            points[:, :-1].swapaxes(0, 1), points[:, 1:].swapaxes(0, 1), strict=True
        ):
            np.minimum(square, _to_segment(v, u, start, end), out=square)
        drawn = np.clip((thickness / 2 - np.sqrt(square)) * pixels + 0.5, 0, 1)
        ink = np.maximum(ink, drawn * (line <= rng.integers(0, MOST_LINES, (n, 1, 1))))
    return ink, fills(rng, n, height, width)


def _points(rng: Generator, n: int) -> NDArray[np.float32]:
    """Draw n lines as SEGMENTS + 1 points (right, down): chains, or Bezier curves, of 2 to 5."""
    t = np.linspace(0, 1, SEGMENTS + 1)
    lines = np.empty((n, len(t), 2), np.float32)
    for line in lines:
        given = rng.uniform(-0.9, 0.9, (rng.integers(2, MOST_POINTS + 1), 2))
        last = len(given) - 1
        if rng.random() < 0.6:
            weights = [comb(last, j) * t**j * (1 - t) ** (last - j) for j in range(last + 1)]
            line[:] = 1.3 * np.stack(weights, axis=1) @ given
        else:
            line[:] = np.stack([np.interp(last * t, range(last + 1), x) for x in given.T], axis=1)
    return lines


def _to_segment(v: Plane, u: Plane, start: Any, end: Any) -> Plane:
    """Return the square of each pixel's distance (n, H, W) to the segments (n, 2) to (n, 2)."""
    (x, y), (dx, dy) = (part.T[..., np.newaxis, np.newaxis] for part in (start, end - start))
    right, down = u - x, v - y
    along = ((right * dx + down * dy) / (dx * dx + dy * dy + 1e-9)).clip(0, 1)
    return np.asarray((right - along * dx) ** 2 + (down - along * dy) ** 2)


def letters(rng: Generator, n: int, height: int, width: int) -> Drawing:
    """Draw one to three letters, thin or bold."""
    ink = np.zeros((n, height, width), np.float32)
    for plane in ink:
        count = max(1, int(rng.integers(-1, MOST_LETTERS + 1)))  # one in three of five
        word = rng.choice(list(string.ascii_letters), count)
        parts = [_letter(str(letter), bool(rng.integers(2))) for letter in word]
        whole = Image.new(
            "L", (sum(part.width + 4 for part in parts) - 4, max(p.height for p in parts))
        )
        left = 0
        for part in parts:
            whole.paste(part, (left, whole.height - part.height))
            left += part.width + 4
        _put(plane, whole, rng.uniform(0.6, 1))
    return ink, fills(rng, n, height, width)


@cache
def _letter(letter: str, bold: bool) -> Image.Image:
    image = Image.new("L", (2 * LETTER, 2 * LETTER))
    font = ImageFont.load_default(LETTER)
    ImageDraw.Draw(image).text(
        (LETTER, LETTER), letter, 255, font, anchor="mm", stroke_width=BOLD * bold
    )
    return image.crop(image.getbbox())


def _put(plane: NDArray[np.float32], drawing: Image.Image, share: float) -> None:
    """Scale a drawing to a share of the plane (H, W), and put it into its centre."""
    height, width = plane.shape
    scale = share * min(height / drawing.height, width / drawing.width)
    size = max(1, round(scale * drawing.width)), max(1, round(scale * drawing.height))
    small = np.asarray(drawing.resize(size, Image.Resampling.BOX), np.float32) / 255
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    plane[top : top + small.shape[0], left : left + small.shape[1]] = small


def shapes(rng: Generator, n: int, height: int, width: int) -> Drawing:
    """Draw one to four shapes over each other; some are rings, and some cut out of the others."""
    ink = np.zeros((n, height, width), np.float32)
    tone = np.zeros_like(ink)
    count = rng.integers(1, MOST_SHAPES + 1, (n, 1, 1))
    for i in range(MOST_SHAPES):
        drawn = _shape(rng, n, height, width, count == 1) * (i < count)
        cut = (rng.random((n, 1, 1)) < 0.25) & (i > 0)
        tone += np.where(cut, 0, drawn * (fills(rng, n, height, width) - tone))
        ink = np.where(cut, ink * (1 - drawn), np.maximum(ink, drawn))
    return ink, tone


def _shape(rng: Generator, n: int, height: int, width: int, alone: NDArray[np.bool_]) -> Plane:
    """Draw the ink of an ellipse to rectangle, polygon, star, blot or cross; large if `alone`."""
    v, u = axes(height, width)
    away = np.where(alone, 0.1, 0.6).astype(np.float32)
    v, u = v - away * uniform(rng, n, -1, 1), u - away * uniform(rng, n, -1, 1)
    x, y = turned(v, u, uniform(rng, n, 0, np.pi))
    size = np.where(alone, uniform(rng, n, 0.6, 1), uniform(rng, n, 0.2, 0.7))
    flat = y / uniform(rng, n, 0.3, 1)
    radius, angle = np.hypot(x, flat), np.arctan2(flat, x)
    power, corners = uniform(rng, n, 1, 8), rng.integers(3, 7, (n, 1, 1))
    sector = 2 * np.pi / corners
    waves = (
        0.25 * np.sin(2 * angle + uniform(rng, n, 0, 6))
        + 0.2 * np.sin(3 * angle + uniform(rng, n, 0, 6))
        + 0.15 * np.sin(5 * angle + uniform(rng, n, 0, 6))
    )
    bar = np.maximum(np.abs(x), np.abs(y) / uniform(rng, n, 0.15, 0.4))
    beam = np.maximum(np.abs(y), np.abs(x) / uniform(rng, n, 0.15, 0.4))
    kinds: list[Any] = [  # the size at which a shape reaches the pixel
        (np.abs(x) ** power + np.abs(flat) ** power + 1e-9) ** (1 / power),
        radius * np.cos(angle % sector - sector / 2) / np.cos(sector / 2),
        radius / (1 - uniform(rng, n, 0.2, 0.6) * (0.5 + 0.5 * np.cos(corners * angle))),
        radius / (1 + waves),
        np.minimum(bar, beam),
    ]
    reached = np.choose(rng.integers(0, len(kinds), (n, 1, 1)), kinds)
    pixels = max(height, width) / 2
    ink = np.clip((size - reached) * pixels + 0.5, 0, 1)
    inner = np.clip((size * uniform(rng, n, 0.4, 0.85) - reached) * pixels + 0.5, 0, 1)
    return np.asarray(ink - inner * (rng.random((n, 1, 1)) < 0.3), np.float32)
