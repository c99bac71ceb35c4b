"""Cloth drawn as shaded polygons, bands and seams, and the curves they are made of.

Coordinates run from -1 to 1, x to the right and y down.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Points = Sequence[tuple[float, float]]
Colour = NDArray[np.float64]  # (3,), 0..255

SIDE = 800  # pixels of the canvas
INSIDE = 0.72  # how much darker the edge of a part is than its middle


class Canvas:
    """A garment while it is drawn: its pixels and its mask."""

    def __init__(self, colour: Colour, rng: np.random.Generator) -> None:
        self.colour, self.rng = colour, rng
        self.pixels = np.zeros((SIDE, SIDE, 3))
        self.mask = np.zeros((SIDE, SIDE))

    def part(self, points: Points, tone: float = 1.0, colour: Colour | None = None) -> None:
        """Cover a polygon with cloth that bends away at its edges."""
        shape = _filled(points)
        soft = np.asarray(_image(shape).filter(ImageFilter.GaussianBlur(SIDE / 28))) / 255
        shade = INSIDE + (1 - INSIDE) * np.clip(2 * soft - 1, 0, 1) ** 0.5
        base = self.colour if colour is None else colour
        cloth = np.clip(base * (tone * shade)[..., None] + 10 * (tone - 1), 0, 255)
        self.pixels += shape[..., None] * (cloth - self.pixels)
        self.mask = np.maximum(self.mask, shape)

    def shade(self, amount: NDArray[np.float64], within: Points | None = None) -> None:
        """Multiply by an array (SIDE, SIDE), in a polygon or everywhere."""
        where = self.mask if within is None else _filled(within)
        self.pixels *= (1 + where * (amount - 1))[..., None]

    def line(self, points: Points, tone: float = 0.7, width: float = 0.012) -> None:
        """Draw a seam, darker or lighter than what is there."""
        stroke = _stroked(points, width)
        dark = 34 * (tone - 1) * stroke  # so that seams show on black too
        self.pixels = self.pixels * (1 + stroke * (tone - 1))[..., None] + np.abs(dark)[..., None]

    def band(self, points: Points, width: float, tone: float = 1.0) -> None:
        """Draw a strap along a line."""
        stroke = _stroked(points, width)
        soft = np.asarray(_image(stroke).filter(ImageFilter.GaussianBlur(SIDE * width / 5))) / 255
        cloth = np.clip(self.colour * (tone * (0.6 + 0.4 * soft))[..., None], 0, 255)
        self.pixels += stroke[..., None] * (cloth - self.pixels)
        self.mask = np.maximum(self.mask, stroke)

    def dots(self, places: Points, size: float, colour: Colour) -> None:
        """Draw discs: buttons, eyelets, a clasp."""
        for x, y in places:
            angle = np.linspace(0, 2 * np.pi, 24)
            ring = list(zip(x + size * np.cos(angle), y + size * np.sin(angle), strict=True))
            shape = _filled(ring)[..., None]
            self.pixels += shape * (colour - self.pixels)

    def finish(self) -> Image.Image:
        """Return the garment as RGBA, with light from one side, folds, and texture."""
        rng, (y, x) = self.rng, np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
        self.shade(1 + rng.uniform(-0.12, 0.12) * x + rng.uniform(-0.06, 0.06) * y)
        self.shade(1 + 0.12 * _noise(rng, 4, 9) + 0.05 * _noise(rng, 30, 30))
        self.shade(1 + 0.04 * _noise(rng, SIDE // 3, SIDE // 3))
        rgb = np.clip(self.pixels, 0, 255).astype(np.uint8)
        return Image.fromarray(np.dstack([rgb, (255 * self.mask).astype(np.uint8)]))


def texture(canvas: Canvas, kind: str, within: Points | None = None) -> None:
    """Shade with stripes across or along, checks, knit or nothing."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    waves = canvas.rng.uniform(25, 50)
    across, along = np.sin(waves * y), np.sin(waves * x)
    patterns = {
        "stripes": np.where(across > 0.2, 0.68, 1.05),
        "pinstripes": np.where(along > 0.9, 0.75, 1.0),
        "checks": np.where(across > 0, 0.82, 1.05) * np.where(along > 0, 0.82, 1.05),
        "knit": 1 + 0.1 * np.sin(160 * x) * np.sin(120 * y + 2 * np.cos(160 * x)),
        "plain": np.ones_like(x),
    }
    canvas.shade(patterns[kind], within)


def smooth(points: Points, rounds: int, closed: bool = True) -> list[tuple[float, float]]:
    """Return a polygon with its corners cut off: a curve (Chaikin's scheme).

    A point that is given twice in a row keeps its corner.
    """
    p = np.array(points, dtype=float)
    for _ in range(rounds):
        nxt = np.roll(p, -1, axis=0) if closed else p[1:]
        now = p if closed else p[:-1]
        cut = np.stack([0.75 * now + 0.25 * nxt, 0.25 * now + 0.75 * nxt], axis=1).reshape(-1, 2)
        p = cut if closed else np.concatenate([p[:1], cut, p[-1:]])
    return [(float(x), float(y)) for x, y in p]


def corner(x: float, y: float) -> list[tuple[float, float]]:
    return [(x, y), (x, y)]


def mirrored(right: Points) -> list[tuple[float, float]]:
    return [*right, *[(-x, y) for x, y in reversed(right)]]


def _pixel(points: Points) -> list[tuple[float, float]]:
    return [((x * 0.97 + 1) * SIDE, (y * 0.97 + 1) * SIDE) for x, y in points]  # at twice SIDE


def _filled(points: Points) -> NDArray[np.float64]:
    """Return a polygon with soft edges as (SIDE, SIDE) in 0..1."""
    image = Image.new("L", (2 * SIDE, 2 * SIDE))
    ImageDraw.Draw(image).polygon(_pixel(points), fill=255)
    return np.asarray(image.reduce(2)) / 255


def _stroked(points: Points, width: float) -> NDArray[np.float64]:
    """Return a line as (SIDE, SIDE) in 0..1; its width is in the points' unit."""
    image = Image.new("L", (2 * SIDE, 2 * SIDE))
    ImageDraw.Draw(image).line(_pixel(points), fill=255, width=round(width * SIDE), joint="curve")
    return np.asarray(image.reduce(2)) / 255


def _noise(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """Return smooth noise (SIDE, SIDE) in about -1..1, with that many bumps."""
    coarse = Image.fromarray(rng.normal(0, 0.5, (rows, columns)).astype(np.float32))
    return np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=float)


def _image(values: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray((255 * values).astype(np.uint8))
