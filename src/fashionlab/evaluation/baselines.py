"""Simple baselines: what is reached without a network, on the same training and test images.

    majority             the most frequent class of the training images
    logistic_regression  one dense layer on the pixels
    nearest_neighbours   the class of the most alike training images, pixel by pixel

Each returns a `Baseline`, whose predictions give accuracy, interval and significance against a
run's. All are deterministic on one machine. Images of more than 64 rows or columns are reduced to
64, each pixel the mean of a rectangle.

Symbols: N training images, n of them in a sample, D values of an image, K classes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionlab import scratch
from fashionlab.data import Dataset
from fashionlab.data.storage import blocks
from fashionlab.evaluation.nearest import nearest

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint8]

SIDE = 64  # rows and columns of an image at most
SEED = 0  # of samples and orders
NEIGHBOURS = 5
MULTIPLICATIONS = 2e12  # of all distances: 15 seconds on two cores
REGRESSION_BYTES = 2**28  # of the images of a regression, which are held in memory
EPOCHS, STEPS, BATCH, RATE = 10, 2_000, 256, 0.002  # ten epochs, or more up to so many steps
TESTED = 4096  # test images that are compared at a time


@dataclass(frozen=True, eq=False)
class Baseline:
    """The predictions of a simple method, for people under `name`."""

    name: str
    predicted: Labels  # (N,) for the test images
    description: str  # how it was made, in a sentence


def majority(train: Dataset, test: Dataset) -> Baseline:
    """Return the most frequent class of the training images for each test image; of equals the
    first.
    """
    counts = np.bincount(train.labels, minlength=train.classes)  # (K,)
    predicted = np.full(len(test), counts.argmax(), np.uint8)
    description = (
        "always the most frequent class of the training images, which has "
        f"{counts.max():,} of {len(train):,}"
    )
    return Baseline("majority class", predicted, description)


def logistic_regression(train: Dataset, test: Dataset) -> Baseline:
    """Return the predictions of multinomial logistic regression on the pixels.

    It is a dense layer from zeros on pixels / 255 less their training mean, trained on the log loss
    by Adam in batches of 256, at a rate that falls from 0.002 along a cosine, for 10 epochs or
    2,000 steps, whichever is more. More than 256 MB of images are a stratified sample.
    """
    rows = _sample(train, REGRESSION_BYTES / _values(train))
    pixels = np.concatenate([part for _, part in _chosen(train, rows)])  # (n, D) uint8
    labels = train.labels[rows]
    levels = np.float32(255)
    mean = (pixels.mean(axis=0, dtype=np.float64) / 255).astype(np.float32)  # (D,)
    model = scratch.Sequential(
        [
            scratch.Input((pixels.shape[1],)),
            scratch.layers.Dense(train.classes, kernel_initializer="zeros"),
        ]
    )
    batches = -(-len(pixels) // BATCH)
    epochs = max(EPOCHS, -(-STEPS // batches))
    schedule = scratch.optimizers.schedules.CosineDecay(RATE, epochs * batches)
    log_loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(scratch.optimizers.Adam(schedule), log_loss)
    rng = np.random.default_rng(SEED)

    def all_batches() -> Iterator[tuple[NDArray[np.float32], Labels]]:
        for _ in range(epochs):
            order = rng.permutation(len(pixels))
            for first in range(0, len(order), BATCH):
                some = order[first : first + BATCH]
                yield pixels[some] / levels - mean, labels[some]

    model.fit(all_batches(), verbose=0)
    predicted = [
        model.predict(_reduced(images) / levels - mean).argmax(axis=1)
        for _, images in blocks(test.images)
    ]
    description = (
        "a linear model of the pixels with a softmax, trained on the log loss for "
        f"{epochs * batches:,} steps of Adam{_sampled(train, len(rows))}"
    )
    found = np.concatenate(predicted).astype(np.uint8)
    return Baseline("logistic regression", found, description)


def nearest_neighbours(train: Dataset, test: Dataset) -> Baseline:
    """Return the most frequent class of the 5 training images nearest to each test image.

    By Euclidean distance of the pixels, exactly. Of images at the same distance the first is
    nearer, of classes that are as frequent the first is taken. Where all distances would take
    more than 2e12 multiplications, a stratified sample of the training images is searched.
    """
    rows = _sample(train, MULTIPLICATIONS / (_values(train) * len(test)))
    k = min(NEIGHBOURS, len(rows))
    predicted = np.empty(len(test), np.uint8)
    for place, images in blocks(test.images):
        queries = _reduced(images)
        for first in range(0, len(queries), TESTED):
            found = nearest(queries[first : first + TESTED], _chosen(train, rows), k)  # (b, k)
            votes = np.zeros((len(found), train.classes), np.uint8)  # (b, K)
            for column in train.labels[found].T:
                votes[np.arange(len(found)), column] += 1
            start = place.start + first
            predicted[start : start + len(found)] = votes.argmax(axis=1)
    those = f"the {k} nearest training images" if k > 1 else "the nearest training image"
    description = (
        f"the most frequent class of {those} by Euclidean distance of the pixels"
        f"{_sampled(train, len(rows))}"
    )
    return Baseline("nearest neighbours", predicted, description)


def _sampled(train: Dataset, n: int) -> str:
    """Say which training images were used, and how they were changed."""
    sample = "" if n == len(train) else f", on a sample of {n:,} of {len(train):,} training images"
    height, width = _sides(train.image_shape)
    reduced = (height, width) != train.image_shape[:2]
    return sample + (f", images reduced to {height} x {width}" if reduced else "")


def _sample(train: Dataset, most: float) -> NDArray[np.int64]:
    """Return the rows, ascending, of about `most` images, drawn in each class; all if there are not
    more. At least one image of each class is taken.
    """
    share = most / len(train)
    if share >= 1:
        return np.arange(len(train))
    rng = np.random.default_rng(SEED)
    chosen = []
    for label in range(train.classes):
        rows = np.flatnonzero(train.labels == label)
        count = max(int(share * len(rows)), min(1, len(rows)))
        chosen.append(rng.permutation(rows)[:count])
    return np.sort(np.concatenate(chosen))


def _chosen(train: Dataset, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Pixels]]:
    """Yield the images at `rows`, ascending, in blocks of rows (n,) and reduced pixels (n, D)."""
    for place, images in blocks(train.images):
        low, high = np.searchsorted(rows, [place.start, place.stop])
        if low == high:
            continue
        some = rows[low:high]
        whole = len(some) == len(images)
        yield some, _reduced(images if whole else images[some - place.start])


def _sides(image_shape: tuple[int, ...]) -> tuple[int, int]:
    return min(image_shape[0], SIDE), min(image_shape[1], SIDE)


def _values(data: Dataset) -> int:
    return math.prod(_sides(data.image_shape)) * math.prod(data.image_shape[2:])


def _reduced(images: Pixels) -> Pixels:
    """Return images (n, H, W[, 3]) as rows of pixels (n, D), of at most SIDE rows and columns.

    A pixel is the mean, rounded, of a rectangle; these are of nearly one size and do not overlap.
    """
    sides = _sides(images.shape[1:])
    if sides == images.shape[1:3]:
        return images.reshape(len(images), -1)
    sums, area = images, np.ones(1)
    for axis, side in enumerate(sides, 1):
        length = images.shape[axis]
        begins = np.arange(side) * length // side  # (side,)
        sums = np.add.reduceat(sums, begins, axis=axis, dtype=np.uint32)
        area = np.multiply.outer(area, np.diff(begins, append=length))  # (1, h), (1, h, w)
    area = area.reshape(1, *sides, *(1 for _ in images.shape[3:]))
    means: Pixels = np.rint(sums / area).astype(np.uint8)
    return means.reshape(len(images), -1)
