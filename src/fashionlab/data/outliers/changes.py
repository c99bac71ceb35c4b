"""changed: images in another size, place, form, light, sharpness and noise.

The network's own images and the drawn outliers are both changed: a head that saw only one of them
changed would tell the change from the rest.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.outliers.patterns import Generator, cloud, shading, uniform

Images = NDArray[np.uint8]
Values = NDArray[Any]  # float32, of images

UNCHANGED = 0.1  # share of the images
BACKGROUND = 15  # grey levels from the corner's, within which a pixel is background
BLURS = 3  # times at most; each with the weights 1, 2, 1


def changed(rng: Generator, images: Images, *, outliers: bool = False) -> Images:
    """Return images (n, H, W[, 3]) changed; those of the classes in ways that leave their class.

    Outliers are moved further, and their fabric and light are drawn already.
    """
    n = len(images)
    result = _warped(rng, images, 0.17 if not outliers else 0.35, _some(rng, n, 0.6))
    values = result.astype(np.float32)
    if not outliers:
        which = rng.random(n)
        _thicken(values, which < 0.12, np.minimum)
        _thicken(values, which > 0.88, np.maximum)
        _flatten(rng, values, _some(rng, n, 0.4))
        _shade(rng, values, _some(rng, n, 0.4))
    _blur(rng, values)
    some = _some(rng, n, 0.5)
    m = int(some.sum())
    gamma, gain = np.exp(_each(rng, values, m, -0.5, 0.5)), _each(rng, values, m, 0.45, 1.15)
    values[some] = 255 * (values[some].clip(0, 255) / 255) ** gamma * gain
    some = _some(rng, n, 0.25)
    m = int(some.sum())
    grain = rng.standard_normal((m, *images.shape[1:]), dtype=np.float32)
    values[some] += grain * _each(rng, values, m, 2, 14)
    kept = _some(rng, n, UNCHANGED)
    result = np.rint(values.clip(0, 255)).astype(np.uint8)
    result[kept] = images[kept]
    return np.asarray(result)


def _some(rng: Generator, n: int, share: float) -> NDArray[np.bool_]:
    return rng.random(n) < share


def _each(rng: Generator, images: Values, n: int, low: float, high: float) -> Values:
    """Draw a number for each of n images, with as many axes as they have."""
    return uniform(rng, n, low, high).reshape(n, *[1] * (images.ndim - 1))


def _like(images: Values, plane: Values) -> Values:
    """Return planes (n, H, W) with as many axes as the images have."""
    return plane if images.ndim == 3 else plane[..., np.newaxis]


def _shade(rng: Generator, values: Values, some: NDArray[np.bool_]) -> None:
    """Put `some` under uneven light, or a pattern on them."""
    m, (height, width) = int(some.sum()), values.shape[1:3]
    values[some] *= _like(values, shading(rng, m, height, width))


def _thicken(values: Values, some: NDArray[np.bool_], choose: Any) -> None:
    """Make what is light in `some` thinner, by the minimum of 2 x 2 pixels, or thicker."""
    chosen = values[some]
    for axis in (1, 2):
        chosen = choose(chosen, np.roll(chosen, 1, axis))
    values[some] = chosen


def _flatten(rng: Generator, values: Values, some: NDArray[np.bool_]) -> None:
    """Take the pattern of `some` away, in part: what differs from the corner goes to its mean."""
    chosen = values[some]
    own = np.abs(chosen - chosen[:, :1, :1]) > BACKGROUND
    count = own.sum(axis=(1, 2), keepdims=True)
    mean = (chosen * own).sum(axis=(1, 2), keepdims=True) / np.maximum(count, 1)
    share = _each(rng, values, len(chosen), 0.3, 1)
    values[some] = np.where(own, chosen + share * (mean - chosen), chosen)


def _blur(rng: Generator, values: Values) -> None:
    some = _some(rng, len(values), 0.3)
    for _ in range(BLURS):
        chosen = values[some]
        for axis in (1, 2):
            before, after = np.roll(chosen, 1, axis), np.roll(chosen, -1, axis)
            before.swapaxes(0, axis)[0] = chosen.swapaxes(0, axis)[0]  # the edge repeats itself
            after.swapaxes(0, axis)[-1] = chosen.swapaxes(0, axis)[-1]
            chosen = (before + 2 * chosen + after) / 4
        values[some] = chosen
        some &= _some(rng, len(values), 0.5)


def _warped(rng: Generator, images: Images, most: float, some: NDArray[np.bool_]) -> Images:
    """Return images of which `some` are turned, up to `most` radians, stretched, slanted and bent.

    Bilinear; outside an image is the colour of its corner.
    """
    chosen = images[some]
    n, height, width = chosen.shape[:3]
    v = (np.arange(height, dtype=np.float32) - (height - 1) / 2).reshape(1, -1, 1)
    u = (np.arange(width, dtype=np.float32) - (width - 1) / 2).reshape(1, 1, -1)
    angle, slant = uniform(rng, n, -most, most), uniform(rng, n, -0.15, 0.15)
    cos, sin = np.cos(angle), np.sin(angle)
    bend = uniform(rng, n, 0, height / 10)  # pixels
    right = uniform(rng, n, 0.85, 1.25) * (cos * u - sin * v) + slant * v
    down = uniform(rng, n, 0.85, 1.25) * (sin * u + cos * v)
    right += bend * (cloud(rng, n, height, width, 3) - 0.5)
    down += bend * (cloud(rng, n, height, width, 3) - 0.5)
    right = (right + (width + 1) / 2).clip(0, width + 1)
    down = (down + (height + 1) / 2).clip(0, height + 1)
    j, i = right.astype(np.int32), down.astype(np.int32)
    x, y = _like(chosen, right - j), _like(chosen, down - i)
    framed = np.empty((n, height + 3, width + 3, *chosen.shape[3:]), np.float32)
    framed[:] = chosen[:, :1, :1]
    framed[:, 1:-2, 1:-2] = chosen
    row = np.arange(n).reshape(-1, 1, 1)
    above = framed[row, i, j] * (1 - x) + framed[row, i, j + 1] * x
    below = framed[row, i + 1, j] * (1 - x) + framed[row, i + 1, j + 1] * x
    result = images.copy()
    result[some] = np.rint(above * (1 - y) + below * y).astype(np.uint8)
    return result
