"""The sentences of a study's page: the result, cautions, and what to search next."""

import math
from collections.abc import Iterator, Sequence

from fashionlab.report.formatting import (
    NO_BREAK,
    count,
    duration,
    interval,
    listing,
    percent,
    shortened,
)
from fashionlab.report.study.results import Results, accuracy
from fashionlab.report.study.study import NAMED, Axis, Trial, shown, some

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
    made = len(results.finished)
    which = f"best of {trials(made, 'finished ')}" if made > 1 else "only finished trial"
    said = (
        f"The {which} has {percent(best.accuracy)} validation accuracy (trial {best.number}, "
        f"95{NO_BREAK}% interval {interval(bounds)})."
    )
    return " ".join([said, *_gain(results, bounds[0]), *_front(results)])


def _gain(results: Results, low: float) -> Iterator[str]:
    """Return how the recipe as it was does, where a trial had its values."""
    own = results.unchanged
    if own is None:
        return
    if own is results.best:
        yield "It is the recipe as it was."
        return
    place = "below this interval" if accuracy(own) < low else "within it: no gain is shown"
    yield f"The recipe as it was has {percent(own.accuracy)} (trial {own.number}), {place}."


def _front(results: Results) -> Iterator[str]:
    """Return from where to where the Pareto front goes."""
    timed = [trial for trial in results.front if trial.seconds is not None]
    if results.is_front and len(timed) > 1:
        fastest, best = timed[-1], timed[0]
        yield (
            f"The Pareto front has {len(results.front)} trials, from "
            f"{duration(fastest.seconds or 0)} of training with {percent(fastest.accuracy)} to "
            f"{duration(best.seconds or 0)} with {percent(best.accuracy)}."
        )


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
    return f"{len(numbers)} trials ({some(list(map(str, numbers)))})"


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
