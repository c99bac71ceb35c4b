"""occlusion: which parts of an image its class rests on, by hiding one after the other.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 4.2.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

STEP = 2  # pixels from one place of the patch to the next
PART = 4  # the patch is a fourth of the longer side: a sleeve, a heel, a handle


def occlusion(
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    image: NDArray[np.uint8],
    label: int,
) -> NDArray[np.float32]:
    """Return (H, W): the mean fall of the probability of `label` over patches that hide a pixel.

    `image` is (H, W); a patch is black, as the background is. Positive where the pixel speaks for
    the label, negative where against it. Raises InvalidValueError for another shape or label.
    """
    if image.ndim != 2:
        raise InvalidValueError(f"an image must be (H, W); received {image.shape}")
    side = max(1, max(image.shape) // PART)
    corners = [
        (top, left)
        for top in range(1 - side + STEP, image.shape[0], STEP)
        for left in range(1 - side + STEP, image.shape[1], STEP)
    ]
    hidden = np.repeat(image[None], len(corners) + 1, axis=0)  # (M + 1, H, W), the last is whole
    places = [
        (slice(max(top, 0), top + side), slice(max(left, 0), left + side)) for top, left in corners
    ]
    for one, place in zip(hidden, places, strict=False):
        one[place] = 0
    results = probabilities(hidden)  # (M + 1, K)
    if not 0 <= label < results.shape[1]:
        raise InvalidValueError(f"label must be in [0, {results.shape[1]}); received {label}")
    falls = results[-1, label] - results[:-1, label]
    total, times = np.zeros(image.shape), np.zeros(image.shape)
    for fall, place in zip(falls, places, strict=True):
        total[place] += fall
        times[place] += 1
    return np.asarray(total / np.maximum(times, 1), np.float32)
