"""Tests of significance: whether a difference between classifiers, or groups, may be chance.

    mcnemar               two classifiers on the same images
    corrected_resampled   two recipes over several seeds
    fisher_lower          one group of images against another
    holm                  many tests at once

A p-value is the probability of a difference as large as the observed one, or larger, where there is
none; below 0.05 a difference is called significant.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import (
    difference_interval_paired,
    mean_std,
    student_quantile,
    student_within,
)

SIGNIFICANT = 0.05  # p-value below which a difference is called significant


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of classifiers a and b on the same images, and the counts it rests on."""

    both: int  # images that a and b classify correctly
    only_a: int
    only_b: int
    neither: int
    p: float  # two-sided, exact

    @property
    def images(self) -> int:
        """The number of images, at least 1."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def difference(self) -> float:
        """The accuracy of a less that of b, in [-1, 1]."""
        return (self.only_a - self.only_b) / self.images

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference: Newcombe's, for paired proportions."""
        return difference_interval_paired(self.both, self.only_a, self.only_b, self.neither)


def mcnemar(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> McNemar:
    """Test whether two classifiers have the same accuracy, from (N,) bool: image n is correct.

    If they do, each of the m images that only one gets right is as likely to be a's as b's:

        p = min(1, 2 Σ_{i <= min(only_a, only_b)} C(m, i) / 2^m),   1 where m = 0

    The exact binomial form, correct for any m; to a relative 1e-8 for a million images.
    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12, 1947. Raises InvalidValueError unless both arrays are bool, of
    the same length N >= 1.
    """
    a, b = np.asarray(correct_a), np.asarray(correct_b)
    if a.dtype != bool or b.dtype != bool or a.ndim != 1 or a.shape != b.shape or not a.size:
        raise InvalidValueError(
            "both classifiers need an array (N,) of bool, N >= 1; received "
            f"{a.dtype} {a.shape} and {b.dtype} {b.shape}; compare their decisions with the labels "
            "of the same images"
        )
    both, only_a, only_b = (int(np.count_nonzero(x)) for x in (a & b, a & ~b, ~a & b))
    return McNemar(
        both, only_a, only_b, a.size - both - only_a - only_b, _sign_test(only_a, only_b)
    )


def _sign_test(successes: int, failures: int) -> float:
    """Return the exact two-sided p of a probability of 1/2."""
    m, k = successes + failures, min(successes, failures)
    if successes == failures:
        return 1.0
    largest = math.exp(_log_choose(m, k) - m * math.log(2))
    i = np.arange(k, 0, -1)
    # C(m, i - 1) = C(m, i) i / (m - i + 1); all ratios are below 1, since i <= m / 2.
    return min(1.0, 2 * largest * _sum_of_products(i / (m - i + 1)))


@dataclass(frozen=True)
class CorrectedResampled:
    """The corrected resampled t-test of a mean difference."""

    runs: int  # n, at least 2
    mean: float  # difference, in the unit of the differences
    interval: tuple[float, float]  # 95 %, of the mean
    p: float  # two-sided


def corrected_resampled(
    differences: Iterable[float], train_images: int, test_images: int
) -> CorrectedResampled:
    """Test whether the mean of n paired differences, one a seed, is 0: a corrected t-test.

        t = mean / √((1/n + test_images / train_images) s²),   n - 1 degrees of freedom

    s² is the variance with divisor n - 1. The runs share training images, so that their results are
    correlated and s² / n is too small; the correction is the share of images that one run is
    tested on. Where all differences are equal, s is 0 and the interval has no width: p is 1 if they
    are 0, otherwise 0. Nadeau and Bengio, "Inference for the generalization error", Machine
    Learning 52, 2003. p is exact to 1e-14.

    Raises InvalidValueError for fewer than two differences, one that is not finite, or a number of
    images below 1.
    """
    x = list(differences)
    mean, deviation = mean_std(x)
    if min(train_images, test_images) < 1:
        raise InvalidValueError(
            "images of training and test must be at least 1; received "
            f"{train_images!r} and {test_images!r}; count the images of each run"
        )
    if min(x) == max(x):
        return CorrectedResampled(len(x), mean, (mean, mean), 0.0 if mean else 1.0)
    error = deviation * math.sqrt(1 / len(x) + test_images / train_images)
    half = student_quantile(0.975, len(x) - 1) * error
    p = 1 - student_within(abs(mean) / error, len(x) - 1)
    return CorrectedResampled(len(x), mean, (mean - half, mean + half), p)


def fisher_lower(correct: int, images: int, other_correct: int, other_images: int) -> float:
    """Return the one-sided p of an accuracy that is lower on one group of images than on another.

    Fisher's exact test. If the accuracies are the same, the number of correct images in the first
    group is hypergeometric, given the number in both:

        p = Σ_{x <= correct} C(images, x) C(other_images, c - x) / C(images + other_images, c)
        c = correct + other_correct

    Fisher, "On the interpretation of χ² from contingency tables, and the calculation of P", Journal
    of the Royal Statistical Society 85, 1922. Sums in log space: to a relative 1e-8 for a million
    images. Raises InvalidValueError unless each group has an image, and 0 <= correct <= images.
    """
    for hits, n in ((correct, images), (other_correct, other_images)):
        if n < 1 or not 0 <= hits <= n:
            raise InvalidValueError(
                f"correct images must be from 0 to their number, at least 1; received {hits!r} of "
                f"{n!r}; count them in each group"
            )
    total, c = images + other_images, correct + other_correct
    mean = images * c / total
    # From the observed count away from the mean every term is smaller than the one before.
    x = correct if correct <= mean else correct + 1
    if x > min(images, c):
        return 1.0
    first = math.exp(
        _log_choose(images, x) + _log_choose(other_images, c - x) - _log_choose(total, c)
    )
    if correct <= mean:
        i = np.arange(x, max(0, c - other_images), -1.0)
        ratios = i * (other_images - c + i) / ((images - i + 1) * (c - i + 1))
        return min(1.0, first * _sum_of_products(ratios))
    i = np.arange(x, min(images, c), 1.0)
    ratios = (images - i) * (c - i) / ((i + 1) * (other_images - c + i + 1))
    return max(0.0, 1 - first * _sum_of_products(ratios))


def holm(p_values: Iterable[float]) -> tuple[float, ...]:
    """Return p-values adjusted for their number m, in their order: below α, one is significant.

    The j-th smallest, j = 1 ... m, becomes the largest of (m - i + 1) p_i over i <= j, at most 1.
    With it the probability of any false finding among all tests is at most α, however they depend
    on each other. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6, 1979. Raises InvalidValueError for a value outside [0, 1].
    """
    p = np.array(list(p_values), np.float64)  # (m,)
    if not ((p >= 0) & (p <= 1)).all():
        raise InvalidValueError(
            f"p-values must be from 0 to 1; received {p.tolist()}; pass probabilities"
        )
    order = p.argsort(kind="stable")
    adjusted = np.empty_like(p)
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return tuple(adjusted.tolist())


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _sum_of_products(ratios: NDArray[np.floating[Any]]) -> float:
    """Return 1 + r_1 + r_1 r_2 + ...: a sum over its first term, from ratios of neighbours."""
    return 1 + float(ratios.cumprod().sum())
