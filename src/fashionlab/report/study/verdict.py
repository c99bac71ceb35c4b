"""The sentences of a study's page: the result, cautions, and what to search next."""

import math
from collections.abc import Iterator, Sequence

from fashionlab.report.formatting import count, interval, listing, percent, shortened
from fashionlab.report.study.results import Results, accuracy
from fashionlab.report.study.study import Axis, Trial, shown

NAMED = 12  # trials in a sentence
NEAR = 0.05  # of a range: what counts as its end


def verdict(results: Results) -> str:
    """Return the sentence at the top of the page."""
    best, bounds = results.best, results.interval
    if best is None or bounds is None:
        if not results.trials:
            return "No trial has been made yet."
        return (
            f"None of {trials(len(results.trials))} has finished, so there is no best recipe yet."
        )
    said = (
        f"The best of {trials(len(results.finished), 'finished ')} has {percent(best.accuracy)} "
        f"validation accuracy (trial {best.number}, 95 % interval {interval(bounds)})."
    )
    own = results.unchanged
    if own is None:
        return said
    if own is best:
        return f"{said} It is the recipe as it was."
    if accuracy(own) >= bounds[0]:
        return (
            f"{said} The recipe as it was has {percent(own.accuracy)} (trial {own.number}), within "
            "this interval: no gain is shown."
        )
    return f"{said} The recipe as it was has {percent(own.accuracy)} (trial {own.number})."


def cautions(results: Results) -> list[str]:
    """Return what a reader has to know about the best trial's accuracy."""
    if results.best is None:
        return []
    images = count(results.study.images_held_out)
    made, said = len(results.finished), []
    if made > 1:
        said.append(
            f"The best of {made} trials is an optimistic figure: it was chosen by its accuracy on "
            f"the same {images} validation images. Expect less on other images."
        )
    said.append(
        "No trial read the test set. Train the best recipe, which measures its accuracy there, "
        "once."
    )
    return [*said, *_ties(results)]


def _ties(results: Results) -> list[str]:
    if len(results.finished) < 2:
        return []
    same = results.within
    if not same:
        return ["No other trial lies within the interval of the best one."]
    numbers = sorted(trial.number for trial in same)
    them = "it" if len(same) == 1 else "they"
    return [
        f"Differences smaller than the interval count as none: {_numbered(numbers)} "
        f"{'lies' if len(same) == 1 else 'lie'} within the interval of the best one, and {them} "
        "may be as good."
    ]


def _numbered(numbers: Sequence[int]) -> str:
    """Return trial 3; trials 3 and 5; 20 trials (3, 5, ... and 8 more)."""
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    if len(numbers) <= NAMED:
        return f"trials {listing(list(map(str, numbers)))}"
    named = ", ".join(map(str, numbers[:NAMED]))
    return f"{len(numbers)} trials ({named} and {len(numbers) - NAMED} more)"


def trials(number: int, kind: str = "") -> str:
    """Return 1 trial, or 3 finished trials."""
    return f"{number} {kind}trial{'' if number == 1 else 's'}"


def next_steps(results: Results) -> list[str]:
    """Return where to search next: beyond the end of a range at which the best value lies."""
    best = results.best
    return list(_ends(results.study.space, best)) if best and len(results.finished) > 1 else []


def _ends(space: Sequence[Axis], best: Trial) -> Iterator[str]:
    for axis in space:
        value = best.parameters.get(axis.name)
        if axis.low is None or axis.high is None or not isinstance(value, int | float):
            continue
        end = _end(axis, axis.low, axis.high, value)
        if end:
            to = shown(axis.low if end == "lower" else axis.high)
            yield (
                f"The best {shortened(axis.name)}, {shown(value)}, lies at the {end} end of what "
                f"was searched ({to}): a wider range may have a better one."
            )


def _end(axis: Axis, low: float, high: float, value: float) -> str:
    """Return "lower" or "upper" where a value lies at an end of its range, "" elsewhere."""
    if not low < high:
        return ""
    if axis.kind == "int":
        lower, upper = value <= low, value >= high
    else:
        of = math.log if axis.log and min(low, value) > 0 else float
        place = (of(value) - of(low)) / (of(high) - of(low))
        lower, upper = place < NEAR, place > 1 - NEAR
    if lower and low != 0:  # below 0 there is nothing to search for most parameters
        return "lower"
    return "upper" if upper else ""
