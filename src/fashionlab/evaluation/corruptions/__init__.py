"""Corruptions: what happens to pictures between the shelf and the classifier, in five strengths.

    images    what every corruption is given and returns; sampling between pixels
    noise     gaussian_noise, shot_noise, impulse_noise
    blur      gaussian_blur, motion_blur
    geometry  rotation, shear, scale, shift
    light     brightness, contrast, fog, inverted
    damage    occlusion, jpeg

The idea is that of ImageNet-C (Hendrycks and Dietterich, "Benchmarking neural network robustness to
common corruptions and perturbations", 2019) and MNIST-C (Mu and Gilmer, "MNIST-C: a robustness
benchmark for computer vision", 2019). The definitions are this package's own, one formula in each
docstring, so accuracies cannot be compared with those of either benchmark.

Each corruption is a function of (images, strength, generator):

    images     (N, H, W) or (N, H, W, 3) uint8, which is not written into
    strength   a number in the corruption's unit
    generator  NumPy's; it is drawn from once, image after image, so that what an image becomes
               depends on the images before it and not on how many follow: the first part of a set
               and then the rest give what the whole set gives

and returns new images of the same shape and dtype. Values are computed in float32, rounded to the
nearest whole number and cut off at 0 and 255. All raise InvalidValueError for images of another
type or shape, and for a strength outside the range that the docstring gives.
Symbols: x an image's value in [0, 255], s the strength, u uniform in [0, 1).
"""

from collections.abc import Callable
from typing import NamedTuple

from fashionlab.evaluation.corruptions.blur import gaussian_blur, motion_blur
from fashionlab.evaluation.corruptions.damage import jpeg, occlusion
from fashionlab.evaluation.corruptions.geometry import rotation, scale, shear, shift
from fashionlab.evaluation.corruptions.images import Generator, Images
from fashionlab.evaluation.corruptions.light import brightness, contrast, fog, inverted
from fashionlab.evaluation.corruptions.noise import gaussian_noise, impulse_noise, shot_noise

STRENGTHS = 5  # of each corruption


class Corruption(NamedTuple):
    """A corruption with its strengths, from hardly visible to severe."""

    name: str
    apply: Callable[[Images, float, Generator], Images]
    strengths: tuple[float, float, float, float, float]
    unit: str


# The strengths were chosen by eye, on garments of 28 x 28 pixels: the first can be overlooked, the
# last leaves most garments just recognisable. Lengths are shares of the side and noise is a share
# of the range, so that they mean the same on larger images.
CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption(
        "gaussian noise", gaussian_noise, (0.02, 0.05, 0.1, 0.18, 0.3), "deviation, share of 255"
    ),
    Corruption("shot noise", shot_noise, (100, 40, 16, 7, 3), "photons of a white pixel"),
    Corruption("impulse noise", impulse_noise, (0.01, 0.04, 0.09, 0.18, 0.3), "share of values"),
    # 0.5 to 2.2 pixels of 28: below 0.015 of the side nothing is seen.
    Corruption(
        "gaussian blur",
        gaussian_blur,
        (0.018, 0.028, 0.042, 0.06, 0.08),
        "deviation, share of side",
    ),
    Corruption("motion blur", motion_blur, (0.07, 0.13, 0.2, 0.28, 0.38), "length, share of side"),
    Corruption("rotation", rotation, (5, 12, 20, 30, 45), "degrees, either way"),
    Corruption("shear", shear, (0.08, 0.18, 0.3, 0.45, 0.65), "columns a row, either way"),
    Corruption("scale", scale, (1.06, 1.14, 1.26, 1.44, 1.7), "times larger or smaller"),
    # 1 to 8 pixels of 28, whole ones.
    Corruption("shift", shift, (0.04, 0.08, 0.13, 0.2, 0.28), "share of side, any direction"),
    Corruption("brightness", brightness, (0.04, 0.1, 0.2, 0.33, 0.5), "added, share of 255"),
    Corruption("contrast", contrast, (0.12, 0.25, 0.45, 0.65, 0.85), "share of contrast lost"),
    Corruption("fog", fog, (0.08, 0.18, 0.32, 0.5, 0.7), "share of fog"),
    Corruption("occlusion", occlusion, (0.12, 0.22, 0.32, 0.43, 0.55), "patch, share of side"),
    # Of Pillow's scale, whose default is 75.
    Corruption("JPEG", jpeg, (60, 35, 20, 10, 4), "quality"),
    # Not near 0.5, where nothing is left to see; from there on the image is a negative.
    Corruption("inverted", inverted, (0.05, 0.12, 0.25, 0.8, 1), "share of the negative"),
)

__all__ = ["CORRUPTIONS", "STRENGTHS", "Corruption", "Generator", "Images"]
