"""The verdict on a comparison: which recipe is better, by how much, and whether that may be chance.

A p-value is adjusted for the number of comparisons; below 0.05 a difference is called significant.
"""

from collections.abc import Sequence
from dataclasses import replace

from fashionlab.evaluation.comparison import Difference
from fashionlab.report.comparison.compare import Compared, Comparison
from fashionlab.report.comparison.groups import Group
from fashionlab.report.formatting import (
    interval,
    listing,
    p_value,
    percent,
    points,
    points_interval,
    shortened,
)

NAMED = 4  # recipes in a sentence


def verdict(comparison: Comparison) -> str:
    """Return the sentence at the top of the page."""
    rows, reference = comparison.rows, comparison.reference
    if comparison.is_given:
        return _gate(rows)
    if not rows:
        return (
            f"All runs are of one recipe, {_short(reference.name)}: its mean accuracy over "
            f"{len(reference.members)} seeds is {_accuracy(reference)}."
        )
    if len(rows) == 1:
        return _alone(rows[0])
    return (
        f"{_short(reference.name)} is the most accurate with {_accuracy(reference)}. "
        f"{_others(rows)}"
    )


def _accuracy(group: Group) -> str:
    return f"{percent(group.accuracy)} (95 % interval {interval(group.interval)})"


def apart(one: Difference) -> str:
    """Return a difference with its interval, the p-value and the test."""
    seeds = f" over {one.seeds} seeds" if one.seeds > 1 else ""
    return (
        f"{points(one.value)}, 95 % interval {points_interval(one.interval)}, "
        f"{p_value(one.adjusted_p)}, {one.test}{seeds}"
    )


def _alone(row: Compared) -> str:
    """Return the sentence on two recipes."""
    one, better, worse = row.difference, _short(row.name), _short(row.reference)
    if one.value < 0:
        better, worse = worse, better
        low, high = one.interval
        one = replace(one, value=-one.value, interval=(-high, -low))
    if one.is_better:
        return f"{better} is more accurate than {worse}: {apart(one)}."
    return (
        f"No difference between {better} and {worse} is shown: that of the first to the second is "
        f"{apart(one)}."
    )


def _others(rows: Sequence[Compared]) -> str:
    """Return how the others differ from the most accurate."""
    worse = [row for row in rows if row.difference.is_worse]
    same = [row for row in rows if not row.difference.is_worse]
    said = []
    if worse:
        named = _named([f"{_short(r.name)} ({points(r.difference.value)})" for r in worse])
        said.append(f"Significantly less accurate: {named}.")
    if same:
        named = _named(
            [
                f"{_short(row.name)} ({points(one.value)}, {p_value(one.adjusted_p)})"
                for row, one in ((row, row.difference) for row in same)
            ]
        )
        said.append(f"No difference to it is shown for {named}.")
    return " ".join(said)


def _gate(rows: Sequence[Compared]) -> str:
    """Return PASS or FAIL, and why."""
    worse = [row for row in rows if row.difference.is_worse]
    if len(worse) == 1:
        (one,) = worse
        return (
            f"FAIL: {_short(one.name)} is significantly less accurate than the reference, "
            f"{_short(one.reference)} ({apart(one.difference)})."
        )
    if worse:
        named = _named([f"{_short(row.name)} ({apart(row.difference)})" for row in worse])
        return f"FAIL: significantly less accurate than the reference are {named}."
    lowest = min(rows, key=lambda row: row.difference.interval[0])
    name, reference = _short(lowest.name), _short(lowest.reference)
    if lowest.difference.is_better and len(rows) == 1:
        return (
            f"PASS: {name} is significantly more accurate than the reference, {reference} "
            f"({apart(lowest.difference)})."
        )
    subject, it = (f"{name} is not", "it") if len(rows) == 1 else (f"none of {len(rows)} is", name)
    said = f"PASS: {subject} significantly less accurate than the reference, {reference}"
    loss = -lowest.difference.interval[0]
    if loss > 0:
        limit = points(loss).lstrip("+")
        return (
            f"{said}; {it} may still be up to {limit} less accurate ({apart(lowest.difference)})."
        )
    return f"{said}; the lowest difference is that of {name} ({apart(lowest.difference)})."


def _named(texts: Sequence[str]) -> str:
    if len(texts) <= NAMED:
        return listing(texts)
    return f"{', '.join(texts[:NAMED])} and {len(texts) - NAMED} more"


def _short(name: str) -> str:
    return shortened(name, 60)
