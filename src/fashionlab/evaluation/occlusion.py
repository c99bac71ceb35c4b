"""occlusion: which parts of an image its class rests on, by hiding one after the other.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 4.2.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

PART = 4  # the patch is a fourth of the longer side: a sleeve, a heel, a handle
STEP = 2  # pixels from one place of the patch to the next, at least
PLACES = 3  # for the length of a patch, at most: the work does not grow with the image's size
AT_ONCE = 64  # images with a hidden part that are made together


def occlusion(
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    image: NDArray[np.uint8],
    label: int,
) -> NDArray[np.float32]:
    """Return (H, W): the mean fall of the probability of `label` over patches that hide a pixel.

    `image` is (H, W) or (H, W, 3); a patch is black, as the background is. Positive where the
    pixel speaks for the label, negative where against it. Raises InvalidValueError for another
    shape or label.
    """
    if image.ndim not in (2, 3):
        raise InvalidValueError(f"an image must be (H, W) or (H, W, 3); received {image.shape}")
    height, width = image.shape[:2]
    side = max(1, max(height, width) // PART)
    step = min(side, max(STEP, side // PLACES))
    first = min(0, 1 - side + step)  # so that the first row and column are hidden too
    places = [
        (slice(max(top, 0), top + side), slice(max(left, 0), left + side))
        for top in range(first, height, step)
        for left in range(first, width, step)
    ]
    whole = probabilities(image[None])[0]  # (K,)
    if not 0 <= label < len(whole):
        raise InvalidValueError(f"label must be in [0, {len(whole)}); received {label}")
    falls = np.zeros(len(places))
    # A patch over what is black already changes nothing: a third of them for a garment.
    changing = [i for i, place in enumerate(places) if image[place].any()]
    for start in range(0, len(changing), AT_ONCE):
        some = changing[start : start + AT_ONCE]
        hidden = np.repeat(image[None], len(some), axis=0)
        for one, i in zip(hidden, some, strict=True):
            one[places[i]] = 0
        falls[some] = whole[label] - probabilities(hidden)[:, label]
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for fall, place in zip(falls, places, strict=True):
        total[place] += fall
        times[place] += 1
    return np.asarray(total / np.maximum(times, 1), np.float32)
