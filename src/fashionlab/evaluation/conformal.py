"""Conformal prediction sets: of 100 sets at the level 95 %, at least 95 hold the true class.

The score of an image is s = 1 - p of its true class, and a class is in the set of an image where
its own 1 - p is at most the quantile of the n held-out images' scores: the least ambiguous
set-valued classifier of Sadinle, Lei and Wasserman, 2019. The quantile is the
ceil((n + 1) level)-th smallest score (Vovk, 2005: the new image counts too), and 1 where n is too
small to have one, so that every class is in the set.

The promise holds on average over new images that come from where the held-out ones came from, in
all or, class-conditional, in each class. It says nothing of other photos, nor of a single one.

A set may be empty: no class is likely enough. Such an image resembles none of those that the level
covers, and counts as one whose set misses the truth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation import ranks
from fashionlab.evaluation.metrics import Labels, LogProbabilities, class_indices
from fashionlab.typed import Share

LEVELS = (0.9, 0.95, 0.99)
LEVEL = 0.95  # the usual one
# A quantile is rounded up by one or two of 1 / STEPS: float32 probabilities that are summed in
# another order, as in a browser, leave no class out.
STEPS = 1_000_000
ROUNDING = 1e-9  # of (n + 1) level, which is a whole number for many n and not always in float64

Row = TypeVar("Row", np.float64, np.bool_)


@dataclass(frozen=True)
class Quantiles:
    """The highest 1 - p of a class in the set, by level; in all and class by class."""

    levels: tuple[Share, ...]  # (L,) ascending
    all: tuple[Share, ...]  # (L,)
    by_class: tuple[tuple[Share, ...], ...]  # (L, K)


@dataclass(frozen=True)
class Coverage:
    """How often sets hold the true class, and how large they are; None for a class without images.

    The lists have one entry per class, in label order.
    """

    coverage: float  # share of the images whose set holds the true class
    size: float  # classes in a set, on average
    empty: float  # share of the images whose set is empty
    coverage_by_class: tuple[float | None, ...]  # (K,) of the images of a class
    size_by_class: tuple[float | None, ...]  # (K,)


def quantiles(
    log_probabilities: LogProbabilities, labels: Labels, levels: Sequence[float] = LEVELS
) -> Quantiles:
    """Return the quantiles of held-out images (N, K) with labels (N,), for levels in (0, 1).

    The probabilities must be those that the sets will be made of, tempered like them. Raises
    InvalidValueError without an image, for labels that are no classes, or another level.
    """
    p, y = _checked(np.exp(np.asarray(log_probabilities, np.float64)), labels)
    if not levels or not all(0 < level < 1 for level in levels) or sorted(levels) != [*levels]:
        raise InvalidValueError(
            f"levels must be between 0 and 1, ascending; received {list(levels)}; "
            f"try {', '.join(map(str, LEVELS))}"
        )
    scores = 1 - p[np.arange(len(y)), y]  # (N,)
    own = [np.sort(scores[y == k]) for k in range(p.shape[1])]
    whole = np.sort(scores)
    return Quantiles(
        levels=tuple(levels),
        all=tuple(_quantile(whole, level) for level in levels),
        by_class=tuple(tuple(_quantile(one, level) for one in own) for level in levels),
    )


def _quantile(scores: NDArray[np.float64], level: float) -> float:
    """Return the ceil((n + 1) level)-th of n ascending scores, 1 where there are too few."""
    rank = math.ceil((len(scores) + 1) * level - ROUNDING)
    if rank > len(scores):
        return 1.0
    return _rounded(float(scores[rank - 1]))


def _rounded(score: float) -> float:
    return min(1.0, (math.floor(score * STEPS) + 2) / STEPS)


def carried(
    found: Quantiles, theirs: LogProbabilities, ours: LogProbabilities, labels: Labels
) -> Quantiles:
    """Return quantiles for another network, by their rank among scores of the same images (N,).

    `theirs` (N, K) are of the network that has the quantiles, `ours` (N, K) of the other, and
    neither held these images out. A quantile of 1, which has every class in the set, stays.
    """
    rows = np.arange(len(labels))
    s, t = (1 - np.exp(np.float64(p))[rows, labels] for p in (theirs, ours))  # (N,)

    def one(quantile: float, own: NDArray[np.bool_]) -> float:
        known = quantile < 1 and own.any()
        return _rounded(ranks.carried(quantile, s[own], t[own])) if known else quantile

    everyone = np.ones(len(labels), bool)
    return Quantiles(
        levels=found.levels,
        all=tuple(one(quantile, everyone) for quantile in found.all),
        by_class=tuple(
            tuple(one(quantile, labels == k) for k, quantile in enumerate(row))
            for row in found.by_class
        ),
    )


def limits(
    quantiles: Quantiles | None, level: float = LEVEL, by_class: bool = False
) -> list[float]:
    """Return the highest 1 - p of each class in the set, (K,).

    Raises InvalidValueError for a level that the quantiles do not have, or a model without any.
    """
    if quantiles is None:
        raise InvalidValueError(
            "prediction sets need a model that has quantiles of held-out images; received one "
            "without; export its run again, calibrated"
        )
    if level not in quantiles.levels:
        raise InvalidValueError(
            f"a level must be {_either(quantiles.levels)}; received {level}; choose one of these"
        )
    row = quantiles.levels.index(level)
    own = quantiles.by_class[row]
    return [*own] if by_class else [quantiles.all[row]] * len(own)


def _either(levels: Sequence[float]) -> str:
    *some, last = map(str, levels)
    return f"{', '.join(some)} or {last}" if some else last


def members(
    probabilities: NDArray[np.float32] | NDArray[np.float64], limits: Sequence[float]
) -> NDArray[np.bool_]:
    """Return which classes (N, K) are in the set of each image, by probabilities (N, K)."""
    return np.asarray(1 - np.asarray(probabilities, np.float64) <= np.asarray(limits))


def coverage(members: NDArray[np.bool_], labels: Labels) -> Coverage:
    """Measure sets (N, K) against labels (N,).

    Raises InvalidValueError without an image, or for labels that are no classes.
    """
    sets, y = _checked(members, labels)
    held, sizes = sets[np.arange(len(y)), y], sets.sum(axis=1)  # (N,)
    classes = range(sets.shape[1])
    return Coverage(
        coverage=float(held.mean()),
        size=float(sizes.mean()),
        empty=float((sizes == 0).mean()),
        coverage_by_class=tuple(_mean(held[y == k]) for k in classes),
        size_by_class=tuple(_mean(sizes[y == k]) for k in classes),
    )


def _checked(rows: NDArray[Row], labels: Labels) -> tuple[NDArray[Row], NDArray[np.int64]]:
    """Return rows (N, K) and their labels (N,); InvalidValueError where they are no such pair."""
    if rows.ndim != 2 or not rows.size:
        raise InvalidValueError(
            f"prediction sets need held-out images, (N, K) with N, K >= 1; received {rows.shape}; "
            "pass one row per image"
        )
    if np.isnan(rows).any():
        raise InvalidValueError("probabilities must be numbers; received NaN; drop the failed run")
    y = class_indices("labels", labels, rows.shape[1])
    if len(y) != len(rows):
        raise InvalidValueError(
            f"images and labels must be as many; received {len(rows)} and {len(y)}; pass one of "
            "each per image"
        )
    return rows, y


def _mean(values: NDArray[np.bool_] | NDArray[np.int64]) -> float | None:
    return float(values.mean()) if len(values) else None
