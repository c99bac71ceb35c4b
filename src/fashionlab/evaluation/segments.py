"""Segments of the test images, and which are weak: where accuracy is significantly lower.

    brightness, contrast, covered area   fifths of the images by each
    classes                              the two most probable classes of an image: it may be either

Each segment is tested against all other images by Fisher's exact test; the p-values are adjusted by
Holm's method for the number of segments, since among 50 tests a p of 0.02 is nothing unusual.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.appearance import appearance
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.metrics import Labels, LogProbabilities, checked_rows
from fashionlab.evaluation.significance import SIGNIFICANT, fisher_lower, holm

Kind = Literal["brightness", "contrast", "covered area", "classes"]
Hits = NDArray[np.bool_]  # (N,)

GROUPS = 5  # fifths
LEAST_IMAGES = 10  # of a segment: with fewer, hardly any accuracy is significantly lower


@dataclass(frozen=True)
class Segment:
    """A part of the test images, and how its accuracy compares with that of all others."""

    kind: Kind
    name: str  # for people: "brightness 12 to 45.3", "Shirt or Coat"
    bounds: tuple[float, float] | None  # the least and the greatest value in it; or
    classes: tuple[int, int] | None  # the pair of class indices, the lower first
    images: int
    correct: int  # of these
    rest_images: int  # all others
    rest_correct: int
    p: float  # one-sided, of an accuracy that is lower than that of the rest
    adjusted_p: float  # for the number of segments

    @property
    def accuracy(self) -> float:
        """The share of correct images in the segment, in [0, 1]."""
        return self.correct / self.images

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, Wilson's."""
        return wilson_interval(self.correct, self.images)

    @property
    def rest_accuracy(self) -> float:
        """The share of correct images among all others, in [0, 1]."""
        return self.rest_correct / self.rest_images

    @property
    def is_weak(self) -> bool:
        """Whether the accuracy is significantly lower than that of the rest."""
        return self.adjusted_p < SIGNIFICANT


class _Part(NamedTuple):
    """A segment before its test: the first fields of Segment."""

    kind: Kind
    name: str
    bounds: tuple[float, float] | None
    classes: tuple[int, int] | None
    images: int
    correct: int


def segments(
    images: NDArray[np.uint8],
    log_probabilities: LogProbabilities,
    labels: Labels,
    class_names: Sequence[str],
) -> tuple[Segment, ...]:
    """Return the segments of images (N, H, W[, 3]) with predictions (N, K) and labels (N,).

    By kind, then by rising value or class index. A segment has at least LEAST_IMAGES images, and
    not all of them: 12 test images have none. Images of equal value are in the same segment.
    `appearance` defines brightness, contrast and covered area. Mapped images are read in blocks.
    Raises InvalidValueError where the arrays or the number of names do not fit.
    """
    lp, y = checked_rows(log_probabilities, labels)
    if len(images) != len(y) or len(class_names) != lp.shape[1]:
        raise InvalidValueError(
            f"images and class names must fit predictions {lp.shape}; received {len(images)} and "
            f"{len(class_names)}; pass those of the same data set"
        )
    correct = lp.argmax(axis=1) == y  # (N,)
    total, hits = len(y), int(np.count_nonzero(correct))
    found = [*_by_appearance(images, correct), *_by_classes(lp, correct, class_names)]
    parts = [part for part in found if LEAST_IMAGES <= part.images < total]
    rests = [(total - part.images, hits - part.correct) for part in parts]
    p = [
        fisher_lower(part.correct, part.images, rest_correct, rest_images)
        for part, (rest_images, rest_correct) in zip(parts, rests, strict=True)
    ]
    return tuple(
        Segment(*part, *rest, value, adjusted)
        for part, rest, value, adjusted in zip(parts, rests, p, holm(p), strict=True)
    )


def _by_appearance(images: NDArray[np.uint8], correct: Hits) -> Iterator[_Part]:
    looks = appearance(images)
    yield from _groups("brightness", looks.brightness, correct)
    yield from _groups("contrast", looks.contrast, correct)
    yield from _groups("covered area", looks.covered, correct, 100, " %")


def _groups(
    kind: Kind, values: NDArray[np.float64], correct: Hits, scale: float = 1, unit: str = ""
) -> Iterator[_Part]:
    """Yield GROUPS groups by value (N,), or fewer, as LEAST_IMAGES images or equal values allow."""
    number = min(GROUPS, len(values) // LEAST_IMAGES)
    if number < 2:
        return
    shares = np.arange(1, number) / number
    # An edge is the greatest value of its group, so that equal values are on one side of it.
    edges = np.quantile(values, shares, method="inverted_cdf")
    group = edges.searchsorted(values)  # (N,)
    for g in np.unique(group):
        inside = values[group == g]
        low, high = float(inside.min()), float(inside.max())
        shown = dict.fromkeys(f"{scale * bound:.3g}{unit}" for bound in (low, high))
        name, hits = f"{kind} {' to '.join(shown)}", np.count_nonzero(correct[group == g])
        yield _Part(kind, name, (low, high), None, len(inside), int(hits))


def _by_classes(
    lp: NDArray[np.float64], correct: Hits, class_names: Sequence[str]
) -> Iterator[_Part]:
    """Yield the pairs of classes that are the two most probable of an image, the lower on a tie."""
    n, classes = lp.shape
    if classes < 2:
        return
    first = lp.argmax(axis=1)
    others = np.maximum(lp, np.finfo(np.float64).min)  # a copy; -inf is left for the first
    others[np.arange(n), first] = -np.inf
    second = others.argmax(axis=1)
    pair = np.minimum(first, second) * classes + np.maximum(first, second)  # (N,)
    images, hits = np.bincount(pair), np.bincount(pair, correct)
    for found in np.flatnonzero(images):
        a, b = divmod(int(found), classes)
        name = f"{class_names[a]} or {class_names[b]}"
        yield _Part("classes", name, None, (a, b), int(images[found]), int(hits[found]))
