"""Robustness: a classifier's accuracy under fifteen corruptions in five strengths.

Every setting sees the same images: a sample of the test set with each class in proportion. Of 1,000
images an accuracy is known to about 3 %, and the difference of two settings, on the same images, to
less. The mean over all settings is 1 minus the mean of Hendrycks and Dietterich (2019) over their
corruption errors, without their division by another network's.

Symbols: N images, K classes, C corruptions, S strengths.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.corruptions import CORRUPTIONS, Corruption, Images
from fashionlab.evaluation.corruptions.images import require_images
from fashionlab.evaluation.intervals import wilson_interval

IMAGES = 1000  # of a sample: all settings of the shipped model take less than a minute on two cores
PART = 2**21  # values of images that are corrupted together: some arrays of 8 MB in float32

Labels = NDArray[np.integer[Any]]
Classify = Callable[[Images], Labels]
Log = Callable[[str], None]


@dataclass(frozen=True)
class Corrupted:
    """A corruption's strengths, and how many images were classified correctly at each."""

    name: str
    unit: str  # of the strengths
    strengths: tuple[float, ...]  # (S,) from hardly visible to severe
    correct: tuple[int, ...]  # (S,)


@dataclass(frozen=True)
class Robustness:
    """How many of the same images are classified correctly, as they are and corrupted."""

    images: int  # N, at each setting
    seed: int  # of the sample and of the corruptions
    clean: int  # correct of the images as they are
    corruptions: tuple[Corrupted, ...]  # (C,)

    @property
    def clean_accuracy(self) -> float:
        """The accuracy on the images as they are, in [0, 1]."""
        return self.clean / self.images

    @property
    def clean_interval(self) -> tuple[float, float]:
        """The 95 % interval of the clean accuracy, Wilson's."""
        return wilson_interval(self.clean, self.images)

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """The accuracy under each corruption at each strength, (C, S) in [0, 1]."""
        return np.array([one.correct for one in self.corruptions]) / self.images

    def interval(self, corruption: int, strength: int) -> tuple[float, float]:
        """Return the 95 % interval of one of `accuracies`, Wilson's; both count from 0."""
        return wilson_interval(self.corruptions[corruption].correct[strength], self.images)

    @property
    def mean(self) -> float:
        """The mean accuracy over all corruptions and strengths, in [0, 1]."""
        return float(self.accuracies.mean())


def robustness(
    classify: Classify,
    images: Images,
    labels: Labels,
    seed: int = 0,
    *,
    most: int = IMAGES,
    log: Log = lambda line: None,
) -> Robustness:
    """Measure a classifier's accuracy on a sample of images as they are, and corrupted.

    classify  a function of images (n, H, W[, 3]) to their predicted labels (n,)
    images    (N, H, W) or (N, H, W, 3) uint8; `most` of them are taken, or all
    labels    (N,)
    seed      decides the sample and all that is random in the corruptions: the same seed gives the
              same images. A corruption draws the same numbers at each strength.
    log       receives a line for each corruption

    Raises InvalidValueError for other images or labels, a negative seed, and a `classify` that does
    not return a label for each image.
    """
    require_images(images)
    taken = sample(labels, most, seed)
    if len(labels) != len(images):
        raise InvalidValueError(
            f"each image needs one label; received {len(images)} images and {len(labels)} labels; "
            "give both of the same set"
        )
    shown, truth = np.ascontiguousarray(images[taken]), labels[taken]
    clean = _correct(classify, shown, truth, lambda part: part)
    log(f"as they are: {clean / len(shown):.1%} of {len(shown):,} images")
    rows = []
    for place, corruption in enumerate(CORRUPTIONS):
        correct = tuple(
            _correct(classify, shown, truth, _change(corruption, strength, seed, place))
            for strength in corruption.strengths
        )
        rows.append(Corrupted(corruption.name, corruption.unit, corruption.strengths, correct))
        accuracies = ", ".join(f"{count / len(shown):.1%}" for count in correct)
        log(f"{corruption.name} ({place + 1} of {len(CORRUPTIONS)}): {accuracies}")
    return Robustness(len(shown), seed, clean, tuple(rows))


def sample(labels: Labels, most: int, seed: int) -> NDArray[np.intp]:
    """Return `most` of the places of labels (N,), or all, rising; each class in proportion.

    Of class k with n_k of the N labels there are ⌊most n_k / N⌋, or one more: the places that are
    left go to the classes with the largest remainders.
    Raises InvalidValueError for no labels, a negative seed, or `most` below 1.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iu":
        raise InvalidValueError(
            f"labels must be whole numbers (N,), one at least; received {labels.dtype} "
            f"{labels.shape}; give the labels of the images"
        )
    for name, value, least in (("seed", seed, 0), ("most", most, 1)):
        if type(value) is not int or value < least:
            raise InvalidValueError(
                f"{name} must be a whole number from {least}; received {value!r:.40}; try {least}"
            )
    if len(labels) <= most:
        return np.arange(len(labels))
    generator = np.random.default_rng(seed)
    found, counts = np.unique(labels, return_counts=True)  # (K,) both
    quotas, remainders = np.divmod(most * counts, len(labels))
    quotas[(-remainders).argsort(kind="stable")[: most - quotas.sum()]] += 1
    drawn = [
        generator.permutation(np.flatnonzero(labels == label))[:quota]
        for label, quota in zip(found, quotas, strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _change(
    corruption: Corruption, strength: float, seed: int, place: int
) -> Callable[[Images], Images]:
    generator = np.random.default_rng([seed, place])  # the same at each strength
    return lambda part: corruption.apply(part, strength, generator)


def _correct(
    classify: Classify, images: Images, labels: Labels, change: Callable[[Images], Images]
) -> int:
    """Return how many images are classified correctly after a change, a part of them at a time."""
    size = max(1, PART // math.prod(images.shape[1:]))
    correct = 0
    for start in range(0, len(images), size):
        part = images[start : start + size]
        found = np.asarray(classify(change(part)))
        if found.shape != (len(part),):
            raise InvalidValueError(
                f"classify must return a label for each of {len(part)} images; received an array "
                f"{found.shape}; return the argmax of the probabilities"
            )
        correct += int((found == labels[start : start + size]).sum())
    return correct
