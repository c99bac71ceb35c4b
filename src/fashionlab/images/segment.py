"""The foreground mask of a photo: what differs from a plain background, without specks.

page/browser/segment.js does the same in a browser, with these constants: change both.

Symbols: h, w the photo at its working size; colours are (h, w, 3) float64, 0..255.
"""

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float64]  # (h, w, 3)
Mask = NDArray[np.bool_]  # (h, w)

BORDER = 0.02  # of the shorter side: the width of the border that the background is fitted to
ROUNDS = 10  # of the fit
OTSU = 0.5  # of Otsu's threshold, which lies between garment and background; half keeps pale parts
LEAST_DISTANCE = 8  # levels from the background, beyond three times what the border differs
LARGEST_UNEVENNESS = 40  # levels that the border may differ from the background, by the median
LEAST_SHARE, LARGEST_SHARE = 0.004, 0.97  # of the photo that is garment
SPECK = 0.04  # of the largest part: a smaller one that lies apart is no part of the garment
CELLS = 64  # along the longer side, for parts that lie apart

NOTHING = "nothing stands out from the background; lay one garment on a plain one of another colour"
UNEVEN = "the background is not plain; lay one garment on a plain one, and leave a border around it"


def background(colours: Colours) -> Colours:
    """Return (h, w, 3): a plane for each channel, fitted to the border, which allows uneven light.

    Least absolute deviations, by least squares that are weighted with 1 / residual in each round:
    a garment that touches the border does not draw the plane to its own colour.
    """
    h, w, _ = colours.shape
    wide = _border(h, w)
    border = np.ones((h, w), dtype=bool)
    border[wide : h - wide, wide : w - wide] = False
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    axes = np.stack([np.ones_like(x), x, y], axis=-1)  # (h, w, 3)
    a, b = axes[border], colours[border]  # (border pixels, 3)
    weights = np.ones(len(a))
    for _ in range(ROUNDS):
        weighted = a * weights[:, None]
        # The small term keeps it solvable where the photo is one pixel wide.
        plane = np.linalg.solve(
            weighted.T @ a + 1e-6 * np.eye(3), weighted.T @ b
        )  # (axes, channels)
        weights = 1 / np.maximum(np.sqrt(((b - a @ plane) ** 2).sum(axis=1)), 1)
    fitted: Colours = np.clip(axes @ plane, 0, 255)
    return fitted


def foreground(colours: Colours, base: Colours) -> tuple[Mask, str]:
    """Return (h, w) True where the garment is, and "" or the reason why none was found."""
    far = np.sqrt(((colours - base) ** 2).sum(axis=2))  # (h, w), from the background's colour
    wide = _border(*far.shape)
    edges = (far[:wide], far[-wide:], far[wide:-wide, :wide], far[wide:-wide, -wide:])
    uneven = float(np.median(np.concatenate([edge.ravel() for edge in edges])))
    if uneven > LARGEST_UNEVENNESS:
        return np.zeros(far.shape, dtype=bool), UNEVEN
    mask = clean(far > max(OTSU * _otsu(far), 3 * uneven + LEAST_DISTANCE))
    share = float(mask.mean())
    if share < LEAST_SHARE:
        return mask, NOTHING
    return mask, UNEVEN if share > LARGEST_SHARE else ""


def clean(mask: Mask) -> Mask:
    """Return the mask without specks: pixels unlike most of their neighbours, small parts apart."""
    if min(mask.shape) >= CELLS:  # in a smaller picture one pixel may be a strap
        padded = np.pad(mask, 1, mode="edge").astype(np.uint8)
        h, w = mask.shape
        alike = np.stack([padded[i : i + h, j : j + w] for i in range(3) for j in range(3)])
        mask = alike.sum(axis=0) >= 5
    return mask & _large_parts(mask)


def box(mask: Mask) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of what is True; right and bottom are one past it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _border(h: int, w: int) -> int:
    """Return the width of the border in pixels."""
    return max(1, int(BORDER * min(h, w) + 0.5))


def _otsu(far: NDArray[np.float64]) -> int:
    """Return the level that splits distances into two groups with the most variance between.

    Source: Otsu (1979), "A threshold selection method from gray-level histograms".
    """
    counts = np.bincount(np.minimum(far, 255).astype(np.uint8).ravel(), minlength=256)
    below = counts.cumsum()  # pixels at each level or below
    moment = (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    split = (below > 0) & (above > 0)
    between = np.zeros(256)
    difference = moment[split] / below[split] - (moment[-1] - moment[split]) / above[split]
    between[split] = below[split] * above[split] * difference**2
    return int(between.argmax())


def _large_parts(mask: Mask) -> Mask:
    """Return (h, w) True in the cells of a coarse grid that belong to a part that is no speck."""
    h, w = mask.shape
    side = -(-max(h, w) // CELLS)
    rows, columns = -(-h // side), -(-w // side)
    padded = np.zeros((rows * side, columns * side), dtype=bool)
    padded[:h, :w] = mask
    counts = padded.reshape(rows, side, columns, side).sum(axis=(1, 3))
    parts = _parts(counts)
    largest = max((sum(int(counts[cell]) for cell in part) for part in parts), default=0)
    kept = np.zeros((rows, columns), dtype=bool)
    for part in parts:
        if sum(int(counts[cell]) for cell in part) >= SPECK * largest:
            kept[tuple(np.array(part).T)] = True
    return kept.repeat(side, axis=0).repeat(side, axis=1)[:h, :w]


def _parts(counts: NDArray[np.int64]) -> list[list[tuple[int, int]]]:
    """Return the cells that are not empty, in groups that touch, also at a corner."""
    left = {(int(i), int(j)) for i, j in np.argwhere(counts)}
    parts = []
    while left:
        part = [left.pop()]
        for i, j in part:  # grows while it is walked through
            near = {(i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)} & left
            left -= near
            part += near
        parts.append(part)
    return parts
