"""Ten classes of drawn garment silhouettes: a stand-in for Fashion-MNIST that needs no file.

For tests and first tries. A metric measured on it says nothing about Fashion-MNIST.
"""

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.dataset import Dataset, Split
from fashionlab.data.fashion_mnist import CLASS_NAMES
from fashionlab.errors import InvalidValueError

SIDE = 28  # pixels, as in Fashion-MNIST
Plane = NDArray[np.float32]  # (n, 28, 28)


def draw(train: int = 6000, test: int = 1000, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Draw (train, test) of that many images each, classes balanced to within one image, shuffled.

    Each split has its own stream of random numbers: the size of one does not change the other.
    """
    if train < 1 or test < 1 or seed < 0:
        raise InvalidValueError(
            f"sizes must be positive and seed not negative; received train={train}, test={test}, "
            f"seed={seed}; try train=6000, test=1000, seed=0"
        )
    return _split("train", train, seed, stream=0), _split("test", test, seed, stream=1)


def _split(split: Split, n: int, seed: int, stream: int) -> Dataset:
    rng = np.random.default_rng([seed, stream])
    labels = rng.permutation(np.arange(n) % len(CLASS_NAMES)).astype(np.uint8)  # (N,)
    images = np.empty((n, SIDE, SIDE), dtype=np.uint8)
    for label in range(len(CLASS_NAMES)):
        rows = np.flatnonzero(labels == label)
        images[rows] = _images(label, len(rows), rng)
    return Dataset(images, labels, CLASS_NAMES, "synthetic", split, "synthetic", "garment", "drawn")


def _images(label: int, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw (n, 28, 28) silhouettes with random size, place, brightness, texture and noise."""

    def uniform(low: float, high: float) -> Plane:
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    axis = np.linspace(-1.15, 1.15, SIDE, dtype=np.float32)
    u = (axis[None, None, :] - uniform(-0.15, 0.15)) / uniform(0.75, 1.1)  # (n, 1, 28)
    v = (axis[None, :, None] - uniform(-0.15, 0.15)) / uniform(0.75, 1.1)  # (n, 28, 1)
    u, v = u + uniform(-0.12, 0.12) * v, v + np.zeros_like(u)  # shear; both (n, 28, 28)
    angle, waves = uniform(0, np.pi), uniform(4, 16)
    phase = waves * (np.cos(angle) * u + np.sin(angle) * v)
    texture = 1 - uniform(0, 0.4) * (0.5 + 0.5 * np.sin(phase))
    pixels = _silhouette(label, u, v) * uniform(90, 230) * texture  # (n, 28, 28)
    pixels += rng.normal(0, 1, pixels.shape).astype(np.float32) * uniform(5, 30)
    images: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return images


def _silhouette(label: int, u: Plane, v: Plane) -> NDArray[np.bool_]:
    """Return an (n, 28, 28) mask; u runs right and v down, both about [-1, 1]."""
    a = np.abs(u)
    trunk = (a < 0.5) & (np.abs(v) < 0.8)
    neck = (a < 0.2) & (v < -0.6)
    long_sleeves = (a > 0.58) & (a < 0.9) & (v > -0.8) & (v < 0.7)
    shoulders = (a < 0.9) & (v > -0.8) & (v < -0.5)
    sole = (a < 0.95) & (v > 0.4) & (v < 0.6)
    match CLASS_NAMES[label]:
        case "T-shirt/top":
            return (trunk | ((a < 0.95) & (v > -0.8) & (v < -0.3))) & ~neck
        case "Trouser":
            return (a < 0.45) & (np.abs(v) < 0.95) & ~((a < 0.1) & (v > -0.5))
        case "Pullover":
            return trunk | long_sleeves | shoulders
        case "Dress":
            hem = 0.35 + 0.2 * v  # half the width, wider downwards
            return (a < hem) & (np.abs(v) < 0.95)
        case "Coat":
            body = (a < 0.55) & (v > -0.8) & (v < 0.98)
            return (body | long_sleeves | shoulders) & ~((a < 0.06) & (v > -0.5))
        case "Sandal":
            straps = (np.abs(v - 0.8 * a + 0.3) < 0.12) & (a < 0.9)
            return sole | straps
        case "Shirt":
            buttons = (a < 0.08) & (np.sin(12 * v) > 0.3)
            return (trunk | long_sleeves | shoulders) & ~neck & ~buttons
        case "Sneaker":
            return sole | ((a < 0.95) & (v > 0.05 - 0.35 * u) & (v < 0.5))
        case "Bag":
            radius: Plane = np.hypot(u / 0.5, (v + 0.2) / 0.6)
            handle = (radius > 0.75) & (radius < 1) & (v < -0.2)
            return ((a < 0.75) & (v > -0.2) & (v < 0.8)) | handle
        case _:  # Ankle boot
            shaft = (u > 0.05) & (u < 0.85) & (v > -0.85) & (v < 0.6)
            return sole | shaft | ((a < 0.9) & (v > 0.15) & (v < 0.5))
