"""Differences of two classifiers, or of two recipes over several seeds, on the same test images.

Symbols: S seeds that both have, N test images, K classes. Correct answers are (S, N) bool: a row
for each seed, whether image n is classified correctly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import mean_interval, wilson_interval
from fashionlab.evaluation.significance import SIGNIFICANT, corrected_resampled, holm, mcnemar

MCNEMAR, RESAMPLED = "McNemar's test", "corrected resampled test"

Correct = NDArray[np.bool_]


@dataclass(frozen=True)
class Difference:
    """How much larger one share of correct images is than the reference's, on the same images."""

    value: float  # in [-1, 1]; the mean over the seeds
    interval: tuple[float, float]  # 95 %
    p: float  # two-sided
    adjusted_p: float  # for the number of tests that were made together, Holm's
    test: str  # MCNEMAR or RESAMPLED
    seeds: int  # S

    @property
    def is_better(self) -> bool:
        """Whether the share is significantly larger than the reference's."""
        return self.adjusted_p < SIGNIFICANT and self.value > 0

    @property
    def is_worse(self) -> bool:
        """Whether the share is significantly smaller than the reference's."""
        return self.adjusted_p < SIGNIFICANT and self.value < 0


def difference(correct: Correct, reference: Correct, train_images: int) -> Difference:
    """Return the difference of accuracy from correct answers (S, N), row s of both of one seed.

    McNemar's test for one seed, the corrected resampled test over more; `train_images` is the
    number of images that each run was trained on. Where all S differences are equal, their spread
    is unknown rather than 0, and McNemar's test of the first seed is returned with their mean.
    Raises InvalidValueError unless both arrays are bool and of one shape, S and N >= 1, and
    train_images >= 1.
    """
    _require_alike(correct, reference, train_images)
    return _difference(correct, reference, correct.shape[1] / train_images)


def recall_differences(
    correct: Correct,
    reference: Correct,
    labels: NDArray[np.integer[Any]],
    classes: int,
    train_images: int,
) -> list[Difference | None]:
    """Return the difference of each class's recall, as `difference` does; None without an image.

    labels: (N,) in 0..K-1. The p-values are adjusted for the number of classes that have images.
    """
    _require_alike(correct, reference, train_images)
    share = correct.shape[1] / train_images  # of a class nearly as of all
    members = [labels == k for k in range(classes)]  # (N,) each
    found = [_difference(correct[:, m], reference[:, m], share) for m in members if m.any()]
    by_class = iter(adjusted(found))
    return [next(by_class) if m.any() else None for m in members]


def adjusted(differences: Iterable[Difference]) -> list[Difference]:
    """Return the differences with Holm's adjustment for their number."""
    all_of_them = list(differences)
    values = holm(one.p for one in all_of_them)
    return [replace(one, adjusted_p=p) for one, p in zip(all_of_them, values, strict=True)]


def accuracy_interval(correct: Correct) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy from correct answers (S, N).

    Wilson's for one run, which is of other test images; Student's of the mean over the seeds for
    more, within [0, 1], which is of other seeds.
    """
    if len(correct) == 1:
        return wilson_interval(int(correct.sum()), correct.size)
    low, high = mean_interval(correct.mean(axis=1).tolist())
    return max(0.0, low), min(1.0, high)


def _difference(correct: Correct, reference: Correct, test_share: float) -> Difference:
    """Return the difference of shares; `test_share` is test images for each training image."""
    gained = (correct.sum(axis=1) - reference.sum(axis=1)).tolist()  # images, for each seed
    seeds, images = correct.shape
    if min(gained) == max(gained):
        one = mcnemar(correct[0], reference[0])
        return Difference(one.difference, one.interval, one.p, one.p, MCNEMAR, seeds)
    values = [n / images for n in gained]
    # corrected_resampled needs the two numbers of images only for their ratio.
    scale = 1_000_000
    mean = corrected_resampled(values, scale, max(1, round(scale * test_share)))
    low, high = mean.interval
    bounds = max(-1.0, low), min(1.0, high)
    return Difference(mean.mean, bounds, mean.p, mean.p, RESAMPLED, seeds)


def _require_alike(correct: Correct, reference: Correct, train_images: int) -> None:
    if train_images < 1:
        raise InvalidValueError(
            f"training images must be at least 1; received {train_images!r}; count those of a run"
        )
    sound = correct.dtype == reference.dtype == bool and correct.shape == reference.shape
    if not sound or correct.ndim != 2 or not correct.size:
        raise InvalidValueError(
            "correct answers must be two arrays (S, N) of bool, S and N >= 1; received "
            f"{correct.dtype} {correct.shape} and {reference.dtype} {reference.shape}; give a row "
            "for each seed that both have"
        )
