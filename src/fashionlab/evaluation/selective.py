"""Selective prediction: accuracy against coverage, where only the surest images are answered.

A classifier that may abstain answers an image where its largest probability reaches a threshold.
Coverage is the share of images that are answered, the selective risk the share of wrong answers
among them. El-Yaniv and Wiener, "On the foundations of noise-free selective classification", 2010;
Geifman and El-Yaniv, "Selective classification for deep neural networks", 2017, whose score is the
same largest probability.

A threshold cannot tell images of equal probability apart, so they are answered together: no number
here depends on the order of the images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.metrics import Labels, LogProbabilities

COVERAGES = (0.9, 0.95, 0.98)  # at which the accuracy is stated
ACCURACIES = (0.99,)  # at which the coverage is stated
ROUNDING = 1e-9  # of images: 0.95 * 20 is not 19 in every arithmetic


@dataclass(frozen=True)
class Answered:
    """The images whose largest probability reaches a threshold."""

    threshold: float  # in [0, 1], on the largest probability
    kept: int  # images that reach it
    correct: int  # of these
    images: int  # all

    @property
    def coverage(self) -> float:
        """The share of images that are answered, in (0, 1]."""
        return self.kept / self.images

    @property
    def accuracy(self) -> float:
        """The share of correct answers, in [0, 1]."""
        return self.correct / self.kept

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, Wilson's."""
        return wilson_interval(self.correct, self.kept)


@dataclass(frozen=True, eq=False)
class SelectiveCurve:
    """The counts at each of P thresholds, from the highest, which few images reach, to the lowest.

    The thresholds are the P different largest probabilities of the images.
    """

    thresholds: NDArray[np.float64]  # (P,) falling
    kept: NDArray[np.int64]  # (P,) images that reach it, rising to all
    correct: NDArray[np.int64]  # (P,) of these

    @property
    def images(self) -> int:
        """The number of all images, N."""
        return int(self.kept[-1])

    def at(self, place: int) -> Answered:
        """Return the images that reach threshold number `place`, 0 <= place < P."""
        return Answered(
            float(self.thresholds[place]),
            int(self.kept[place]),
            int(self.correct[place]),
            self.images,
        )

    def at_coverage(self, share: float) -> Answered:
        """Return the fewest images, the surest, that are a share of at least `share` in (0, 1]."""
        if not 0 < share <= 1:
            raise InvalidValueError(
                f"coverage must be above 0 and at most 1; received {share!r}; try 0.95"
            )
        return self.at(int(self.kept.searchsorted(share * self.images - ROUNDING)))

    def at_accuracy(self, share: float) -> Answered | None:
        """Return the most images of which a share of at least `share` is correct; None for none.

        The threshold is chosen on the images that it is measured on: on others the accuracy is
        within the interval, not above `share`.
        """
        enough = np.flatnonzero(self.correct >= share * self.kept - ROUNDING)
        return self.at(int(enough[-1])) if len(enough) else None

    @property
    def area(self) -> float:
        """The area under the risk-coverage curve, in [0, 1]: 0 without errors.

            AURC = 1/N Σ_k errors(k) / k,   k = 1 ... N images answered, the surest first

        Images of equal probability contribute the mean over all their orders, for which errors(k)
        is a straight line through them. In a random order AURC is the error rate. Geifman, Uziel
        and El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", 2019.
        """
        k = np.arange(1, self.images + 1)
        errors = np.interp(k, [0, *self.kept], [0, *(self.kept - self.correct)])
        return float((errors / k).mean())


def selective_curve(log_probabilities: LogProbabilities, labels: Labels) -> SelectiveCurve:
    """Return the curve of log-probabilities (N, K) and labels (N,); the decision is the argmax.

    Raises InvalidValueError without an image.
    """
    if not len(labels):
        raise InvalidValueError("accuracy against coverage needs images; received none")
    largest = np.asarray(log_probabilities, np.float64).max(axis=1)  # (N,)
    correct = log_probabilities.argmax(axis=1) == labels
    order = (-largest).argsort(kind="stable")
    falling = largest[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))  # (P,) last of its equals
    return SelectiveCurve(np.exp(falling[ends]), ends + 1, correct[order].cumsum()[ends])
