"""fit: levels or colours of any size, scaled into a model's image by Lanczos's kernel.

page/browser/fit.js does the same in a browser: change both.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.uint8] | NDArray[np.float64]


def fit(values: Values, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return `values` (h, w) or (h, w, C) as (H, W) or (H, W, C).

    They are scaled to touch both ends of one side, and centred on black. Of the same size they
    stay as they are.
    """
    height, width = shape
    h, w = values.shape[:2]
    scale = min(height / h, width / w)
    rows, columns = max(1, int(h * scale + 0.5)), max(1, int(w * scale + 0.5))
    top, left = (height - rows) // 2, (width - columns) // 2
    out = np.zeros((*shape, *values.shape[2:]), dtype=np.uint8)
    place = out[top : top + rows, left : left + columns]
    for channel in np.ndindex(values.shape[2:]):  # one at a time: it takes the least memory
        plane = np.ascontiguousarray(values[..., *channel], dtype=np.float64)
        place[..., *channel] = to_bytes(lanczos(h, rows) @ plane @ lanczos(w, columns).T)
    return out


@lru_cache(maxsize=4)  # the pictures of a data set are mostly of one size
def lanczos(length: int, wanted: int) -> NDArray[np.float64]:
    """Return (wanted, length): the matrix that scales samples by Lanczos's kernel of width 3.

        kernel(t) = sinc(t) sinc(t / 3) for |t| < 3,  t in samples of the coarser of the two lines

    Not Pillow's: its order of the two directions, and so its rounding, has changed with versions.
    """
    ratio = length / wanted
    centres = (np.arange(wanted) + 0.5) * ratio
    t = (np.arange(length) + 0.5 - centres[:, None]) / max(1, ratio)
    weights = np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)
    scaled: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return scaled


def to_bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the values, rounded and clipped to 0..255."""
    rounded: NDArray[np.uint8] = np.clip(values + 0.5, 0, 255).astype(np.uint8)
    return rounded
