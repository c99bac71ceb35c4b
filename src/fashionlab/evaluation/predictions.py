"""A model's outputs as log-probabilities, the form in which a run stores its predictions."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-7  # lower bound of a probability, as in Keras's cross-entropy; outputs may be 0


def log_probabilities(outputs: NDArray[Any], output: str) -> NDArray[np.float32]:
    """Turn (N, K) outputs of the activation `output` into normalised log-probabilities (N, K).

    "linear" outputs are logits Z and become log softmax(Z); others are divided by their row's sum,
    as the loss does, and clipped to at least EPSILON.
    """
    x = np.asarray(outputs, np.float64)
    if output == "linear":
        x = x - x.max(axis=-1, keepdims=True)
        return np.asarray(x - np.log(np.exp(x).sum(axis=-1, keepdims=True)), np.float32)
    total = np.maximum(x.sum(axis=-1, keepdims=True), EPSILON)
    q = np.clip(x / total, EPSILON, 1)
    return np.asarray(np.log(q / q.sum(axis=-1, keepdims=True)), np.float32)


def mean_of_views(views: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the log of the mean probabilities of several views of the same images, (N, K) each.

    Test-time augmentation: the views are the images and, say, their mirror images.
    """
    each = np.asarray(list(views), np.float64)
    return np.asarray(np.logaddexp.reduce(each) - np.log(len(each)), np.float32)
