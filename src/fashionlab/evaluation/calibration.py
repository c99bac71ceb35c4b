"""Calibration: of the images predicted with a probability of 80 %, 80 % should be correct.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017: one temperature
T, chosen on held-out images, turns probabilities p into softmax(log p / T). No decision changes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.metrics import Labels, LogProbabilities, checked_rows

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


@dataclass(frozen=True)
class Bin:
    """The images whose highest probability is in (low, high]; the first bin has 0 too."""

    low: float
    high: float
    images: int
    correct: int  # of these
    confidence: float | None  # mean of the highest probabilities; None without an image

    @property
    def accuracy(self) -> float | None:
        """The share of correct images, in [0, 1]; None without an image."""
        return self.correct / self.images if self.images else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the accuracy, Wilson's; None without an image."""
        return wilson_interval(self.correct, self.images) if self.images else None

    @property
    def gap(self) -> float:
        """The distance |accuracy - confidence|, in [0, 1]; 0 without an image."""
        if self.confidence is None:
            return 0.0
        return abs(self.correct / self.images - self.confidence)


def reliability(
    log_probabilities: LogProbabilities, labels: Labels, bins: int = BINS
) -> tuple[Bin, ...]:
    """Return the reliability diagram of images (N, K) with labels (N,): equal bins, by rising low.

    An image is in the bin of its highest probability, the decision is the argmax. Calibrated
    predictions have an accuracy equal to the confidence in each bin. DeGroot and Fienberg, "The
    comparison and evaluation of forecasters", 1983; the bins are those of Guo et al.
    Raises InvalidValueError for fewer than one bin, no images, or labels that do not fit.
    """
    if bins < 1:
        raise InvalidValueError(f"bins must be at least 1; received {bins!r}; try {BINS}")
    lp, y = checked_rows(log_probabilities, labels)
    p = np.exp(lp.max(axis=1))  # (N,)
    correct = lp.argmax(axis=1) == y
    place = np.clip(np.ceil(p * bins).astype(int) - 1, 0, bins - 1)
    n, hits, sums = (np.bincount(place, w, minlength=bins) for w in (None, correct, p))  # (bins,)
    means = [float(total / count) if count else None for total, count in zip(sums, n, strict=True)]
    return tuple(
        Bin(b / bins, (b + 1) / bins, int(n[b]), int(hits[b]), means[b]) for b in range(bins)
    )


def expected_calibration_error(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """Return Σ n_b / N |accuracy of bin b - mean probability in it| over BINS equal bins.

    In [0, 1]; the bins are those of `reliability`, whose errors it raises. Naeini, Cooper and
    Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", 2015.
    """
    bins = reliability(log_probabilities, labels)
    return math.fsum(b.images * b.gap for b in bins) / len(labels)


def maximum_calibration_error(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """Return the largest |accuracy of bin b - mean probability in it| over BINS equal bins.

    In [0, 1]; the bins are those of `reliability`, whose errors it raises. A bin of few images
    may decide it: look at the intervals of the bins. Naeini, Cooper and Hauskrecht, 2015; Guo et
    al., equation 5.
    """
    return max(b.gap for b in reliability(log_probabilities, labels))


def brier_score(log_probabilities: LogProbabilities, labels: Labels) -> float:
    """Return the Brier score of images (N, K) with labels (N,), in [0, 2]; 0 is best.

        1/N Σ_n Σ_k (p_nk - [k = label_n])²

    The sum is over all K classes, as Brier has it: for two classes it is twice the score of one
    of them. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78, 1950, equation 2. Raises InvalidValueError for no images, or labels that do not fit.
    """
    lp, y = checked_rows(log_probabilities, labels)
    p = np.exp(lp)  # (N, K)
    p[np.arange(len(y)), y] -= 1
    return float(np.square(p).sum(axis=1).mean())


def threshold(log_probabilities: LogProbabilities) -> float:
    """Return the highest probability, up to SURE, that a share of KEPT of these images reaches.

    Where the classes are easy, nearly all images have 99.9 %, and a picture with 99 % would be
    called unsure.
    """
    highest = np.exp(np.asarray(log_probabilities, np.float64).max(axis=1))
    return min(SURE, float(np.quantile(highest, 1 - KEPT, method="lower")))
