"""Chart: a figure of matplotlib as an SVG element of the page, the same for the same numbers."""

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import NamedTuple

import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from fashionlab.report import formatting
from fashionlab.text import printable

# Colours are Okabe and Ito's, which the colour-blind can tell apart; in the page each becomes the
# variable of that name, which a dark page sets to a lighter one.
INK, SOFT, FAINT = "#22272e", "#57606a", "#6b7480"
BLUE, GREEN, RED, ORANGE, PINK, SKY = (
    *("#0072b2", "#009e73", "#d55e00"),
    *("#e69f00", "#cc79a7", "#56b4e9"),
)
GRID, AXIS, PAPER = "#e3e7eb", "#9aa3ad", "#ffffff"
SCALE = ("#b9c9d8", "#8fb0cd", "#5f95c2", "#2f74ae", "#0b4a80")  # from the lowest to the highest
VARIABLES = {
    **{colour: f"scale-{step}" for step, colour in enumerate(SCALE)},
    **{INK: "ink", SOFT: "soft", FAINT: "faint", GRID: "grid", AXIS: "axis", PAPER: "paper"},
    **{BLUE: "blue", GREEN: "green", RED: "red", ORANGE: "orange", PINK: "pink", SKY: "sky"},
}
POINTS_PER_INCH = 72  # of matplotlib's SVG, whose unit is the point
FONT = "DejaVu Sans"  # comes with matplotlib, so the layout is the same everywhere
READER_FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial"
NAME_LENGTH = 22  # characters of a class name in a drawing
STYLE = {
    "svg.fonttype": "none",
    "font.family": ["sans-serif"],
    "font.sans-serif": [FONT],
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollar signs
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.labelcolor": SOFT,
    "axes.edgecolor": AXIS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": AXIS,
    "ytick.color": AXIS,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
}
PER_CENT = FuncFormatter(
    lambda share, _: f"{100 * share:.4g}\N{NO-BREAK SPACE}%".replace("-", "\N{MINUS SIGN}")
)


@contextmanager
def styled() -> Iterator[None]:
    """Use matplotlib's defaults and STYLE, whatever the user's matplotlibrc says."""
    with matplotlib.style.context(["default", STYLE]), warnings.catch_warnings():
        # FONT is for measuring alone; the reader's fonts draw the letters that it lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


class Mark(NamedTuple):
    """A place of a drawing that has something to say: a rectangle in the data's coordinates."""

    axes: Axes
    x: tuple[float, float]
    y: tuple[float, float] | None  # None: the whole height
    words: str


def element(figure: Figure, name: str, alt: str, marks: Sequence[Mark] = ()) -> Markup:
    """Return the figure as an element of HTML: `name` differs from that of all others of a page.

    `alt` says in words what it shows. The marks are found by pointer, or with the arrow keys.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata=nothing)
    text = file.getvalue()
    start, end = text.index("<svg"), text.rindex("</svg>")
    head, _, body = text[start:end].partition(">")
    view = re.search(r'viewBox="[^"]*"', head)
    places = "".join(_place(figure, mark) for mark in marks)
    kind = "group" if marks else "img"  # what an image holds is hidden from screen readers
    return Markup(  # noqa: S704  matplotlib escapes texts
        f'<svg {view[0] if view else ""} xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="{kind}" aria-label="{escape(printable(alt))}">'
        f"{_coloured(_without_ids(body))}{places}</svg>"
    )


def _without_ids(text: str) -> str:
    """Leave out matplotlib's names of elements, which several drawings share, but those in use."""
    used = set(re.findall(r'(?:url\(|href=")#([\w.-]+)', text))
    named = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", text)
    return re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|\n+\s*", " ", named, flags=re.DOTALL)


def _coloured(text: str) -> str:
    """Replace colours by the page's variables, and the font of measuring by the reader's."""
    text = re.sub(
        r"#[0-9a-f]{6}",
        lambda found: f"var(--{VARIABLES[found[0]]})" if found[0] in VARIABLES else found[0],
        text,
    )
    return text.replace(f"'{FONT}'", READER_FONTS)


def _place(figure: Figure, mark: Mark) -> str:
    """Return a transparent rectangle that says the mark's words."""
    height = figure.get_figheight() * POINTS_PER_INCH
    scale = POINTS_PER_INCH / figure.dpi
    bottom, top = mark.y if mark.y else mark.axes.get_ylim()
    corners = [(mark.x[0], bottom), (mark.x[1], top)]
    (x0, y0), (x1, y1) = mark.axes.transData.transform(corners) * scale
    words = escape(printable(mark.words))
    return (
        f'<rect class="tip" x="{min(x0, x1):.1f}" y="{height - max(y0, y1):.1f}" '
        f'width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}" role="img" aria-label="{words}"/>'
    )


def label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], x: float) -> None:
    """Write (y, text, colour) to the right of the lines that end at `x`, one above the other.

    A line whose end is no finite number has no text.
    """
    ends = [end for end in ends if math.isfinite(end[0])]
    low, high = axes.get_ylim()
    height = axes.get_window_extent().height * POINTS_PER_INCH / axes.figure.dpi
    line = 12.5 * (high - low) / max(height, 1)  # of text, in the data's unit
    places: list[float] = []
    for y, _, _ in sorted(ends):
        places.append(max([y, *(place + line for place in places[-1:])]))
    over = max(0.0, places[-1] - high) if places else 0.0
    for place, (_, text, colour) in zip(places, sorted(ends), strict=True):
        axes.annotate(
            text, (x, place - over), xytext=(6, 0), textcoords="offset points",
            color=colour, va="center", annotation_clip=False,
        )  # fmt: skip


def shortened(name: str, length: int = NAME_LENGTH) -> str:
    """Return a name as it fits into a drawing."""
    return formatting.shortened(printable(name), length)
