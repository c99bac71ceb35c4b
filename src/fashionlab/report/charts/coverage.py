"""Accuracy against coverage, and the outlier score's receiver curves."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from fashionlab.evaluation.selective import Answered, SelectiveCurve
from fashionlab.portable.metadata import OutlierTest
from fashionlab.report.charts.svg import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    PER_CENT,
    PINK,
    RED,
    SKY,
    VARIABLES,
    Mark,
    element,
    styled,
)
from fashionlab.report.formatting import count, interval, percent

SIZE = (5.2, 3.3)  # inches, width and height
KINDS = (  # colour of each kind of drawn pictures, and dashes in points; more kinds begin again
    (BLUE, ()),
    (RED, (6, 2)),
    (GREEN, (6, 2, 1, 2)),
    (PINK, (1, 2)),
    (ORANGE, (8, 2, 2, 2, 2, 2)),
    (SKY, (4, 2)),
)
WIDTH = 1.8  # points of a curve
VERTICES = 200  # of the curve; finer than the page can show
FEWEST = 0.02  # coverage from which the axis is chosen: a few images have wide intervals
LINEAR = 0.01  # share of drawn pictures below which the axis is linear, since 0 has no logarithm
SMALL = 0.001  # share of drawn pictures that is not to be seen
GRID = np.linspace(0, 1, 21)  # shares of accepted test images at which a curve is given


@styled()
def accuracy_against_coverage(
    curve: SelectiveCurve, marks: Sequence[Answered], name: str, alt: str
) -> Markup:
    """Draw the accuracy on the surest images by their share, with its 95 % interval.

    `marks` are points of the curve that the text names.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    wanted = np.linspace(0, curve.images, VERTICES + 1)[1:]
    places = np.unique(curve.kept.searchsorted(wanted))
    points = [curve.at(int(place)) for place in places]
    shares = [point.coverage for point in points]
    low, high = np.transpose([point.interval for point in points])  # (P,) each
    axes.fill_between(shares, low, high, color=BLUE, alpha=0.18, linewidth=0)
    accuracies = [point.accuracy for point in points]
    axes.plot(shares, accuracies, color=BLUE)
    for mark in marks:
        axes.plot(mark.coverage, mark.accuracy, "o", color=BLUE, markersize=5)
    least = min(x for x, share in zip(low, shares, strict=True) if share >= FEWEST)
    axes.set_ylim(max(0, least - 0.05 * (1 - least)), 1 + 0.02 * (1 - least))
    axes.set_xlim(0, 1.01)
    axes.xaxis.set_major_formatter(PER_CENT)
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel("Coverage: images answered, the surest first")
    axes.set_ylabel("Accuracy of the answers")
    figure.draw_without_rendering()  # which fixes the places of the axes
    strips = [point for point in points if point.coverage >= FEWEST][::4]
    half = 2 * (shares[-1] - shares[0]) / max(1, len(shares) - 1)
    places_of = [
        Mark(
            axes,
            (point.coverage - half, point.coverage + half),
            None,
            f"The surest {percent(point.coverage, 1)}, {count(point.kept)} images: accuracy "
            f"{percent(point.accuracy)} ({interval(point.interval)})",
        )
        for point in strips
    ]
    return element(figure, name, alt, places_of)


@styled()
def receiver_curves(outliers: OutlierTest, accepted: float, name: str, alt: str) -> Markup:
    """Draw the share of test images accepted by that of drawn pictures, for each kind of these.

    `accepted` is the share of the test images that the threshold accepts, where each curve has a
    mark.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    for number, drawn in enumerate(outliers.drawn):
        colour, dashes = KINDS[number % len(KINDS)]
        line = (0, tuple(n / WIDTH for n in dashes)) if dashes else "-"
        # The mark is one more point of the curve, whose others are 5 % apart.
        shares, grid = np.sort([*drawn.curve, drawn.accepted]), np.sort([*GRID, accepted])
        axes.plot(shares, grid, linestyle=line, color=colour, linewidth=WIDTH)
        axes.plot(drawn.accepted, accepted, "o", color=colour, markersize=5, clip_on=False)
    chance = [0, *np.geomspace(LINEAR / 10, 1, 50)]
    axes.plot(chance, chance, ":", color=FAINT, linewidth=0.8)
    axes.set_xscale("symlog", linthresh=LINEAR, linscale=0.6)
    axes.xaxis.set_major_locator(FixedLocator([0, 0.01, 0.1, 1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-0.0005, 1.05)
    axes.set_ylim(_lowest(outliers, accepted), 1.02)
    axes.xaxis.set_major_formatter(PER_CENT)
    axes.yaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel("Drawn pictures accepted (logarithmic from 1 %)")
    axes.set_ylabel("Test images accepted")
    return element(figure, name, alt)


def line_of(number: int) -> Markup:
    """Return a short piece of the curve of kind `number`, which stands before its name."""
    colour, dashes = KINDS[number % len(KINDS)]
    return Markup(
        '<svg class="line" viewBox="0 0 24 8" aria-hidden="true">'
        '<path d="M0 4h24" stroke-dasharray="{}" style="stroke: var(--{})"/></svg>'
    ).format(" ".join(map(str, dashes)) or "none", VARIABLES[colour])


def _lowest(outliers: OutlierTest, accepted: float) -> float:
    """Return where the axis of accepted test images begins, below all that differs."""
    first = [int(np.argmax(np.array(drawn.curve) > SMALL)) for drawn in outliers.drawn]
    return max(0.0, min(float(GRID[max(0, min(first) - 1)]), accepted) - 0.15)
