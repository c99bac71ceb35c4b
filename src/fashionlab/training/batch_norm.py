"""update_bn: the mean and variance of batch normalisation, for weights that were averaged.

They belong to the weights with which they were gathered: with the average of those of many steps a
network may be useless until it has its own (Izmailov et al. 2018, "Averaging weights leads to wider
optima and better generalization", 3.2).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.storage import rows_of
from fashionlab.engines import Engine

IMAGES = 10_000  # from which they are gathered, at most
BATCH = 500  # images, at most; in batches of one size, since each counts the same
STREAM = 3  # of random numbers, apart from those of the batches and of their augmentation


def chosen(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return at most IMAGES of the images (N, H, W[, 3]), in an order drawn by the seed."""
    order = np.random.default_rng([seed, 0, STREAM]).permutation(len(images))
    return rows_of(images, order[:IMAGES])


def update_bn(engine: Engine, model: Any, images: NDArray[np.uint8]) -> None:
    """Set each batch normalisation's mean and variance to their means over batches of `images`."""
    layers = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    with engine.without_gradients():
        for i, batch in enumerate(np.array_split(images, -(-len(images) // BATCH))):
            for layer in layers:
                layer.momentum = i / (i + 1)  # so that the moving ones are means of all batches
            model(batch, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
