"""Batch normalisation's mean and variance, for weights that were averaged.

They belong to the weights with which they were gathered: with the average of those of many steps a
network may be useless until it has its own (Izmailov et al. 2018, "Averaging weights leads to wider
optima and better generalization", 3.2).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab import scratch

IMAGES = 10_000  # from which they are gathered, at most
BATCH = 500
STREAM = 3  # of random numbers, apart from those of the batches and of their augmentation


def chosen(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Images to gather them from, (M, H, W) of (N, H, W), in an order without meaning."""
    order = np.random.default_rng([seed, 0, STREAM]).permutation(len(images))
    return images[order[:IMAGES]]


def gather(model: Any, images: NDArray[np.uint8]) -> None:
    """Give each batch normalisation the mean and the variance, over batches, of what it gets."""
    layers = [layer for layer in model.layers if hasattr(layer, "moving_variance")]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    with _without_gradients(model):
        for i, start in enumerate(range(0, len(images), BATCH)):
            for layer in layers:
                layer.momentum = i / (i + 1)  # so that the moving ones are means of all batches
            model(images[start : start + BATCH], training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


@contextmanager
def _without_gradients(model: Any) -> Iterator[None]:
    if isinstance(model, scratch.Sequential):
        yield
        return
    import keras

    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.no_grad():
        yield
