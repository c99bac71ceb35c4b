"""Shares with their intervals: reliability of probabilities, accuracy of segments, differences."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fashionlab.evaluation.calibration import Bin
from fashionlab.report.charts.svg import (
    AXIS,
    BLUE,
    FAINT,
    INK,
    PER_CENT,
    RED,
    SOFT,
    Mark,
    element,
    shortened,
    styled,
)
from fashionlab.report.formatting import count, interval, percent

ROW = 0.27  # inches of a row of a dot chart
WIDE = 5.2  # inches of a dot chart


class Dot(NamedTuple):
    """A row of a dot chart: a share, or a difference of two, with its interval."""

    name: str
    value: float
    bounds: tuple[float, float]
    words: str
    is_marked: bool  # in the colour of what deserves attention


@styled()
def reliability_diagram(bins: Sequence[Bin], name: str, alt: str) -> Markup:
    """Draw the accuracy of the images of each bin of probability against their mean probability.

    Below it is the share of the images in each bin. Perfect calibration lies on the diagonal.
    """
    figure = Figure(figsize=(4.6, 4.6))
    axes = figure.add_axes((0.13, 0.34, 0.83, 0.64))
    below = figure.add_axes((0.13, 0.1, 0.83, 0.16), sharex=axes)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
    axes.annotate(
        "perfectly calibrated", (0.36, 0.36), xytext=(0, 5), textcoords="offset points",
        color=SOFT, rotation=38, rotation_mode="anchor", ha="center",
    )  # fmt: skip
    total = sum(one.images for one in bins)
    filled = [one for one in bins if one.accuracy is not None]
    marks = []
    for one in filled:
        x, y, bounds = one.confidence or 0.0, one.accuracy or 0.0, one.interval or (0.0, 1.0)
        away = not bounds[0] <= x <= bounds[1]
        colour = RED if away else BLUE
        axes.plot([x, x], bounds, color=colour, linewidth=1.4)
        axes.plot([x], [y], "D" if away else "o", color=colour, markersize=6)
        words = (
            f"Probability {percent(one.low, 0)} to {percent(one.high, 0)}: {count(one.images)} "
            f"images, mean probability {percent(x, 1)}, accuracy {percent(y, 1)} "
            f"({interval(bounds)})"
        )
        marks.append(Mark(axes, (one.low, one.high), (0, 1), words))
    below.bar(
        [one.low for one in bins],
        [one.images / total for one in bins],
        [0.96 * (one.high - one.low) for one in bins],
        align="edge",
        color=AXIS,
    )
    below.grid(visible=False, axis="x")
    axes.tick_params(labelbottom=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    for axis in (axes.yaxis, below.yaxis, below.xaxis):
        axis.set_major_formatter(PER_CENT)
    axes.set_ylabel("Accuracy")
    below.set_ylabel("Images")
    below.set_xlabel("Probability of the predicted class")
    return element(figure, name, alt, marks)


@styled()
def dot_chart(
    dots: Sequence[Dot],
    name: str,
    alt: str,
    *,
    label: str,
    reference: float,
    reference_name: str,
    is_share: bool = True,
) -> Markup:
    """Draw a row for each dot, with its interval, and a vertical line at `reference`."""
    height = ROW * len(dots) + 0.85
    figure = Figure(figsize=(WIDE, height))
    axes = figure.add_axes((0.34, 0.5 / height, 0.63, ROW * len(dots) / height))
    rows = np.arange(len(dots))
    axes.axvline(reference, color=SOFT, linewidth=1, linestyle=(0, (2, 2)))
    for row, dot in zip(rows, dots, strict=True):
        colour = RED if dot.is_marked else BLUE
        axes.plot(dot.bounds, [row, row], color=colour, linewidth=1.6)
        axes.plot([dot.value], [row], "D" if dot.is_marked else "o", color=colour, markersize=6)
    axes.set_ylim(len(dots) - 0.5, -0.5)
    axes.set_yticks(rows, [shortened(dot.name, 26) for dot in dots])
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, -1), min(high, 1.005) if is_share else high)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(PER_CENT)
    axes.set_xlabel(label)
    axes.annotate(
        reference_name, (reference, 1), xycoords=("data", "axes fraction"), xytext=(0, 4),
        textcoords="offset points", ha="center", color=INK, fontsize=9, annotation_clip=False,
    )  # fmt: skip
    marks = [
        Mark(axes, axes.get_xlim(), (row - 0.5, row + 0.5), dot.words)
        for row, dot in zip(rows, dots, strict=True)
    ]
    return element(figure, name, alt, marks)
