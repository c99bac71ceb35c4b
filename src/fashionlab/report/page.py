"""write_page: one HTML file that needs no network, no script and no other file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fashionlab import __version__, files
from fashionlab.data.fashion_mnist import NAME
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.report import formatting
from fashionlab.report.content import RunView, by_classes, by_environment
from fashionlab.report.formatting import SHOWN_SIDE
from fashionlab.report.paper import CONTRADICTIONS
from fashionlab.report.plots import CURVE_SIZE, PIXELS_PER_INCH
from fashionlab.report.remarks import remarks, test_set_use
from fashionlab.runs import Run
from fashionlab.text import printable

GENERATOR = '<meta name="generator" content="fashionlab '  # near the start of every page
GENERATOR_WITHIN = 1024  # bytes
RUNS_IN_A_TABLE = 4  # more would not fit on paper
FILTERS = (
    "percent",
    "probability",
    "interval",
    "count",
    "seconds",
    "decimal",
    "size",
    "images",
    "shape",
    "listing",
)


def write_page(
    runs: Sequence[Run], out: Path, *, title: str | None = None, notes: Sequence[str] = ()
) -> Path:
    """Write the page about `runs`, in their order, to `out`; returns `out`.

    `notes` are sentences for the box at the top. The file appears whole or not at all, and replaces
    an earlier page of fashionlab but nothing else. Raises RunError where something else is in the
    way, `out` cannot be written, or a run folder is incomplete; InvalidValueError for no runs.
    """
    if not runs:
        raise InvalidValueError("a page needs at least one run; received none; name a run folder")
    refuse_foreign(out)
    return write_html(render(runs, title=title, notes=notes), out)


def write_html(page: str, out: Path) -> Path:
    """Write a page to `out`, whole or not at all; returns `out`. Raises RunError."""
    refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        files.write(out, page.encode())
    except OSError as error:
        raise RunError(
            f"the page cannot be written to {out}: {error.strerror or error}; "
            "choose another place or free some space"
        ) from error
    return out


def render(runs: Sequence[Run], *, title: str | None = None, notes: Sequence[str] = ()) -> str:
    """Return the page as text."""
    views = [RunView(run, number) for number, run in enumerate(runs, 1)]
    return from_template(
        "page.html.j2",
        title=title or _title(views),
        notes=[*notes, *remarks(views)],
        test_set_use=test_set_use(views),
        views=views,
        class_tables=by_classes(views),
        environments=by_environment(views),
        compared=any(view.paper for view in views),
        contradictions=CONTRADICTIONS,
        shown_side=SHOWN_SIDE,
        curve_size=[round(side * PIXELS_PER_INCH) for side in CURVE_SIZE],
        runs_in_a_table=RUNS_IN_A_TABLE,
    )


def from_template(name: str, **values: Any) -> str:
    """Return the page that a template makes of these values, of which no text is HTML."""
    environment = Environment(
        loader=PackageLoader("fashionlab.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {name: getattr(formatting, name) for name in FILTERS}
    return environment.get_template(name).render(version=__version__, **values)


def _title(views: Sequence[RunView]) -> str:
    names = list(dict.fromkeys(view.recipe.name for view in views))
    what = formatting.listing(names) if len(names) <= 2 else f"{len(views)} runs"
    data = dict.fromkeys(view.test.name for view in views)
    return f"{what} on " + formatting.listing(
        ["Fashion-MNIST" if name == NAME else name for name in data]
    )


def _printable(value: Any) -> Any:
    plain_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value) if plain_text else value


def refuse_foreign(out: Path) -> None:
    """Raise RunError where `out` is something other than a page of fashionlab."""
    if not out.exists() and not out.is_symlink():
        return
    try:
        with out.open("rb") as file:
            ours = GENERATOR.encode() in file.read(GENERATOR_WITHIN)
    except OSError:  # a folder, a link to nowhere, or not ours to read
        ours = False
    if not ours:
        raise RunError(
            f"only a page that fashionlab wrote is replaced, but {out} is something else; "
            "choose another place or move it away"
        )
