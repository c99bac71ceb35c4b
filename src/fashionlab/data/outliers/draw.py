"""draw: outliers of one kind, in the shape and on the background of a data set's images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.data.outliers import drawings, patterns
from fashionlab.data.outliers.changes import changed
from fashionlab.data.outliers.mixed import NONE, mixed
from fashionlab.data.outliers.patterns import Generator, Plane

Images = NDArray[np.uint8]

DRAWINGS: Mapping[str, Callable[[Generator, int, int, int], drawings.Drawing]] = {
    **{"strokes": drawings.strokes, "letters": drawings.letters, "shapes": drawings.shapes},
}
PATTERNS: Mapping[str, Callable[[Generator, int, int, int], Plane]] = {
    **{"textures": patterns.textures, "noise": patterns.noise},
}
KINDS: Mapping[str, float] = {  # the share of each kind where all are drawn
    **{"strokes": 0.18, "letters": 0.14, "shapes": 0.3},
    **{"textures": 0.1, "noise": 0.05, "mixed": 0.23},
}
FILLED = 0.4  # share of the drawings that are enlarged to fill the image, as a cut-out object is
AT_ONCE = 2000  # images that are drawn together


@dataclass(frozen=True, eq=False)
class Outliers:
    """Drawn outliers, of which some may still show a class."""

    images: Images  # (n, H, W) or (n, H, W, 3)
    shown: NDArray[np.int64]  # (n, 2) the labels that each may show; NONE where it cannot

    def still_shown(self, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of them (n,) a network takes for the class that they were made from."""
        taken: NDArray[np.bool_] = (self.shown == labels[:, np.newaxis]).any(axis=1)
        return taken


def draw(kind: str, n: int, images: Images, labels: NDArray[np.uint8], seed: int) -> Outliers:
    """Draw n outliers of a kind of KINDS for a set of images (N, H, W[, 3]) with labels (N,)."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    parts = [_drawn(kind, min(AT_ONCE, n - i), images, labels, rng) for i in range(0, n, AT_ONCE)]
    return Outliers(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _drawn(
    kind: str, n: int, images: Images, labels: NDArray[np.uint8], rng: Generator
) -> tuple[Images, NDArray[np.int64]]:
    height, width = images.shape[1:3]
    shown = np.full((n, 2), NONE)
    if kind == "mixed":
        made, shown = mixed(rng, images, labels, n)
    elif kind in PATTERNS:
        made = _painted(rng, None, PATTERNS[kind](rng, n, height, width), images)
    else:
        ink, tone = DRAWINGS[kind](rng, n, height, width)
        for i in np.flatnonzero(rng.random(n) < FILLED):
            ink[i], tone[i] = _filling(ink[i], tone[i])
        made = _painted(rng, ink, tone, images)
    return changed(rng, made, outliers=True), shown


def _painted(rng: Generator, ink: Plane | None, tone: Plane, images: Images) -> Images:
    """Return what is drawn, in one colour, on the colour of the corner of one of the images."""
    n, colours = len(tone), images.shape[3:]
    colour = rng.uniform(0.3, 1, (n, 1, 1, *colours)) if colours else np.ones((n, 1, 1))
    paint = tone.reshape(*tone.shape, *[1 for _ in colours]) * colour
    if ink is not None:
        ground = images[rng.integers(0, len(images), n), :1, :1].astype(
            np.float32
        )  # (n, 1, 1[, 3])
        light = ground.mean(axis=tuple(range(1, ground.ndim)), keepdims=True) > 127
        paint = np.where(light, 255 - paint, paint)
        opacity = ink.reshape(*ink.shape, *[1 for _ in colours])
        paint = ground + opacity * (paint - ground)
    painted: Images = np.rint(paint.clip(0, 255)).astype(np.uint8)
    return painted


def _filling(ink: NDArray[np.float32], tone: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return ink and tone (H, W), enlarged until what is drawn touches two sides of the image."""
    rows, columns = (np.flatnonzero((ink > 0.2).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return [ink, tone]
    height, width = ink.shape
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    tall, wide = ink[box].shape
    scale = min(height / tall, width / wide)
    size = max(1, round(scale * wide)), max(1, round(scale * tall))
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    planes = []
    for plane in (ink, tone):
        whole = np.zeros_like(plane)
        part = Image.fromarray(plane[box]).resize(size, Image.Resampling.BILINEAR)
        whole[top : top + size[1], left : left + size[0]] = np.asarray(part)
        planes.append(whole)
    return planes
