"""Samples: the most confident errors and the least confident hits."""

import math
from typing import Any, NamedTuple

from markupsafe import Markup
from numpy.typing import NDArray

from fashionlab.evaluation.examples import least_confident_hits, most_confident_errors
from fashionlab.report.run.pictures import TestImages

SHOWN = 24  # images of each kind


class Guess(NamedTuple):
    """A class and its probability."""

    name: str
    probability: float
    is_true: bool


class Sample(NamedTuple):
    """A test image with the true class and the two most probable ones."""

    picture: Markup
    true: str
    guesses: list[Guess]


def confident_errors(test: TestImages) -> list[Sample]:
    """Return the misclassified images of the highest probability, the surest first."""
    return _samples(
        test, most_confident_errors(test.log_probabilities, test.labels, len(test.labels))
    )


def unsure_hits(test: TestImages) -> list[Sample]:
    """Return the correctly classified images of the lowest probability, the least sure first."""
    return _samples(
        test, least_confident_hits(test.log_probabilities, test.labels, len(test.labels))
    )


def _samples(test: TestImages, indices: NDArray[Any]) -> list[Sample]:
    found = []
    for index in indices:
        if test.has(int(index)):
            found.append(_sample(test, int(index)))
        if len(found) == SHOWN:
            break
    return found


def _sample(test: TestImages, index: int) -> Sample:
    row, label = test.log_probabilities[index], int(test.labels[index])
    best = (-row).argsort(kind="stable")[:2].tolist()
    guesses = [Guess(test.class_names[k], math.exp(row[k]), k == label) for k in best]
    if label not in best:
        guesses.append(Guess(test.class_names[label], math.exp(row[label]), True))
    return Sample(test.show(index), test.class_names[label], guesses)
