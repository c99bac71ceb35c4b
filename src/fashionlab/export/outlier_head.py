"""The outlier head: a small network on a network's features that tells images from drawn outliers.

    features (F,) -> standardised -> Dense(UNITS, relu) -> Dense(2): the log-odds of an outlier

It learns from training images and drawn outliers, both changed in size, form, light and sharpness
(Hendrycks, Mazeika and Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019, trained
the whole network so). The network that classifies stays as it is, and so do its decisions.

A class whose images are harder to tell from outliers, as bags are from boxes, would be refused more
often. So the score loses, for an image of class k, a part BALANCE of how much the threshold of
class k alone lies above the common one.

Symbols: n images, F features, U units, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fashionlab import scratch
from fashionlab.data.outliers import KINDS, changed, draw
from fashionlab.evaluation.outliers import ACCEPT, threshold

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]
Network = Callable[[Images], tuple[Floats, NDArray[np.int64]]]  # features (n, F), labels (n,)

UNITS = 36
MOST, LEAST = 32_000, 2_000  # images of the classes, and as many outliers
TIMES = 4  # how often an image of a small set is used, each time changed in another way
BATCH, EPOCHS, RATE, DECAY = 256, 10, 2e-3, 1e-4
BALANCE = 0.5
FEW = 100  # images of a class at which its own threshold counts half
SEED = 0
AT_ONCE = 4000  # images that are changed together
LEAST_DEVIATION = 1e-3  # of a feature: some never vary


@dataclass(frozen=True, eq=False)
class Head:
    """The weights of the head, with the standardisation of features in its first layer."""

    hidden: Floats  # (F, U)
    hidden_bias: Floats  # (U,)
    output: Floats  # (U, 1)
    output_bias: Floats  # (1,)
    offsets: Floats  # (K,) what an image of each class loses of its score


def train_head(
    network: Network,
    images: Images,
    labels: NDArray[np.uint8],
    classes: int,
    *,
    mirrored: bool,
) -> Head:
    """Return a head without offsets, trained on images (N, H, W[, 3]) with labels (N,).

    With `mirrored` half of everything is turned from left to right, as the network will see it.
    """
    rng = np.random.default_rng(SEED)
    n = min(MOST, max(LEAST, TIMES * len(images)))
    rows = np.concatenate([rng.permutation(len(images)) for _ in range(-(-n // len(images)))])[:n]
    inside, outside = [], []
    for part in np.array_split(rows, -(-n // AT_ONCE)):
        own = changed(rng, images[np.sort(part)])
        inside.append(network(_half_mirrored(rng, own, mirrored))[0])
    for kind, share in KINDS.items():
        outliers = draw(kind, max(1, round(share * n)), images, labels, SEED)
        features, found = network(_half_mirrored(rng, outliers.images, mirrored))
        outside.append(features[~outliers.still_shown(found)])
    return _fitted(np.concatenate(inside), np.concatenate(outside), classes)


def _half_mirrored(rng: np.random.Generator, images: Images, mirrored: bool) -> Images:
    if mirrored:
        some = rng.random(len(images)) < 0.5
        images[some] = images[some, :, ::-1]
    return images


def _fitted(inside: Floats, outside: Floats, classes: int) -> Head:
    """Return the head that tells features (n, F) of images from those of outliers."""
    x = np.concatenate([inside, outside])
    y = np.repeat(np.uint8([0, 1]), [len(inside), len(outside)])
    mean = x.mean(axis=0, dtype=np.float64)
    scale = 1 / (x.std(axis=0, dtype=np.float64) + LEAST_DEVIATION)
    x -= mean.astype(np.float32)
    x *= scale.astype(np.float32)
    layers, glorot = scratch.layers, scratch.initializers.GlorotUniform
    model = scratch.Sequential(
        [
            layers.Input(x.shape[1:]),
            layers.Dense(UNITS, activation="relu", kernel_initializer=glorot(seed=SEED)),
            layers.Dense(2, activation="softmax", kernel_initializer=glorot(seed=SEED + 1)),
        ]
    )
    steps = EPOCHS * -(-len(x) // BATCH)
    rate = scratch.optimizers.schedules.CosineDecay(RATE, steps)
    optimizer = scratch.optimizers.AdamW(rate, weight_decay=DECAY)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(x, y, BATCH, EPOCHS, verbose=0, shuffle=np.random.default_rng(SEED))
    first, bias, second, last = (np.asarray(w, np.float64) for w in model.get_weights())
    hidden = scale[:, np.newaxis] * first
    return Head(
        hidden=hidden.astype(np.float32),
        hidden_bias=(bias - mean @ hidden).astype(np.float32),
        output=(second[:, 1:] - second[:, :1]).astype(np.float32),
        output_bias=(last[1:] - last[:1]).astype(np.float32),
        offsets=np.zeros(classes, np.float32),
    )


def balanced(head: Head, scores: Floats, probabilities: Floats) -> Head:
    """Return the head with offsets, from its scores (N,) and probabilities (N, K) of images.

    The images are of the classes and none that the head was trained on.
    """
    common, labels = threshold(scores, ACCEPT), probabilities.argmax(axis=1)
    offsets = head.offsets.copy()
    for k in range(len(offsets)):
        own = scores[labels == k]
        if len(own):
            weight = BALANCE * len(own) / (len(own) + FEW)
            offsets[k] = weight * (threshold(own, ACCEPT) - common)
    return replace(head, offsets=offsets)
