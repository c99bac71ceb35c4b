"""Loss, accuracy and learning rate by epoch."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fashionlab.report.charts.svg import (
    BLUE,
    FAINT,
    GREEN,
    PER_CENT,
    RED,
    SOFT,
    Mark,
    element,
    label_ends,
    styled,
)
from fashionlab.report.formatting import decimal, listing, percent

# column prefix in the history -> name, colour, line style
SERIES = {
    "": ("training", BLUE, "-"),
    "validation_": ("validation", GREEN, (0, (5, 1.5))),
    "test_": ("test", RED, (0, (5, 1.5))),
}
PAPER = ("course report", FAINT, ":")
SIZE = (4.4, 2.9)  # inches, width and height
MARKED_ROWS = 30  # markers of more points would touch

History = Sequence[Mapping[str, float]]


def loss_curves(history: History, unit: str, name: str, best: int | None) -> Markup:
    """Draw the loss of every split in the history by `unit` ("epoch" or "iteration").

    `best` is the epoch whose weights are the result, None for the last one's.
    """
    return _curves(history, "loss", "Loss (nats per image)", unit, name, best, ())


def accuracy_curves(
    history: History, unit: str, name: str, best: int | None, paper: Sequence[float] = ()
) -> Markup:
    """Draw the accuracy of every split in the history; `paper`: the course report's, by epoch."""
    return _curves(history, "accuracy", "Accuracy", unit, name, best, paper)


@styled()
def rate_curve(history: History, unit: str, name: str) -> Markup | None:
    """Draw the learning rate at the end of each epoch; None where the history has none."""
    if "learning_rate" not in history[0]:
        return None
    figure, axes = _axes(unit, "Learning rate")
    epochs = [row["epoch"] for row in history]
    rates = [row["learning_rate"] for row in history]
    axes.plot(epochs, rates, color=BLUE, marker=_marker(history))
    axes.set_ylim(0, 1.06 * max(rates) or 1)
    marks = _marks(axes, history, unit, lambda row: f"learning rate {row['learning_rate']:.3g}")
    alt = (
        f"Learning rate by {unit}: from {rates[0]:.3g}, at most {max(rates):.3g}, to "
        f"{rates[-1]:.3g}."
    )
    return element(figure, name, alt, marks)


@styled()
def _curves(
    history: History,
    quantity: str,
    label: str,
    unit: str,
    name: str,
    best: int | None,
    paper: Sequence[float],
) -> Markup:
    show = decimal if quantity == "loss" else percent
    figure, axes = _axes(unit, label)
    epochs = [row["epoch"] for row in history]
    said, ends = [], []
    for prefix, (split, colour, line) in SERIES.items():
        if (column := prefix + quantity) in history[0]:
            values = [row[column] for row in history]
            axes.plot(epochs, values, color=colour, linestyle=line, marker=_marker(history))
            ends.append((values[-1], split, colour))
            said.append(f"{split} from {show(values[0])} to {show(values[-1])}")
    if paper:
        split, colour, line = PAPER
        axes.plot(range(1, len(paper) + 1), paper, color=colour, linestyle=line)
        ends.append((paper[-1], split, colour))
        said.append(f"the course report's test accuracy to {show(paper[-1])}")
    if quantity == "loss":
        axes.set_ylim(0, 1.04 * axes.get_ylim()[1])
    else:
        axes.yaxis.set_major_formatter(PER_CENT)
    if best is not None:
        axes.axvline(best, color=SOFT, linewidth=1, linestyle=(0, (2, 2)))
        side = "right" if best > epochs[-1] / 2 else "left"
        axes.annotate(
            f"best {unit} {best}", (best, 1), xycoords=("data", "axes fraction"),
            xytext=(-4 if side == "right" else 4, -4), textcoords="offset points",
            ha=side, va="top", color=SOFT,
        )  # fmt: skip
    label_ends(axes, ends, axes.get_xlim()[1])
    columns = [prefix + quantity for prefix in SERIES if prefix + quantity in history[0]]
    words = {column: SERIES[column.removesuffix(quantity)][0] for column in columns}
    marks = _marks(
        axes,
        history,
        unit,
        lambda row: listing([f"{words[column]} {show(row[column])}" for column in columns]),
    )
    chosen = f" The weights are those of {unit} {best}." if best is not None else ""
    alt = (
        f"{quantity.capitalize()} after each {unit}, 1 to {len(history)}: {listing(said)}.{chosen}"
    )
    return element(figure, name, alt, marks)


def _axes(unit: str, label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0.165, 0.16, 0.61, 0.8))
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel(unit.capitalize())
    return figure, axes


def _marker(history: History) -> str:
    return "o" if len(history) <= MARKED_ROWS else ""


def _marks(
    axes: Axes, history: History, unit: str, words: Callable[[Mapping[str, float]], str]
) -> list[Mark]:
    """Return a strip for each epoch, as wide as its share of the axis."""
    axes.set_xlim(*axes.get_xlim())  # fixed, so that strips and lines agree
    return [
        Mark(axes, (row["epoch"] - 0.5, row["epoch"] + 0.5), None,
             f"{unit.capitalize()} {row['epoch']:g}: {words(row)}")
        for row in history
    ]  # fmt: skip
