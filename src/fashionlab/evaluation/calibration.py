"""Calibration: of the images predicted with a probability of 80 %, 80 % should be correct.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017: one temperature
T, chosen on held-out images, turns probabilities p into softmax(log p / T). No decision changes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.metrics import Labels, LogProbabilities

BINS = 15  # of the expected calibration error, as in Guo et al.
KEPT = 0.98  # share of images of the classes that the threshold of "unsure" lets pass
SURE = 0.9  # no picture with such a probability is unsure, however easy the held-out images were
COLDEST, HOTTEST = 0.05, 20.0  # bounds of the temperature
LEAST = 1e-30  # lower bound of a probability: rounding may leave 0, which has no logarithm
HALVINGS = 50  # of the interval of log T: to 1e-14


def tempered(log_probabilities: LogProbabilities, temperature: float) -> NDArray[np.float64]:
    """Return log softmax(log p / T), (N, K), of log-probabilities (N, K)."""
    z = np.asarray(log_probabilities, np.float64) / temperature
    z -= z.max(axis=1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def best_temperature(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """Return the temperature of the lowest log loss on images (N, K) with labels (N,).

    With b = 1 / T the loss, mean of log Σ exp(b z) - b z_label, is convex, and its slope is
    mean of Σ q z - z_label, where q are the tempered probabilities: T is where that is 0, or the
    end of [COLDEST, HOTTEST] that is nearer to it. Where every image is predicted correctly, as a
    few easy ones may be, the loss falls with T without end and says nothing about it: T is 1.
    Raises InvalidValueError without an image.
    """
    if not len(labels):
        raise InvalidValueError("a temperature needs held-out images; received none")
    z = np.maximum(np.asarray(log_probabilities, np.float64), math.log(LEAST))
    own = z[np.arange(len(labels)), labels]  # (N,)
    if (own == z.max(axis=1)).all():
        return 1.0

    def slope(temperature: float) -> float:
        q = np.exp(tempered(z, temperature))
        return float(((q * z).sum(axis=1) - own).mean())

    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        # The slope grows with b, so it falls with T: where it is above 0, the best T is higher.
        low, high = (middle, high) if slope(math.exp(middle)) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def expected_calibration_error(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """Return Σ n_b / N |accuracy of bin b - mean probability in it| over BINS equal bins.

    An image is in the bin of its highest probability. Naeini, Cooper and Hauskrecht, 2015.
    """
    p = np.exp(np.asarray(log_probabilities, np.float64).max(axis=1))  # (N,)
    correct = log_probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, weights=correct - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def threshold(log_probabilities: LogProbabilities) -> float:
    """Return the highest probability, up to SURE, that a share of KEPT of these images reaches.

    Where the classes are easy, nearly all images have 99.9 %, and a picture with 99 % would be
    called unsure.
    """
    highest = np.exp(np.asarray(log_probabilities, np.float64).max(axis=1))
    return min(SURE, float(np.quantile(highest, 1 - KEPT, method="lower")))
