"""Calibration: of images with a probability of 80 %, 80 in 100 should be what they are said to be.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017: one temperature
T, chosen on held-out images, turns probabilities p into softmax(log p / T). No decision changes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.metrics import Labels, LogProbabilities

BINS = 15  # of the expected calibration error, as in Guo and others
KEPT = 0.98  # of the images that belong to a class, those that are still said to belong to one
COLDEST, HOTTEST = 0.05, 20.0  # between which a temperature is sought
LEAST = 1e-30  # the least probability: rounding may leave 0, whose logarithm nothing can divide
HALVINGS = 50  # of that interval's logarithm: to 1e-14


def tempered(log_probabilities: LogProbabilities, temperature: float) -> NDArray[np.float64]:
    """log softmax(log p / T), (N, K), of log-probabilities (N, K)."""
    z = np.asarray(log_probabilities, np.float64) / temperature
    z -= z.max(axis=1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def best_temperature(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """The temperature of the least log loss on images (N, K) with labels (N,).

    With b = 1 / T the loss, mean of log Σ exp(b z) - b z_label, is convex, and its slope is
    mean of Σ q z - z_label, where q are the tempered probabilities: T is where that is 0. Within
    [COLDEST, HOTTEST], the nearer end of which is the answer where the slope is 0 nowhere. Raises
    InvalidValueError without an image.
    """
    if not len(labels):
        raise InvalidValueError("a temperature needs held-out images; received none")
    z = np.maximum(np.asarray(log_probabilities, np.float64), math.log(LEAST))
    own = z[np.arange(len(labels)), labels]  # (N,)

    def slope(temperature: float) -> float:
        q = np.exp(tempered(z, temperature))
        return float(((q * z).sum(axis=1) - own).mean())

    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        # The slope grows with b, so that it falls with T: above 0 the best T is hotter.
        low, high = (middle, high) if slope(math.exp(middle)) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def expected_calibration_error(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """Σ n_b / N |accuracy of bin b - mean probability in it|, over BINS bins of equal width.

    An image is in the bin of its largest probability. Naeini, Cooper and Hauskrecht, 2015.
    """
    p = np.exp(np.asarray(log_probabilities, np.float64).max(axis=1))  # (N,)
    right = log_probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=right - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def threshold(log_probabilities: LogProbabilities) -> float:
    """The largest probability that a share of KEPT of these images reaches."""
    largest = np.exp(np.asarray(log_probabilities, np.float64).max(axis=1))
    return float(np.quantile(largest, 1 - KEPT, method="lower"))
