"""Explanation: what shows why a network answers as it does, and the choice of images for it.

Symbols: N test images, K classes, M explained images, k neighbours, P points, F kernels; H, W of an
image as it is stored, which is at most SIDE pixels a side, and h, w of smaller pictures.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 64  # pixels of an explained image and its maps, a side at most; larger ones are reduced
SMALL_SIDE = 48  # of a neighbour
POINT_SIDE = 14  # of the image of a point
KERNEL_SIDE = 32  # of a first layer's weights
KERNELS = 64  # of a first layer, at most
ERRORS = 6  # that are explained, the most confident ones
UNSURE = 6  # correct images that are explained, the least confident ones
SURE = 10  # classes of which the most confident correct image is explained
POINTS = 2000  # of a map, at most
WRONG_POINTS = 600  # of these that are errors, at most

Array = NDArray[Any]
Pictures = NDArray[np.uint8]  # (n, H, W) or (n, H, W, 3)
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The training images that the last hidden layer finds most alike, nearest first."""

    rows: Rows  # (M, k) in the training set
    labels: Rows  # (M, k)
    images: Pictures  # (M, k, h, w[, 3])
    searched: int  # training images, a sample where there are more


@dataclass(frozen=True, eq=False)
class Map:
    """Test images as points on a plane, by the outputs of the last hidden layer."""

    indices: Rows  # (P,) in the test set, ascending
    points: NDArray[np.float32]  # (P, 2)
    images: Pictures  # (P, h, w[, 3]), small, in 16 levels
    method: str  # of `projection.METHODS`
    shares: tuple[float, ...]  # of the variance, by axis; () where the method has none


@dataclass(frozen=True, eq=False)
class Explanation:
    """M test images with what their predicted class rests on, and the network's view of others.

    All but the occlusion maps and the kernels need the network itself, and are None where it could
    not be built.
    """

    indices: Rows  # (M,) in the test set
    images: Pictures  # (M, H, W[, 3])
    occlusion: NDArray[np.float16]  # (M, H, W): fall of the probability where a part is hidden
    # (M, H, W): absolute slope of the logit, the largest over the channels, times 255: the change
    # that this slope makes of black to white
    saliency: NDArray[np.float16] | None
    neighbours: Neighbours | None
    map: Map | None
    kernels: NDArray[np.float16] | None  # (F, h, w, C) of the first layer, where it reads the image


def select_explained(log_probabilities: Array, labels: Array) -> Rows:
    """Select the test images (M,) to explain, from log-probabilities (N, K) and labels (N,).

    The most confident errors, the least confident hits, then the most confident hit of each of the
    first classes; each image once.
    """
    predicted, confidence = log_probabilities.argmax(axis=1), log_probabilities.max(axis=1)
    order = confidence.argsort(kind="stable")  # ascending
    correct = (predicted == labels)[order]
    errors, hits = order[~correct][::-1], order[correct]
    sure = [hits[labels[hits] == k][-1:] for k in range(min(SURE, log_probabilities.shape[1]))]
    chosen = np.concatenate([errors[:ERRORS], hits[:UNSURE], *sure])
    return np.array(list(dict.fromkeys(chosen.tolist())), np.int64)


def select_points(
    correct: NDArray[np.bool_], labels: Array, rng: np.random.Generator, most: int = POINTS
) -> Rows:
    """Select at most `most` test images (P,) for a map, ascending: errors, and a sample of hits.

    `correct` and `labels` are (N,). All errors are in it, or WRONG_POINTS of them, drawn at
    random; the hits have their share of every class.
    """
    errors = rng.permutation(np.flatnonzero(~correct))[: min(WRONG_POINTS, most)]
    hits = np.flatnonzero(correct)
    drawn = hits[stratified(labels[hits], most - len(errors), rng)]
    return np.sort(np.concatenate([errors, drawn])).astype(np.int64)


def stratified(labels: Array, count: int, rng: np.random.Generator) -> Rows:
    """Draw `count` of the rows of labels (N,), or all; ascending, every class with its share."""
    place = np.empty(len(labels))  # of each row among those of its class, in (0, 1)
    for k in np.unique(labels):
        rows = np.flatnonzero(labels == k)
        place[rows] = (rng.permutation(len(rows)) + rng.random()) / len(rows)
    return np.sort(place.argsort(kind="stable")[:count]).astype(np.int64)


def reduced(pixels: Array, side: int) -> Array:
    """Return images or maps (n, H, W[, 3]) with at most `side` pixels a side, of the same dtype.

    Each pixel is the mean of a square of the same whole number of pixels, or of what is left of it
    at the end of a row or column. Bytes are rounded.
    """
    factor = -(-max(pixels.shape[1:3]) // side)
    if factor == 1:
        return pixels
    means = pixels.astype(np.float64)
    for axis in (1, 2):
        starts = np.arange(0, pixels.shape[axis], factor)
        counts = np.minimum(starts + factor, pixels.shape[axis]) - starts
        shape = [-1 if i == axis else 1 for i in range(pixels.ndim)]
        means = np.add.reduceat(means, starts, axis=axis) / counts.reshape(shape)
    return (np.rint(means) if pixels.dtype == np.uint8 else means).astype(pixels.dtype)


def reduced_shape(image_shape: tuple[int, ...], side: int) -> tuple[int, ...]:
    """Return the shape of an image (H, W[, 3]) after `reduced`."""
    factor = -(-max(image_shape[:2]) // side)
    return (*(math.ceil(n / factor) for n in image_shape[:2]), *image_shape[2:])
