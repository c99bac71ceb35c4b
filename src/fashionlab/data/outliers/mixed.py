"""mixed: the set's own images made into what belongs to no class."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.data.outliers.patterns import Generator

Images = NDArray[np.uint8]
Rows = NDArray[np.int64]
NONE = -1  # where an image has no class that it could still show


def mixed(rng: Generator, images: Images, labels: NDArray[np.uint8], n: int) -> tuple[Images, Rows]:
    """Return n images, and the two labels (n, 2) that each may still show, NONE where it cannot.

    A garment that lies on its side, or the halves of two shirts, may be taken for one of the
    classes, and rightly: the caller leaves out those that a network does.
    """
    made = rng.choice(len(WAYS), n, p=SHARES)
    result, shown = np.empty((n, *images.shape[1:]), np.uint8), np.full((n, 2), NONE)
    pairs = rng.integers(0, len(images), (n, 2))
    for i, (way, pair) in enumerate(zip(made, pairs, strict=True)):
        make, recognisable = WAYS[way]
        result[i] = make(rng, images[pair[0]], images[pair[1]])
        if recognisable:
            shown[i] = labels[pair]
    return result, shown


def _quarters(rng: Generator, a: Images, b: Images) -> Images:
    return _patches(rng, a, b, 2)


def _sixteenths(rng: Generator, a: Images, b: Images) -> Images:
    return _patches(rng, a, a, 4)


def _patches(rng: Generator, a: Images, b: Images, count: int) -> Images:
    """Return an image of count x count patches of both images, in random order."""
    height, width = a.shape[0] // count, a.shape[1] // count
    result = a.copy()
    for i in range(count):
        for j in range(count):
            source = a if rng.random() < 0.5 else b
            top, left = height * rng.integers(count), width * rng.integers(count)
            patch = source[top : top + height, left : left + width]
            result[i * height : (i + 1) * height, j * width : (j + 1) * width] = patch
    return result


def _negative(rng: Generator, a: Images, b: Images) -> Images:
    return 255 - a


def _enlarged(rng: Generator, a: Images, b: Images) -> Images:
    """Return a quarter to a half of the height and width, scaled up."""
    height, width = (max(1, int(side * rng.uniform(0.25, 0.5))) for side in a.shape[:2])
    top, left = rng.integers(a.shape[0] - height + 1), rng.integers(a.shape[1] - width + 1)
    part = Image.fromarray(a[top : top + height, left : left + width])
    return np.asarray(part.resize(a.shape[1::-1], Image.Resampling.BILINEAR))


def _blended(rng: Generator, a: Images, b: Images) -> Images:
    """Return the mean of two images, or one laid over another that was moved."""
    if rng.random() < 0.5:
        return ((a.astype(np.uint16) + b) // 2).astype(np.uint8)
    far = [side // 4 for side in a.shape[:2]]
    moves = [int(rng.integers(-most, most + 1)) for most in far]
    return np.maximum(a, np.roll(b, moves, (0, 1)))


def _on_its_side(rng: Generator, a: Images, b: Images) -> Images:
    if a.shape[0] != a.shape[1]:
        return a[::-1]
    return np.rot90(a, rng.choice([1, 3]))


def _upside_down(rng: Generator, a: Images, b: Images) -> Images:
    return a[::-1]


def _halves(rng: Generator, a: Images, b: Images) -> Images:
    """Return the upper half of one image over the lower of another, or their left and right."""
    result, (height, width) = a.copy(), a.shape[:2]
    if rng.random() < 0.5:
        result[height // 2 :] = b[height // 2 :]
    else:
        result[:, width // 2 :] = b[:, width // 2 :]
    return result


# How an outlier is made, whether it may still show a class, and how many of them are made so.
_WAYS: tuple[tuple[Callable[[Generator, Images, Images], Images], bool, int], ...] = (
    *((_quarters, False, 12), (_sixteenths, False, 12), (_negative, False, 12)),
    *((_enlarged, False, 12), (_blended, False, 12)),
    *((_on_its_side, True, 12), (_upside_down, True, 12), (_halves, True, 16)),
)
WAYS = tuple((make, recognisable) for make, recognisable, _ in _WAYS)
SHARES = [share / 100 for *_, share in _WAYS]
