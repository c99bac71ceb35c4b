"""The outlier head: a small network on a network's features that tells images from drawn outliers.

    features (F,) -> standardised -> Dense(UNITS, relu) -> Dense(2): the log-odds of an outlier

It learns from training images and drawn outliers, both changed in size, form, light and sharpness
(Hendrycks, Mazeika and Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019, trained
the whole network so). The network that classifies stays as it is, and so do its decisions.

Some classes are harder to tell from outliers, as bags are from boxes, and would be refused more
often. So the head is trained twice: in the second training the images of a class weigh more, the
more often the first one refused them, changed or as they are, than it may.

Symbols: n images, F features, U units, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionlab import scratch
from fashionlab.data.outliers import KINDS, changed, draw
from fashionlab.evaluation.outliers import ACCEPT, accepted_by_class, threshold

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]
Network = Callable[[Images], tuple[Floats, NDArray[np.int64]]]  # features (n, F), labels (n,)

UNITS = 36
MOST, LEAST = 32_000, 2_000  # images of the classes, and as many outliers
TIMES = 4  # how often an image of a small set is used, each time changed in another way
BATCH, EPOCHS, RATE, DECAY = 256, 10, 2e-3, 3.0
LEAST_DEVIATION = 0.1  # of a feature: some hardly vary
POWER = 1.5  # of how many times as often a class is refused, for its weight
AT_ONCE = 4000  # images that are changed together
SEED = 0


@dataclass(frozen=True, eq=False)
class Head:
    """The weights of the head, with the standardisation of features in its first layer."""

    hidden: Floats  # (F, U)
    hidden_bias: Floats  # (U,)
    output: Floats  # (U, 1)
    output_bias: Floats  # (1,)

    def scores(self, features: Floats) -> Floats:
        """Return the outlier scores (n,) of features (n, F)."""
        hidden = np.maximum(features @ self.hidden + self.hidden_bias, 0)
        return np.asarray((hidden @ self.output + self.output_bias)[:, 0])


def train_head(
    network: Network, images: Images, labels: NDArray[np.uint8], *, mirrored: bool
) -> Head:
    """Return a head, trained on images (N, H, W[, 3]) with labels (N,).

    With `mirrored` half of everything is turned from left to right, as the network will see it.
    """
    rng = np.random.default_rng(SEED)
    n = min(MOST, max(LEAST, TIMES * len(images)))
    rounds = -(-n // len(images))
    rows = np.concatenate([rng.permutation(len(images)) for _ in range(rounds)])[:n]
    inside, outside = [], []
    for part in np.array_split(rows, -(-n // AT_ONCE)):
        own = changed(rng, images[part])
        inside.append(network(_half_mirrored(rng, own, mirrored))[0])
    for kind, share in KINDS.items():
        outliers = draw(kind, max(1, round(share * n)), images, labels, SEED)
        features, found = network(_half_mirrored(rng, outliers.images, mirrored))
        outside.append(features[~outliers.still_shown(found)])
    x = np.concatenate([*inside, *outside])
    unchanged, _ = network(images[rows[: len(images)]])
    return _balanced(x, labels[rows], unchanged)


def _balanced(x: Floats, labels: NDArray[np.uint8], unchanged: Floats) -> Head:
    """Return the head for features (n, F), first of images with `labels`, then of outliers.

    `unchanged` (m, F) are the features of the first m images as they are.
    """
    count = len(labels)
    weights = np.ones(len(x), np.float32)
    first = _fitted(x, count, weights)
    shares = [_refused(first, some, labels) for some in (unchanged, x[:count])]
    for k, share in enumerate(map(max, *shares)):
        weights[np.flatnonzero(labels == k)] = max(1, share / (1 - ACCEPT)) ** POWER
    return _fitted(x, count, weights)


def _refused(head: Head, x: Floats, labels: NDArray[np.uint8]) -> list[float]:
    """Return the share of each class (K,) that is refused where ACCEPT of all (m, F) are not."""
    scores = head.scores(x)
    own, limit = labels[: len(x)], threshold(scores, ACCEPT)
    return [1 - share for share in accepted_by_class(scores, own, limit, int(labels.max()) + 1)]


def _half_mirrored(rng: np.random.Generator, images: Images, mirrored: bool) -> Images:
    if mirrored:
        some = rng.random(len(images)) < 0.5
        images[some] = images[some, :, ::-1]
    return images


def _fitted(x: Floats, count: int, weights: Floats) -> Head:
    """Return the head that tells the first `count` features (n, F) from those of outliers."""
    mean = x.mean(axis=0, dtype=np.float64)
    scale = 1 / (x.std(axis=0, dtype=np.float64) + LEAST_DEVIATION)
    z = (x - mean.astype(np.float32)) * scale.astype(np.float32)
    y = (np.arange(len(x)) >= count).astype(np.uint8)
    layers, glorot = scratch.layers, scratch.initializers.GlorotUniform
    model = scratch.Sequential(
        [
            layers.Input(x.shape[1:]),
            layers.Dense(UNITS, activation="relu", kernel_initializer=glorot(seed=SEED)),
            layers.Dense(2, activation="softmax", kernel_initializer=glorot(seed=SEED + 1)),
        ]
    )
    schedule = scratch.optimizers.schedules.CosineDecay(RATE, EPOCHS * -(-len(x) // BATCH))
    optimizer = scratch.optimizers.AdamW(schedule, weight_decay=DECAY)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    shuffle = np.random.default_rng(SEED)
    model.fit(z, y, BATCH, EPOCHS, verbose=0, shuffle=shuffle, sample_weight=weights)
    first, bias, second, last = (np.asarray(w, np.float64) for w in model.get_weights())
    hidden = scale[:, np.newaxis] * first
    return Head(
        hidden=hidden.astype(np.float32),
        hidden_bias=(bias - mean @ hidden).astype(np.float32),
        output=(second[:, 1:] - second[:, :1]).astype(np.float32),
        output_bias=(last[1:] - last[:1]).astype(np.float32),
    )
