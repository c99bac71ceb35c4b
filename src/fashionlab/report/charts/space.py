"""The searched parameters: importance, parallel coordinates, and accuracy by value."""

from collections.abc import Mapping, Sequence
from statistics import median
from textwrap import wrap
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fashionlab.report.charts.svg import (
    AXIS,
    BLUE,
    FAINT,
    GRID,
    INK,
    PAPER,
    PER_CENT,
    POINTS_PER_INCH,
    RED,
    SCALE,
    SOFT,
    Mark,
    element,
    shortened,
    styled,
)
from fashionlab.report.charts.trials import Shown, limits, plot, steps
from fashionlab.report.formatting import percent
from fashionlab.text import printable

ROW = 0.3  # inches of a bar
WIDTH, HEIGHT = 10.0, 4.0  # inches of parallel coordinates
WIDEST = 2.2  # inches between two axes
PANEL = (3.4, 2.3)  # inches of an accuracy by value
LETTER, SMALL_LETTER = 5.6, 5.2  # points of a letter of a name, and of a label
LINES, LONGEST = 3, 14  # of a name above an axis, and the letters of a line
LABELS = 20  # at an axis, one above the other


class Dimension(NamedTuple):
    """A parameter as an axis from 0 to 1."""

    name: str
    places: Sequence[float | None]  # of each trial; None where it has no value
    ticks: Sequence[tuple[float, str]]
    bins: Sequence[tuple[float, float, str]]  # parts of the axis, with the name of each
    is_choice: bool


@styled()
def importance(shares: Mapping[str, float], name: str, alt: str) -> Markup:
    """Draw a bar for each parameter: its share of the variance, the largest first."""
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    height = ROW * len(ordered) + 0.55
    figure = Figure(figsize=(5.2, height))
    axes = figure.add_axes((0.44, 0.45 / height, 0.48, ROW * len(ordered) / height))
    rows = range(len(ordered))
    axes.barh(rows, [share for _, share in ordered], 0.62, color=BLUE)
    axes.set_ylim(len(ordered) - 0.4, -0.6)
    axes.set_yticks(rows, [shortened(parameter, 30) for parameter, _ in ordered])
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, max([1.08 * share for _, share in ordered if share > 0], default=1))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel("Share of the variance of the accuracy")
    for row, (_, share) in enumerate(ordered):
        axes.annotate(
            percent(share, 0), (share, row), xytext=(4, 0), textcoords="offset points", va="center",
            color=SOFT, fontsize=9, annotation_clip=False,
        )  # fmt: skip
    marks = [
        Mark(axes, axes.get_xlim(), (row - 0.5, row + 0.5), f"{parameter}: {percent(share, 1)}")
        for row, (parameter, share) in enumerate(ordered)
    ]
    return element(figure, name, alt, marks)


@styled()
def parallel_coordinates(
    dimensions: Sequence[Dimension],
    trials: Sequence[Shown],
    bounds: tuple[float, float] | None,
    name: str,
    alt: str,
) -> Markup:
    """Draw a line for each trial over all parameters to its accuracy, the axis at the right side.

    Its colour is its fifth of the finished trials, or that of the best. The lines of pruned ones,
    which have no final accuracy, end before it.
    """
    gaps = len(dimensions)
    gap = min(WIDEST, (WIDTH - 1.5) / gaps)
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0.6 / WIDTH, 0.03, gaps * gap / WIDTH, 0.8))
    axes.set_axis_off()
    axes.set_xlim(0, gaps)
    axes.set_ylim(-0.02, 1.02)
    low, high = limits(trials, bounds)
    step = steps(trials)
    order = sorted(
        range(len(trials)),
        key=lambda n: (trials[n].is_finished, trials[n].is_best, trials[n].accuracy),
    )
    for n in order:
        trial = trials[n]
        y = [one.places[n] for one in dimensions]
        if trial.is_finished:
            y.append(max(0.0, (trial.accuracy - low) / (high - low)))
        points = [(x, place) for x, place in enumerate(y) if place is not None]
        if trial.is_best:
            style: dict[str, Any] = {"color": RED, "linewidth": 2.4}
        elif trial.is_finished:
            style = {"color": SCALE[step[trial.number]], "linewidth": 1.1, "alpha": 0.85}
        else:
            style = {"color": FAINT, "linewidth": 0.7, "alpha": 0.5, "linestyle": (0, (3, 2))}
        axes.plot([x for x, _ in points], [p for _, p in points], **style)
    letters = min(int(gap * POINTS_PER_INCH / LETTER), LONGEST)
    ticks = [place for place in MaxNLocator(5).tick_values(low, high) if low <= place <= high]
    accuracy = [((place - low) / (high - low), PER_CENT(place)) for place in ticks]
    for x, one in enumerate(dimensions):
        room = int(gap * POINTS_PER_INCH / SMALL_LETTER) - 3
        _axis(axes, x, _lines(one.name, letters), one.ticks, max(room, 6))
    _axis(axes, gaps, "validation\naccuracy", accuracy, 12)
    marks = [mark for x, one in enumerate(dimensions) for mark in _bins(axes, x, one, trials)]
    return element(figure, name, alt, marks)


def _axis(
    axes: Axes, x: float, title: str, ticks: Sequence[tuple[float, str]], letters: int
) -> None:
    """Draw an axis with its name above it and its labels at its right side."""
    axes.plot([x, x], [0, 1], color=INK, linewidth=1, zorder=6, clip_on=False)
    axes.annotate(
        title, (x, 1.02), xytext=(0, 7), textcoords="offset points", ha="center", va="bottom",
        color=INK, fontsize=9.5, annotation_clip=False,
    )  # fmt: skip
    every = -(-len(ticks) // LABELS)
    for place, label in ticks[::every]:
        axes.plot([x], [place], "_", color=INK, markersize=6, zorder=6, clip_on=False)
        axes.annotate(
            shortened(label, letters), (x, place), xytext=(6, 0), textcoords="offset points",
            va="center", color=INK, fontsize=8.5, zorder=7, annotation_clip=False,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.82},
        )  # fmt: skip


def _lines(name: str, letters: int) -> str:
    """Return a name in lines, broken after a dot or underscore where there is one."""
    spaced = printable(name).replace(".", ". ").replace("_", "_ ")
    lines: list[str] = []
    for part in wrap(spaced, max(letters, 6)):
        lines.append(part.replace(". ", ".").replace("_ ", "_"))
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"{lines[LINES - 1][:-1]}…"]
    return "\n".join(lines)


def _bins(axes: Axes, x: float, one: Dimension, trials: Sequence[Shown]) -> list[Mark]:
    """Return a mark for each part of an axis that finished trials have, around the axis."""
    return [
        Mark(axes, (x - 0.12, x + 0.12), (low, high), f"{one.name} {words}")
        for low, high, words in described(one, trials)
    ]


def described(one: Dimension, trials: Sequence[Shown]) -> list[tuple[float, float, str]]:
    """Return the parts of an axis that finished trials have, and what these reach there."""
    parts = []
    for number, (low, high, label) in enumerate(one.bins):
        is_last = number == len(one.bins) - 1
        here = [
            trial
            for place, trial in zip(one.places, trials, strict=True)
            if place is not None and trial.is_finished
            and low <= place and (place < high or is_last)
        ]  # fmt: skip
        if here:
            best = max(here, key=lambda trial: trial.accuracy)
            middle = median(trial.accuracy for trial in here)
            words = (
                f"{label}: {len(here)} finished trial{'' if len(here) == 1 else 's'}, the best "
                f"{percent(best.accuracy)} (trial {best.number}), median {percent(middle)}"
            )
            parts.append((low, high, words))
    return parts


@styled()
def accuracy_by_value(
    one: Dimension,
    trials: Sequence[Shown],
    bounds: tuple[float, float] | None,
    name: str,
    alt: str,
) -> Markup:
    """Draw the accuracy of each trial that has a value of the parameter, against it.

    A choice has a line at the median of its finished trials.
    """
    figure = Figure(figsize=PANEL)
    axes = figure.add_axes((0.17, 0.13, 0.8, 0.75))
    axes.set_ylim(*limits(trials, bounds))
    axes.set_xlim(-0.03, 1.03)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_title(shortened(one.name, 36), fontsize=10, color=INK, loc="left", pad=6)
    low, high = axes.get_ylim()
    if bounds:
        axes.axhspan(max(bounds[0], low), min(bounds[1], high), color=GRID, linewidth=0)
    pairs = [(p, trial) for p, trial in zip(one.places, trials, strict=True) if p is not None]
    plot(axes, [place for place, _ in pairs], [trial for _, trial in pairs])
    axes.set_xticks([place for place, _ in one.ticks], _labels(one))
    axes.tick_params(labelsize=9)
    if one.is_choice:
        axes.grid(visible=False, axis="x")
        for left, right, _ in one.bins:
            here = [t.accuracy for p, t in pairs if t.is_finished and left <= p < right]
            if here:
                middle, rim = max(median(here), low), 0.15 * (right - left)
                axes.plot([left + rim, right - rim], [middle] * 2, color=AXIS, linewidth=2)
    marks = [
        Mark(axes, (left, right), None, f"{one.name} {words}")
        for left, right, words in described(one, trials)
    ]
    return element(figure, name, alt, marks)


def _labels(one: Dimension) -> list[str]:
    """Return the labels of ticks below an axis: of many choices some, and each as it fits."""
    if not one.is_choice:
        return [label for _, label in one.ticks]
    room = int(PANEL[0] * POINTS_PER_INCH * 0.8 / LETTER)
    every = -(-len(one.ticks) * 6 // room)  # 6 letters at least
    letters = max(room * every // max(len(one.ticks), 1) - 1, 3)
    return [
        shortened(label, letters) if n % every == 0 else ""
        for n, (_, label) in enumerate(one.ticks)
    ]
