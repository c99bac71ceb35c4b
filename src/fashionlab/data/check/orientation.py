"""Orientation: which way up the images are, told by the class means of two known kinds of images.

The class means of a set are framed (what differs between classes, to GRID x GRID), compared with
those of MNIST's digits and of Fashion-MNIST's garments in all eight orientations, and called by the
best one where the correlation is clear. Other kinds of images cannot be told.
"""

import base64
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.check.templates import DIGITS, GARMENTS

GRID = 8  # rows and columns of a framed class mean
SPREAD = 1.6  # half of the frame, in standard deviations of where the classes differ
CLASSES = 10  # of either kind
FEWEST = 3  # images of a class, for a mean
# Measured: sets of the kind that were not drawn from the template's own (scikit-learn's digits,
# drawn garments) correlate by 0.50 and 0.52; any other orientation or kind by at most 0.29.
ALIKE = 0.4
CLEAR = 0.15  # the lead over the next orientation
SAME = 0.85  # 100 images of MNIST itself correlate by 0.89

Kind = Literal["digits", "garments"]
Means = NDArray[np.float64]  # (K, h, w)
TEMPLATES: tuple[tuple[Kind, str], ...] = (("digits", DIGITS), ("garments", GARMENTS))
TURNS: dict[str, Callable[[Means], Means]] = {  # what was done to upright images
    "upright": lambda m: m,
    "mirrored left to right": lambda m: m[:, :, ::-1],
    "mirrored top to bottom": lambda m: m[:, ::-1],
    "turned by 180 degrees": lambda m: m[:, ::-1, ::-1],
    "transposed": lambda m: m.transpose(0, 2, 1),
    "turned by 90 degrees to the left": lambda m: m.transpose(0, 2, 1)[:, ::-1],
    "turned by 90 degrees to the right": lambda m: m.transpose(0, 2, 1)[:, :, ::-1],
    "transposed along the other diagonal": lambda m: m.transpose(0, 2, 1)[:, ::-1, ::-1],
}


class Orientation(NamedTuple):
    """What the class means say; `kind` is None where they say nothing."""

    kind: Kind | None
    turn: str  # a key of TURNS, or "" where it cannot be told
    correlation: float  # with the kind's class means in that orientation, -1 to 1
    inverted: bool  # dark on light


def orientation(class_sums: Means, counts: NDArray[np.int64]) -> Orientation:
    """Tell kind and orientation from the sums (K, h, w) of the images of each class.

    Of more than ten classes the first ten are used, as in EMNIST's sets.
    """
    unknown = Orientation(None, "", 0.0, False)
    if len(counts) < CLASSES or counts[:CLASSES].min() < FEWEST:
        return unknown
    framed = frame(class_sums[:CLASSES] / counts[:CLASSES, None, None])
    if framed is None:
        return unknown
    best = unknown
    for kind, text in TEMPLATES:
        upright = _template(text)
        # What was turned one way has the class means of upright ones turned the same way.
        found = {turn: _correlation(framed, act(upright)) for turn, act in TURNS.items()}
        turn, second = sorted(found, key=lambda turn: -abs(found[turn]))[:2]
        value = found[turn]
        if abs(value) >= max(ALIKE, best.correlation):
            told = abs(value) - abs(found[second]) >= CLEAR
            best = Orientation(kind, turn if told else "", abs(value), inverted=value < 0)
    return best


def frame(means: Means) -> Means | None:
    """Scale class means (K, h, w) to (K, GRID, GRID), around where they differ; None if nowhere."""
    weights = means.std(axis=0)  # (h, w)
    if weights.sum() <= 0:
        return None
    rows, columns = (_averaging(weights.sum(axis=axis)) for axis in (1, 0))
    framed: Means = rows @ means @ columns.T
    return framed


def _averaging(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix (GRID, n) of means over GRID equal pieces of the frame."""
    n = len(weights)
    share = weights / weights.sum()
    centres = np.arange(n) + 0.5
    middle = share @ centres
    half = SPREAD * max(0.5, np.sqrt(share @ (centres - middle) ** 2))
    edges = np.linspace(middle - half, middle + half, GRID + 1)
    # How far each edge lies in each pixel, 0 to 1: (GRID + 1, n).
    inside = np.clip(np.subtract.outer(edges, np.arange(n)), 0, 1)
    return np.asarray(np.diff(inside, axis=0) / (edges[1] - edges[0]))


def _template(text: str) -> Means:
    values = np.frombuffer(base64.b64decode(text), np.uint8)
    return values.reshape(CLASSES, GRID, GRID).astype(np.float64)


def _correlation(a: Means, b: Means) -> float:
    """Return the mean over classes of the correlation of what sets a class apart."""
    total = 0.0
    for x, y in zip(a - a.mean(axis=0), b - b.mean(axis=0), strict=True):
        x, y = x - x.mean(), y - y.mean()
        length = float(np.linalg.norm(x) * np.linalg.norm(y))
        total += float((x * y).sum()) / length if length > 0 else 0.0
    return total / len(a)
