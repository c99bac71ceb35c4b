"""Recipes next to each other: accuracies, accuracy by epoch, accuracy against cost."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from fashionlab.report.charts.svg import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    PER_CENT,
    PINK,
    POINTS_PER_INCH,
    RED,
    SKY,
    SOFT,
    Mark,
    element,
    label_ends,
    shortened,
    styled,
)
from fashionlab.report.formatting import percent

# As `scatter.swatch` has them: what comes later begins again.
COLOURS = (BLUE, RED, GREEN, PINK, ORANGE, SKY, FAINT)
LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))  # of each round of colours
ROW = 0.36  # inches of a recipe
SIZE = (5.2, 3.3)  # inches, width and height
MOST_LINES = 14  # names at the right side that do not touch
LINE = 12.5  # points of a line of text
LOGARITHMIC = 8  # ratio of the largest to the smallest value from which an axis is logarithmic

Curve = Sequence[tuple[float, float]]  # epoch and accuracy


class Accuracies(NamedTuple):
    """The accuracy of a recipe: the mean with its interval, and that of each run."""

    name: str
    number: int  # for its colour
    mean: float
    bounds: tuple[float, float]
    runs: Sequence[float]
    words: str


class Course(NamedTuple):
    """The accuracy of a recipe's runs by epoch."""

    name: str
    number: int
    runs: Sequence[Curve]


class Cost(NamedTuple):
    """The accuracy of a recipe, and what it takes: seconds or parameters."""

    name: str
    number: int
    cost: float
    accuracy: float
    bounds: tuple[float, float]
    words: str


def colour(number: int) -> str:
    """Return the colour of a recipe in all drawings of a page."""
    return COLOURS[number % len(COLOURS)]


@styled()
def accuracies(rows: Sequence[Accuracies], name: str, alt: str) -> Markup:
    """Draw a row for each recipe: the mean and its interval, and below it a ring for each run."""
    height = ROW * len(rows) + 0.6
    figure = Figure(figsize=(SIZE[0], height))
    axes = figure.add_axes((0.42, 0.48 / height, 0.55, ROW * len(rows) / height))
    for y, row in enumerate(rows):
        shade = colour(row.number)
        if len(row.runs) > 1:
            axes.plot(row.runs, [y + 0.26] * len(row.runs), "o", color=shade, markersize=4,
                      markerfacecolor="none", markeredgewidth=1)  # fmt: skip
        axes.plot(row.bounds, [y, y], color=shade, linewidth=1.8)
        axes.plot([row.mean], [y], "o", color=shade, markersize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [shortened(row.name, 28) for row in rows])
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel("Test accuracy")
    axes.set_xlim(*axes.get_xlim())
    marks = [
        Mark(axes, axes.get_xlim(), (y - 0.5, y + 0.5), row.words) for y, row in enumerate(rows)
    ]
    return element(figure, name, alt, marks)


@styled()
def accuracy_by_epoch(courses: Sequence[Course], split: str, name: str) -> Markup:
    """Draw the accuracy on a split by epoch: a thin line for each run, a thick one for their mean.

    The mean is over the epochs that all runs of a recipe have.
    """
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0.135, 0.145, 0.49, 0.82))
    ends, means = [], {}
    last = max(epoch for course in courses for run in course.runs for epoch, _ in run)
    for course in courses:
        shade, line = colour(course.number), LINES[course.number // len(COLOURS) % len(LINES)]
        shared = min(len(run) for run in course.runs)
        epochs = [epoch for epoch, _ in course.runs[0][:shared]]
        mean = np.mean([[y for _, y in run[:shared]] for run in course.runs], axis=0)  # (E,)
        if len(course.runs) > 1:
            for run in course.runs:
                axes.plot(*np.transpose(run), color=shade, linewidth=0.8, alpha=0.45)
        axes.plot(epochs, mean, color=shade, linestyle=line, marker="o" if shared <= 12 else "")
        means[course.name] = dict(zip(epochs, mean.tolist(), strict=True))
        ends.append((float(mean[-1]), shortened(course.name, 28), shade))
    shortest = min(len(course.runs[0]) for course in courses)
    if last / shortest >= LOGARITHMIC:
        logarithmic(axes)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel("Epoch")
    axes.set_ylabel(f"Accuracy, {split}")
    label_ends(axes, ends, axes.get_xlim()[1])
    axes.set_xlim(*axes.get_xlim())
    said = "; ".join(
        f"{course} from {percent(mean[min(mean)])} to {percent(mean[max(mean)])} after epoch "
        f"{max(mean):g}"
        for course, mean in means.items()
    )
    alt = f"Accuracy on {split} images by epoch, the mean over seeds: {said}."
    return element(figure, name, alt, _strips(axes, means, int(last)))


def _strips(axes: Axes, means: Mapping[str, Mapping[float, float]], last: int) -> list[Mark]:
    """Return a strip for each epoch, of the first 200, that says the accuracy of every recipe."""
    marks = []
    for epoch in range(1, min(last, 200) + 1):
        here = [
            f"{course} {percent(mean[epoch])}" for course, mean in means.items() if epoch in mean
        ]
        if here:
            marks.append(
                Mark(axes, (epoch - 0.5, epoch + 0.5), None, f"Epoch {epoch}: {'; '.join(here)}")
            )
    return marks


@styled()
def accuracy_against(
    costs: Sequence[Cost], label: str, show: Callable[[float], str], name: str, alt: str
) -> Markup:
    """Draw the accuracy of each recipe, with its interval, against what it costs."""
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0.135, 0.145, 0.83, 0.82))
    for one in costs:
        shade = colour(one.number)
        axes.plot([one.cost, one.cost], one.bounds, color=shade, linewidth=1.6)
        axes.plot([one.cost], [one.accuracy], "o", color=shade, markersize=7)
    values = [one.cost for one in costs]
    if min(values) > 0 and max(values) / min(values) >= LOGARITHMIC:
        logarithmic(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: show(x)))
    axes.margins(x=0.12, y=0.1)
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel(label)
    axes.set_ylabel("Test accuracy")
    axes.set_xlim(*axes.get_xlim())  # fixed, so that names and marks agree with the points
    axes.set_ylim(*axes.get_ylim())
    _label_points(axes, costs)
    return element(figure, name, alt, _boxes(axes, costs))


def _label_points(axes: Axes, costs: Sequence[Cost]) -> None:
    """Write each name next to its point, on the side where there is room, above those below it."""
    middle = axes.transAxes.transform((0.5, 0))[0]
    scale = POINTS_PER_INCH / axes.figure.dpi
    placed: list[tuple[bool, float]] = []  # sides and heights, in points
    for one in sorted(costs, key=lambda cost: cost.accuracy):
        x, y = axes.transData.transform((one.cost, one.accuracy))
        is_left = bool(x <= middle)
        place = max([y * scale, *(height + LINE for side, height in placed if side == is_left)])
        placed.append((is_left, place))
        axes.annotate(
            shortened(one.name, 28), (one.cost, one.accuracy),
            xytext=(7 if is_left else -7, place - y * scale), textcoords="offset points",
            ha="left" if is_left else "right", va="center", color=SOFT, annotation_clip=False,
        )  # fmt: skip


def _boxes(axes: Axes, costs: Sequence[Cost]) -> list[Mark]:
    """Return a square around each point, and as high as its interval."""
    back = axes.transData.inverted()
    marks = []
    for one in costs:
        x, _ = axes.transData.transform((one.cost, one.accuracy))
        _, y0 = axes.transData.transform((one.cost, one.bounds[0]))
        _, y1 = axes.transData.transform((one.cost, one.bounds[1]))
        (left, bottom), (right, top) = back.transform([(x - 9, y0 - 9), (x + 9, y1 + 9)])
        marks.append(Mark(axes, (left, right), (bottom, top), one.words))
    return marks


def logarithmic(axes: Axes) -> None:
    """Make the x axis logarithmic, with ticks at round numbers."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
