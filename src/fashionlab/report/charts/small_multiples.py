"""A small chart for each corruption: accuracy by strength."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from fashionlab.report.charts.svg import BLUE, FAINT, INK, Mark, element, styled
from fashionlab.report.formatting import percent

COLUMNS = 5
PANEL = (1.72, 1.2)  # inches, width and height


class Series(NamedTuple):
    """The accuracy under one corruption, from strength 0, which leaves the images as they are."""

    name: str
    accuracy: Sequence[float]


@styled()
def accuracy_by_strength(series: Sequence[Series], name: str, alt: str) -> Markup:
    """Draw a panel for each corruption, over one axis; in grey the mean of all."""
    rows = -(-len(series) // COLUMNS)
    figure = Figure(figsize=(PANEL[0] * COLUMNS, PANEL[1] * rows + 0.35))
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    figure.subplots_adjust(0.06, 0.12, 0.99, 0.94, wspace=0.12, hspace=0.42)
    strengths = range(len(series[0].accuracy))
    mean = [sum(one.accuracy[i] for one in series) / len(series) for i in strengths]
    marks = []
    for place, axes in enumerate(panels.flat):
        if place >= len(series):
            axes.set_visible(False)
            continue
        one = series[place]
        axes.plot(strengths, mean, color=FAINT, linewidth=1)
        axes.plot(strengths, one.accuracy, color=BLUE, marker="o")
        axes.set_title(one.name, fontsize=9.5, color=INK, loc="left", pad=3)
        axes.set_ylim(0, 1.03)
        axes.set_xlim(-0.3, len(strengths) - 0.7)
        axes.set_xticks(strengths)
        axes.set_yticks([0, 0.5, 1])
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=None, decimals=0))
        axes.tick_params(labelsize=8.5)
        said = ", ".join(percent(x, 1) for x in one.accuracy[1:])
        words = f"{one.name}: {said} at strengths 1 to {len(strengths) - 1}"
        marks.append(Mark(axes, axes.get_xlim(), (0, 1.03), words))
    figure.supxlabel("Strength of the corruption", fontsize=9.5, y=0.005)
    figure.supylabel("Accuracy (%)", fontsize=9.5, x=0.003)
    return element(figure, name, alt, marks)
