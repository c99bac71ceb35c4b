"""occlusion: which parts of an image its class rests on, by hiding one after the other.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 4.2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

PART = 4  # the patch is a fourth of the longer side: a sleeve, a heel, a handle
STEP = 2  # pixels from one place of the patch to the next, at least
PLACES = 3  # for the length of a patch, at most: the work does not grow with the image's size
AT_ONCE = 64  # images with a hidden part that are made together, or as many as have PIXELS
PIXELS = 2**19

Probabilities = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def occlusion(
    probabilities: Probabilities, image: NDArray[np.uint8], label: int
) -> NDArray[np.float32]:
    """Return (H, W): the mean fall of the probability of `label` over patches that hide a pixel.

    `image` is (H, W) or (H, W, 3); a patch is black, as the background is. Positive where the
    pixel speaks for the label, negative where against it. Raises InvalidValueError for another
    shape or label.
    """
    maps = occlusions(probabilities, image[np.newaxis], np.array([label]))
    return maps.reshape(maps.shape[1:])


def occlusions(
    probabilities: Probabilities,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer[Any]],
    places_a_patch: int = PLACES,
) -> NDArray[np.float32]:
    """Return (M, H, W): the maps of `occlusion` of images (M, H, W[, 3]) and labels (M,).

    In fewer and larger passes than one image after the other. Fewer `places_a_patch`, for its
    length, take less work and give a coarser map. Raises InvalidValueError as `occlusion` does.
    """
    if images.ndim not in (3, 4):
        raise InvalidValueError(
            f"an image must be (H, W) or (H, W, 3); received {images.shape[1:]}"
        )
    height, width = images.shape[1:3]
    places = _places(height, width, places_a_patch)
    whole = probabilities(images)  # (M, K)
    for label in labels:
        if not 0 <= label < whole.shape[1]:
            raise InvalidValueError(f"label must be in [0, {whole.shape[1]}); received {label}")
    # A patch over what is black already changes nothing: one of six for a garment.
    changing = np.array(
        [
            (m, i)
            for m, image in enumerate(images)
            for i, place in enumerate(places)
            if image[place].any()
        ]
    ).reshape(-1, 2)
    falls = np.zeros((len(images), len(places)))
    at_once = max(AT_ONCE, PIXELS // (height * width))
    for start in range(0, len(changing), at_once):
        m, i = changing[start : start + at_once].T
        hidden = images[m]
        for one, place in zip(hidden, i, strict=True):
            one[places[place]] = 0
        falls[m, i] = whole[m, labels[m]] - probabilities(hidden)[np.arange(len(m)), labels[m]]
    total, times = np.zeros((len(images), height, width)), np.zeros((height, width))
    for fall, place in zip(falls.T, places, strict=True):
        total[:, *place] += fall[:, np.newaxis, np.newaxis]
        times[place] += 1
    return np.asarray(total / times, np.float32)


def _places(height: int, width: int, places_a_patch: int) -> list[tuple[slice, slice]]:
    """Return where the patches lie; each pixel is under one at least."""
    side = max(1, max(height, width) // PART)
    step = min(side, max(STEP, side // places_a_patch))
    first = min(0, 1 - side + step)  # so that the first row and column are hidden too
    return [
        (slice(max(top, 0), top + side), slice(max(left, 0), left + side))
        for top in range(first, height, step)
        for left in range(first, width, step)
    ]
