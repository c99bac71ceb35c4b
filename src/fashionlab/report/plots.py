"""Curves and the confusion matrix, as SVG text that is the same for the same numbers.

Colours are Okabe and Ito's, which the colour-blind can tell apart; line styles differ too, for grey
print. Text stays text, drawn in the reader's own font.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from fashionlab.text import printable

INK, FAINT = "#22272e", "#6b7480"
# column prefix in the history -> name, colour, line style
SERIES = {
    "": ("training", "#0072b2", "-"),
    "validation_": ("validation", "#009e73", "--"),
    "test_": ("test", "#d55e00", "--"),
}
PAPER = ("test, course report", FAINT, ":")
CURVE_SIZE = (5.2, 3.3)  # inches, width and height
PIXELS_PER_INCH = 96  # of CSS
MARKED_ROWS = 30  # markers of more points would touch
COUNTED_CLASSES = 20  # more cells than their square leave no room for digits
NAME_LENGTH = 22  # characters of a class name at the matrix
FONT = "DejaVu Sans"  # comes with matplotlib, so the layout is the same everywhere
READER_FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial"
SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#a9cbe3", "#2b7bb3", "#08365c"])
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fashionlab",
    "font.family": ["sans-serif"],
    "font.sans-serif": [FONT],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9aa3ad",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e7eb",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "legend.frameon": False,
}

History = Sequence[Mapping[str, float]]


@contextmanager
def styled() -> Iterator[None]:
    """Use matplotlib's defaults and STYLE, whatever the user's matplotlibrc says."""
    with matplotlib.style.context(["default", STYLE]), warnings.catch_warnings():
        # FONT is for measuring alone; the reader's fonts draw the letters that it lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def loss_curves(history: History, unit: str) -> str:
    """Draw the loss of every split in the history by `unit` ("epoch" or "iteration")."""
    return _curves(history, "loss", "Loss (nats per image)", unit, ())


def accuracy_curves(history: History, unit: str, paper: Sequence[float] = ()) -> str:
    """Draw the accuracy of every split in the history; `paper`: the course report's, by epoch."""
    return _curves(history, "accuracy", "Accuracy", unit, paper)


@styled()
def confusion_heatmap(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> str:
    """Draw (K, K) counts, rows true, columns predicted; a cell's shade is its share of the row.

    Beyond COUNTED_CLASSES classes a colour bar replaces the counts.
    """
    cells = np.array(confusion)  # (K, K)
    share = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)  # of the true class
    classes = len(cells)
    # The square root keeps a confusion of a few per cent visible next to the diagonal.
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    names = [shortened(name) for name in class_names]
    # Inches; the page scales the picture to its column, and so the letters of a small one up.
    side = min(1.7 + 0.4 * max(classes, 10), 9.0)
    figure = Figure(figsize=(side * 1.06, side), layout="constrained")
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if classes <= COUNTED_CLASSES:
        axes.pcolormesh(share, cmap=SHADES, norm=norm, edgecolors="#e3e7eb", linewidth=0.6)
        _write_counts(axes, cells, norm(share))
    else:
        extent = (0, classes, classes, 0)
        image = axes.imshow(share, cmap=SHADES, norm=norm, extent=extent, interpolation="nearest")
        percents = PercentFormatter(1, decimals=0)
        figure.colorbar(image, label="Share of the true class", format=percents, shrink=0.7)
    axes.set_ylim(classes, 0)
    centres = np.arange(classes) + 0.5
    size = min(9.5, 290 / classes)  # points: names do not touch
    axes.set_yticks(centres, names, fontsize=size, va="center")
    axes.set_xticks(
        centres, names, fontsize=size, rotation=45, rotation_mode="anchor", ha="right", va="top"
    )
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_parse_math(False)  # a name may hold dollar signs
    axes.tick_params(length=0)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    return svg(figure)


def _write_counts(axes: Axes, cells: NDArray[np.int64], depth: NDArray[np.float64]) -> None:
    """Write the counts (K, K) into their cells; `depth` (K, K) in 0..1 is how dark each is."""
    for (row, column), number in np.ndenumerate(cells):
        colour = "#ffffff" if depth[row, column] > 0.55 else INK if number else "#a8b0b8"
        axes.text(
            column + 0.5, row + 0.5, str(number), color=colour, ha="center", va="center", size=9
        )


@styled()
def _curves(history: History, quantity: str, label: str, unit: str, paper: Sequence[float]) -> str:
    figure = Figure(figsize=CURVE_SIZE, layout="constrained")
    axes = figure.add_subplot()
    epochs = [row["epoch"] for row in history]
    marker = "o" if len(history) <= MARKED_ROWS else ""
    for prefix, (name, colour, line) in SERIES.items():
        column = prefix + quantity
        if column in history[0]:
            values = [row[column] for row in history]
            axes.plot(
                epochs, values, line, color=colour, marker=marker, label=name, gid=f"{name}-series"
            )
    if paper:
        name, colour, line = PAPER
        axes.plot(
            range(1, len(paper) + 1), paper, line, color=colour, label=name, gid="paper-series"
        )
    if quantity == "loss":
        axes.set_ylim(0, 1.04 * axes.get_ylim()[1])
    else:
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel(unit.capitalize())
    axes.set_ylabel(label)
    axes.legend()
    return svg(figure)


def svg(figure: Figure) -> str:
    """Return the figure from `<svg` on: no XML prologue, no date, no address of a licence."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", metadata=nothing)
    text = file.getvalue()
    return text[text.index("<svg") :].replace(f"'{FONT}'", READER_FONTS)


def shortened(name: str) -> str:
    name = printable(name)
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
