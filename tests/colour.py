"""A drawn colour set whose classes differ in colour alone: in grey they are all alike.

`draw(...)` -> (train, test), as `fashionlab.data.synthetic.draw`.
"""

import numpy as np

from fashionlab.data import Dataset

CLASS_NAMES = ("red", "green", "blue")
GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue, as Pillow reads colour as grey


def draw(train=120, test=60, shape=(12, 14), seed=0):
    """Draw (train, test) of blots of one colour each, equally bright in grey, among noise."""
    return tuple(
        Dataset(*_images(n, shape, seed, part), CLASS_NAMES, "colour", name, "colour")
        for part, (name, n) in enumerate({"train": train, "test": test}.items())
    )


def _images(n, shape, seed, part):
    """Return images (n, H, W, 3) uint8 and labels (n,) uint8, in a random order."""
    rng = np.random.default_rng([seed, part])
    height, width = shape
    labels = rng.permutation(np.arange(n) % len(CLASS_NAMES)).astype(np.uint8)
    down, right = np.ogrid[:height, :width]
    centre, radius = rng.uniform(0.3, 0.7, (n, 2, 1, 1)), rng.uniform(0.2, 0.35, (n, 1, 1))
    inside = (
        np.hypot((down + 0.5) / height - centre[:, 0], (right + 0.5) / width - centre[:, 1])
        < radius
    )  # (n, H, W)
    brightness = rng.uniform(15, 27, (n, 1))  # in grey; pure blue has 29 at most
    colours = np.eye(3)[labels] * brightness / GREY[labels][:, np.newaxis]  # (n, 3)
    pixels = inside[..., np.newaxis] * colours[:, np.newaxis, np.newaxis]
    pixels += rng.uniform(0, 12, (n, height, width, 1))  # of the same grey in all channels
    return pixels.astype(np.uint8), labels
