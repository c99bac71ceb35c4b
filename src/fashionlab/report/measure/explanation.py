"""measure_explanation: maps, neighbours and kernels of a run's network, kept in its folder.

Symbols: M explained images, H, W of an image, k neighbours.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.parts import Parts
from fashionlab.data.storage import rows_of
from fashionlab.errors import MissingDependencyError
from fashionlab.evaluation.explanation import (
    KERNEL_SIDE,
    KERNELS,
    POINT_SIDE,
    POINTS,
    SIDE,
    SMALL_SIDE,
    Explanation,
    Map,
    Neighbours,
    reduced,
    select_explained,
    select_points,
    stratified,
)
from fashionlab.evaluation.neighbours import nearest, unit_rows
from fashionlab.evaluation.occlusion import occlusions
from fashionlab.evaluation.projection import embedded
from fashionlab.portable.classifier import classifier
from fashionlab.recipes import TrainedNetwork
from fashionlab.runs import Run, require_same_data
from fashionlab.shipped import is_shipped

NEAREST = 5  # training images of each explained one
SEARCHED = 3000  # training images, at most: a page takes seconds to write
PLACES = 2  # of a patch, for its length: half the passes of a map of `predict`
PIXELS = SEARCHED * 28 * 28  # of the images that are searched, or mapped: the work is by pixels
LEAST = 200  # images that are searched or mapped, whatever their size
LEVELS = 16  # of a point's image, which is small: half the bytes
LARGEST = float(np.finfo(np.float16).max)

Array = NDArray[Any]
Images = NDArray[np.uint8]  # (n, H, W) or (n, H, W, 3)
Rows = NDArray[np.int64]
Log = Callable[[str], object]


def measure_explanation(
    run: Run, parts: Parts, *, method: str = "pca", seed: int = 0, log: Log | None = None
) -> Explanation:
    """Measure what explains the predictions of a run, keep it in the run's folder and return it.

    `parts` are the run's own data; `method` and `seed` are those of `projection.embedded`; `log`
    gets a line where something is left out or cannot be kept. The folder that comes with the
    package stays as it is. Where the run's engine is not installed, occlusion is measured by the
    run's portable model, and the rest is left out.

    Raises InvalidValueError for other data, or another method or seed; RunError where the run
    cannot be read; MissingDependencyError where neither the engine nor a portable model of these
    weights is there, or the package of the method is not installed.
    """
    say = log or (lambda line: None)
    require_same_data(run, parts.train, "train")
    require_same_data(run, parts.test, "test")
    log_probabilities, labels = run.predictions()  # (N, K), (N,)
    predicted = log_probabilities.argmax(axis=1)
    indices = select_explained(log_probabilities, labels)
    images = rows_of(parts.test.images, indices)
    network = run.network()
    try:
        network.features(images[:1])
    except MissingDependencyError as error:
        probabilities = classifier(run)
        say(f"occlusion alone is measured, by the portable model: {error}")
        found = Explanation(
            *_occluded(probabilities, indices, images, predicted[indices]),
            None,
            None,
            None,
            _kernels(network),
        )
    else:
        rng = np.random.default_rng(seed)
        points = select_points(predicted == labels, labels, rng, _most(run.image_shape, POINTS))
        found = Explanation(
            *_occluded(_probabilities(network), indices, images, predicted[indices]),
            _saliency(network, images, predicted[indices]),
            _neighbours(network, images, parts, rng),
            _map(network, parts, points, method, seed),
            _kernels(network),
        )
    if not is_shipped(run.folder):
        try:
            run.keep_explanation(found)
        except OSError as error:
            say(f"the explanation is not kept: cannot write {error.filename}: {error.strerror}")
    return found


def _probabilities(network: TrainedNetwork) -> Callable[[Images], NDArray[np.float32]]:
    return lambda images: np.exp(network.log_probabilities(images))


def _occluded(
    probabilities: Callable[[Images], NDArray[np.float32]],
    indices: Rows,
    images: Images,
    predicted: Rows,
) -> tuple[Rows, Images, NDArray[np.float16]]:
    """Return indices, images and their occlusion maps (M, H, W), as an Explanation has them."""
    maps = occlusions(probabilities, images, predicted, PLACES)
    return indices, reduced(images, SIDE), reduced(maps, SIDE).astype(np.float16)


def _saliency(network: TrainedNetwork, images: Images, predicted: Rows) -> NDArray[np.float16]:
    slopes = np.abs(network.saliency(images, predicted)) * 255  # (M, H, W[, 3])
    largest = slopes.reshape(*images.shape[:3], -1).max(axis=3)
    return np.asarray(np.minimum(reduced(largest, SIDE), LARGEST), np.float16)


def _neighbours(
    network: TrainedNetwork, images: Images, parts: Parts, rng: np.random.Generator
) -> Neighbours:
    train = parts.train
    searched = stratified(train.labels, _most(train.image_shape, SEARCHED), rng)
    others = unit_rows(network.features(rows_of(train.images, searched)))
    queries = unit_rows(network.features(images))
    none_of_them = len(train) + np.arange(len(images))  # the images are not of the training set
    rows = nearest(queries, none_of_them, others, searched, NEAREST)  # (M, k)
    pictures = reduced(rows_of(train.images, rows.ravel()), SMALL_SIDE)
    return Neighbours(
        rows,
        train.labels[rows].astype(np.int64),
        pictures.reshape(*rows.shape, *pictures.shape[1:]),
        len(searched),
    )


def _map(network: TrainedNetwork, parts: Parts, indices: Rows, method: str, seed: int) -> Map:
    images = rows_of(parts.test.images, indices)
    points, shares = embedded(network.features(images), method, seed)
    small = reduced(images, POINT_SIDE)
    levels = np.rint(small * ((LEVELS - 1) / 255)) * (255 / (LEVELS - 1))
    return Map(indices, points, levels.astype(np.uint8), method, shares)


def _kernels(network: TrainedNetwork) -> NDArray[np.float16] | None:
    kernels = network.first_kernels()
    if kernels is None:
        return None
    some = reduced(kernels[:KERNELS], KERNEL_SIDE)
    return np.asarray(np.clip(some, -LARGEST, LARGEST), np.float16)


def _most(image_shape: tuple[int, ...], count: int) -> int:
    """Return how many images of this shape are looked at: `count`, or fewer large ones."""
    return max(min(count, PIXELS // (image_shape[0] * image_shape[1])), LEAST)
