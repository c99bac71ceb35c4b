"""The trials of a study: accuracy by number and by epoch, and against seconds."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fashionlab.report.charts.comparison import LOGARITHMIC, logarithmic
from fashionlab.report.charts.svg import (
    BLUE,
    FAINT,
    GRID,
    INK,
    ORANGE,
    PER_CENT,
    POINTS_PER_INCH,
    RED,
    SCALE,
    SOFT,
    Mark,
    element,
    styled,
)
from fashionlab.report.formatting import percent

SIZE = (5.2, 3.3)  # inches, width and height
PLACE = (0.155, 0.145, 0.82, 0.8)  # of the axes in it
BELOW = 8  # from the median: so many times the way from there to the best is shown
MARKED = 200  # epochs that say their values
ROOM = (24, 11)  # points of a number in a drawing, width and height


class Shown(NamedTuple):
    """A trial with an accuracy, as the drawings have it."""

    number: int
    accuracy: float
    is_finished: bool  # not pruned
    is_best: bool  # or on the Pareto front
    words: str
    curve: Sequence[float] = ()
    seconds: float | None = None


def floor_of(accuracies: Sequence[float]) -> float:
    """Return the accuracy below which a drawing cuts off, so that a few that failed do not rule it.

    It is 8 times as far below the median as the best is above it.
    """
    middle, best = median(accuracies), max(accuracies)
    floor = middle - BELOW * (best - middle) if best > middle else 0.0
    return min(x for x in accuracies if x >= floor)


def limits(
    trials: Sequence[Shown], bounds: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return the ends of an axis of accuracies; lower ones are drawn at its lower end.

    It has all of the interval `bounds` and more, so that differences without meaning look small.
    """
    finished = [trial.accuracy for trial in trials if trial.is_finished]
    low = floor_of(finished or [trial.accuracy for trial in trials])
    high = max([trial.accuracy for trial in trials])
    if bounds:
        low, high = min(low, bounds[0] - 0.5 * (bounds[1] - bounds[0])), max(high, bounds[1])
    rim = 0.07 * (high - low) or 0.01
    return max(low - rim, -0.02), min(high + rim, 1.02)


def curve_limits(trials: Sequence[Shown]) -> tuple[float, float]:
    """Return the ends of an axis of learning curves, of which one at least has a point."""
    finished = [y for trial in trials if trial.is_finished for y in trial.curve]
    every = [y for trial in trials for y in trial.curve]
    low, high = floor_of(finished or every), max(every)
    rim = 0.05 * (high - low) or 0.01
    return max(low - rim, -0.02), min(high + rim, 1.02)


def steps(trials: Sequence[Shown]) -> dict[int, int]:
    """Return the step of SCALE of each finished trial by its number: its fifth, from the lowest 0.

    Equal trials have the same step, and the best ones the highest.
    """
    finished = [trial for trial in trials if trial.is_finished]
    top = len(SCALE) - 1
    return {
        one.number: top
        - len(SCALE) * sum(other.accuracy > one.accuracy for other in finished) // len(finished)
        for one in finished
    }


def plot(axes: Axes, x: Sequence[float], trials: Sequence[Shown]) -> None:
    """Draw a mark for each trial at `x`, and at the lower end one for those that lie below it."""
    low = axes.get_ylim()[0]
    kinds: dict[tuple[str, str, str, float, int], list[tuple[float, float]]] = {}
    for place, trial in zip(x, trials, strict=True):
        is_below = trial.accuracy < low
        if trial.is_best:
            kind = ("o", RED, RED, 7.0, 5)
        elif trial.is_finished:
            kind = ("v" if is_below else "o", BLUE, BLUE, 4.5, 4)
        else:
            kind = ("v" if is_below else "x", FAINT, "none", 4.0, 3)
        kinds.setdefault(kind, []).append((place, low if is_below else trial.accuracy))
    for (marker, colour, inside, size, order), points in kinds.items():
        axes.plot(
            [a for a, _ in points], [b for _, b in points], marker, color=colour, markersize=size,
            markerfacecolor=inside, zorder=order, clip_on=False,
        )  # fmt: skip


def accuracy_axes(
    trials: Sequence[Shown], bounds: tuple[float, float] | None, size: tuple[float, float] = SIZE
) -> tuple[Figure, Axes]:
    """Return axes of accuracies, with the interval of the best trial as a band."""
    figure = Figure(figsize=size)
    axes = figure.add_axes(PLACE)
    axes.set_ylim(*limits(trials, bounds))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_ylabel("Validation accuracy")
    if bounds:
        low, high = axes.get_ylim()
        axes.axhspan(max(bounds[0], low), min(bounds[1], high), color=GRID, linewidth=0)
    return figure, axes


@styled()
def history(
    trials: Sequence[Shown],
    best: Sequence[tuple[int, float]],
    failed: Sequence[tuple[int, str]],
    bounds: tuple[float, float] | None,
    name: str,
    alt: str,
) -> Markup:
    """Draw the accuracy of each trial by its number; `best` is the best so far, a step line.

    `failed` are the numbers of failed trials and their words, `bounds` the interval of the best.
    """
    figure, axes = accuracy_axes(trials, bounds)
    numbers = [*(trial.number for trial in trials), *(number for number, _ in failed)]
    axes.set_xlim(min(numbers) - 0.7, max(numbers) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("Trial")
    low, high = axes.get_ylim()
    if best:
        x, y = [number for number, _ in best], [value for _, value in best]
        axes.step(
            [*x, max(numbers)], [max(value, low) for value in (*y, y[-1])], where="post",
            color=INK, linewidth=1.3,
        )  # fmt: skip
    plot(axes, [trial.number for trial in trials], trials)
    if failed:
        axes.plot(
            [number for number, _ in failed], [low] * len(failed), "X", color=ORANGE, markersize=6,
            zorder=5, clip_on=False,
        )  # fmt: skip
    marks = [
        Mark(axes, (number - 0.5, number + 0.5), (low, high), words)
        for number, words in sorted([*((t.number, t.words) for t in trials), *failed])
    ]
    return element(figure, name, alt, marks)


@styled()
def learning_curves(trials: Sequence[Shown], name: str, alt: str) -> Markup | None:
    """Draw the accuracy of each trial by epoch; None where none has a curve."""
    drawn = [trial for trial in trials if trial.curve]
    if not drawn:
        return None
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes(PLACE)
    step = steps(trials)
    for trial in sorted(drawn, key=lambda one: (one.is_finished, one.is_best, one.accuracy)):
        epochs = range(1, len(trial.curve) + 1)
        if not trial.is_finished:
            axes.plot(epochs, trial.curve, color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)))
            axes.plot(epochs[-1:], trial.curve[-1:], "x", color=FAINT, markersize=4)
            continue
        colour = RED if trial.is_best else SCALE[step[trial.number]]
        axes.plot(
            epochs, trial.curve, color=colour, linewidth=2.2 if trial.is_best else 1,
            marker="o" if len(trial.curve) == 1 else "",
        )  # fmt: skip
    axes.set_ylim(*curve_limits(trials))
    longest = max(len(trial.curve) for trial in drawn)
    axes.set_xlim(0.5 if longest == 1 else 1 - 0.02 * longest, longest + max(0.02 * longest, 0.3))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Validation accuracy")
    marks = []
    for epoch in range(1, min(longest, MARKED) + 1):
        reached = [trial for trial in drawn if len(trial.curve) >= epoch]
        here = [(trial.curve[epoch - 1], trial.number) for trial in reached]
        most, number = max(here)
        words = (
            f"Epoch {epoch}: {len(here)} trial{'' if len(here) == 1 else 's'}, the best "
            f"{percent(most)} (trial {number}), median {percent(median(y for y, _ in here))}"
        )
        left, right = axes.get_xlim()
        marks.append(Mark(axes, (max(epoch - 0.5, left), min(epoch + 0.5, right)), None, words))
    return element(figure, name, alt, marks)


@styled()
def pareto(
    trials: Sequence[Shown],
    bounds: tuple[float, float] | None,
    show: Callable[[float], str],
    name: str,
    alt: str,
) -> Markup:
    """Draw the accuracy of finished trials with their seconds; the best ones are the Pareto front.

    The step line is the highest accuracy of at most so many seconds.
    """
    figure, axes = accuracy_axes(trials, bounds)
    seconds = [trial.seconds or 0.0 for trial in trials]
    plot(axes, seconds, trials)
    if min(seconds) > 0 and max(seconds) / min(seconds) >= LOGARITHMIC:
        logarithmic(axes)
    axes.margins(x=0.12)
    axes.set_xlim(*axes.get_xlim())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: show(x)))
    axes.set_xlabel("Seconds of training")
    low, _ = axes.get_ylim()
    front = sorted((t.seconds or 0.0, max(t.accuracy, low), t.number) for t in trials if t.is_best)
    if front:
        axes.step(
            [*(x for x, _, _ in front), axes.get_xlim()[1]],
            [*(y for _, y, _ in front), front[-1][1]],
            where="post", color=RED, linewidth=1.3,
        )  # fmt: skip
    _number(axes, front)
    return element(figure, name, alt, _squares(axes, seconds, trials))


def _number(axes: Axes, front: Sequence[tuple[float, float, int]]) -> None:
    """Write the number of each trial (x, y, number) left of it, if none next to it has one."""
    places: list[tuple[float, float]] = []
    scale = POINTS_PER_INCH / axes.figure.dpi
    for x, y, number in reversed(front):
        a, b = axes.transData.transform((x, y)) * scale
        if any(abs(a - c) < ROOM[0] and abs(b - d) < ROOM[1] for c, d in places):
            continue
        places.append((a, b))
        axes.annotate(
            str(number), (x, y), xytext=(-5, 4), textcoords="offset points", ha="right",
            color=SOFT, fontsize=9, annotation_clip=False,
        )  # fmt: skip


def _squares(axes: Axes, x: Sequence[float], trials: Sequence[Shown]) -> list[Mark]:
    """Return a square around the mark of each trial, from left to right, the best ones on top."""
    low = axes.get_ylim()[0]
    back = axes.transData.inverted()
    marks = []
    for place, trial in sorted(zip(x, trials, strict=True), key=lambda one: (one[1].is_best, one)):
        a, b = axes.transData.transform((place, max(trial.accuracy, low)))
        (left, bottom), (right, top) = back.transform([(a - 7, b - 7), (a + 7, b + 7)])
        marks.append(Mark(axes, (left, right), (bottom, top), trial.words))
    return marks
