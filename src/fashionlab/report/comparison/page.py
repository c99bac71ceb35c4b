"""write_comparison: the page about several runs, as one HTML file that needs no other."""

import os
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from fashionlab.data import Parts
from fashionlab.data.fashion_mnist import NAME
from fashionlab.report.charts.scatter import swatch
from fashionlab.report.comparison.compare import Comparison, Given, compare
from fashionlab.report.comparison.drawings import Drawings
from fashionlab.report.comparison.groups import Group, Member
from fashionlab.report.comparison.pairs import pair_views
from fashionlab.report.formatting import listing
from fashionlab.report.html import from_template, refuse_foreign, script_json, write_own
from fashionlab.report.paper import CONTRADICTIONS
from fashionlab.report.pictures import COLUMNS
from fashionlab.report.remarks import remarks, test_set_use
from fashionlab.report.run.pictures import TestImages
from fashionlab.report.view import RunView, environment_facts

GROUPS_IN_A_TABLE = 4  # columns of recall, and of the course report's counts; more do not fit
PAGE = "report.html"  # of a run, in its folder


class RunRow(NamedTuple):
    """A run of the table of all runs."""

    member: Member
    group: Group
    link: str  # to its own page, "" where there is none


def write_comparison(
    runs: Sequence[Given],
    out: Path,
    data: Parts | None = None,
    *,
    reference: Given | None = None,
    title: str | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write the page about `runs` to `out`, whole or not at all; returns `out`.

    `runs` and `reference` are those of `compare`, which says what is compared and what it raises.
    `data` are the data with the runs' test images; without them there are few pictures. `notes` are
    sentences for the box at the top. A run with a page report.html in its folder is linked to it.
    It replaces an earlier page of fashionlab but nothing else. Raises also RunError where something
    else is in the way or `out` cannot be written; InvalidValueError where `data` are other images.
    """
    refuse_foreign(out)
    compared = compare(runs, reference)
    return write_own(render(compared, out, data, title=title, notes=notes), out)


def render(
    comparison: Comparison,
    out: Path,
    data: Parts | None = None,
    *,
    title: str | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Return the page as text; the links to runs are those of a page at `out`."""
    first = comparison.reference.members[0].view
    test = TestImages(first.run, data.test if data else None)
    pairs = pair_views(comparison, test)
    _ = [pair.galleries for pair in pairs]  # their pictures are on the sheet from here on
    views = [member.view for member in comparison.members]
    by_recipe = [_named(group) for group in comparison.groups]
    rows = [
        RunRow(member, group, _link(member.view.folder, out))
        for group in comparison.groups
        for member in group.members
    ]
    systems = [group for group in comparison.groups if group.view.paper]
    return from_template(
        "comparison/page.html.j2",
        script="page.js",
        title=title or _title(comparison),
        verdict=comparison.verdict,
        passed=comparison.passed,
        notes=[*notes, *remarks(by_recipe)],
        test_set_use=test_set_use(by_recipe),
        comparison=comparison,
        view=first,
        drawings=Drawings(comparison),
        pairs=pairs,
        has_pictures=data is not None,
        swatches=[swatch(group.number) for group in comparison.groups],
        runs=rows,
        systems=systems,
        counted=[group for group in systems if group.view.paper_correct],
        contradictions=CONTRADICTIONS,
        in_a_table=GROUPS_IN_A_TABLE,
        views=views,
        environments=by_environment(views),
        sheets=[test.sheet.style],
        data=script_json(
            {"classes": list(first.class_names), "columns": COLUMNS, "sheet": "", "points": []}
        ),
    )


def _named(group: Group) -> RunView:
    """Return the first run of a recipe, by the recipe's name: remarks hold for all its runs."""
    view = copy(group.view)
    view.name = group.name
    return view


def _link(folder: Path, out: Path) -> str:
    """Return the link from a page at `out` to the page of a run, "" where there is none."""
    page = folder / PAGE
    if not page.is_file() or page.resolve() == out.resolve():
        return ""
    try:
        relative = os.path.relpath(page.resolve(), out.resolve().parent)
    except ValueError:  # another drive
        return ""
    return quote(Path(relative).as_posix(), errors="surrogateescape")


def _title(comparison: Comparison) -> str:
    names = list(dict.fromkeys(group.view.recipe.name for group in comparison.groups))
    what = listing(names) if len(names) <= 3 else f"{len(comparison.groups)} recipes"
    data = comparison.reference.view.test.name
    return f"{what} on {'Fashion-MNIST' if data == NAME else data}"


def by_environment(views: Sequence[RunView]) -> list[tuple[list[RunView], dict[str, str]]]:
    """Group the runs by environment, each with its facts but the command line."""
    groups: dict[object, tuple[list[RunView], dict[str, str]]] = {}
    for view in views:
        facts = environment_facts(view.environment)
        groups.setdefault(tuple(facts.items()), ([], facts))[0].append(view)
    return list(groups.values())
