"""Verdict: the sentence at the top of the page, and the simple baselines next to it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fashionlab.evaluation.baselines import Baseline
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.significance import SIGNIFICANT, mcnemar
from fashionlab.report.formatting import count, interval, listing, p_value, percent, points
from fashionlab.report.run.pictures import TestImages
from fashionlab.report.view import RunView


class Compared(NamedTuple):
    """A simple baseline, and how the run compares with it on the same images."""

    name: str
    description: str
    accuracy: float
    bounds: tuple[float, float]
    difference: float  # the run's accuracy less the baseline's
    difference_bounds: tuple[float, float]
    p: float


def compared(test: TestImages, baselines: Sequence[Baseline]) -> list[Compared]:
    """Return each baseline next to the run, by rising accuracy."""
    right = test.predicted == test.labels
    found = []
    for one in baselines:
        theirs = np.asarray(one.predicted == test.labels)
        correct = int(theirs.sum())
        tested = mcnemar(right, theirs)
        found.append(
            Compared(
                one.name,
                one.description,
                correct / len(theirs),
                wilson_interval(correct, len(theirs)),
                tested.difference,
                tested.interval,
                tested.p,
            )
        )
    return sorted(found, key=lambda one: one.accuracy)


def verdict(view: RunView, baselines: Sequence[Compared]) -> str:
    """Return how good the run is, how sure that is, and whether simple methods do as well."""
    metrics = view.metrics
    said = (
        f"{view.recipe.name} classifies {percent(metrics.accuracy)} of the {count(view.images)} "
        f"test images correctly (95 % interval {interval(metrics.accuracy_interval)})"
    )
    if not baselines:
        return f"{said}."
    best = baselines[-1]
    if best.p >= SIGNIFICANT:
        return (
            f"{said}, which is no significant difference to the best simple baseline, {best.name} "
            f"with {percent(best.accuracy)} ({p_value(best.p)})."
        )
    more = "more" if best.difference > 0 else "less"
    return (
        f"{said}, {points(abs(best.difference)).lstrip('+')} {more} than the best simple baseline, "
        f"{best.name} ({p_value(best.p)})."
    )


def weakest(view: RunView) -> str:
    """Return a sentence on the classes of the lowest and the highest recall; "" for one class."""
    recall, support = view.metrics.recall, view.metrics.support
    present = [k for k, images in enumerate(support) if images]
    if len(present) < 2:
        return ""
    worst, best = (choose(present, key=lambda k: recall[k]) for choose in (min, max))
    if recall[worst] == recall[best]:
        return f"Of every class it recognises {percent(recall[worst], 1)} of the images."
    names = view.class_names
    return (
        f"Of the classes it recognises {names[worst]} least ({percent(recall[worst], 1)} of its "
        f"images) and {names[best]} best ({percent(recall[best], 1)})."
    )


def absent(view: RunView) -> str:
    """Return the classes that no test image has, in a sentence; "" for none."""
    names = [
        name
        for name, images in zip(view.class_names, view.metrics.support, strict=True)
        if not images
    ]
    if not names:
        return ""
    shown = names if len(names) <= 5 else [*names[:4], f"{len(names) - 4} more"]
    return f"No test image is of the class{'es' if len(names) > 1 else ''} {listing(shown)}."
