"""The command compare: runs by recipe, and whether one is worse than a reference."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashionlab.cli.options import Data, Json, parts_of, reads_data
from fashionlab.cli.output import kept, show, show_json
from fashionlab.shipped import run_folder
from fashionlab.text import printable

if TYPE_CHECKING:
    from fashionlab.report.comparison.compare import Comparison

NO_DATA = Data()


@reads_data
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run folders, or 'shipped'.", parser=run_folder),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Compare with this run, or 'shipped': exit status 1 where one is worse.",
            parser=run_folder,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("comparison.html"),
    data: Data = NO_DATA,
    as_json: Json = False,
) -> None:
    """Compare runs by recipe, and write one HTML page about them.

    With --reference the exit status is 1 where a recipe is significantly less accurate than the
    reference's (p < 0.05, two-sided, adjusted for the number of comparisons), else 0. Not to be
    significantly less accurate is not to be as good: the interval says how much worse it may be.
    """
    from fashionlab.report.comparison.compare import compare as compare_runs
    from fashionlab.report.comparison.page import render
    from fashionlab.report.html import refuse_foreign, write_own

    refuse_foreign(out)
    compared = compare_runs(runs, reference)
    parts = parts_of(compared.reference.view.run, data)
    page = write_own(render(compared, out, parts), out).resolve()
    with kept(page):
        if as_json:
            show_json({**compared.to_json(), "page": str(page)}, indent=2)
        else:
            _show(compared)
            show(page.as_uri())
    if compared.passed is False:
        raise typer.Exit(1)


def _show(compared: "Comparison") -> None:
    """Print a table of recipes, the differences to the reference, and the verdict."""
    from fashionlab.report.formatting import NO_BREAK, p_value

    names = [printable(group.name) for group in compared.groups]
    width = max(6, *map(len, names))
    show(f"{'recipe':<{width}} runs  accuracy  95 % interval       deviation  seconds   parameters")
    for name, group in zip(names, compared.groups, strict=True):
        low, high = group.interval
        deviation = "" if group.deviation is None else f"{group.deviation:.2%}"
        show(
            f"{name:<{width}} {len(group.members):>4}  {group.accuracy:>8.2%}  "
            f"{low:.2%} to {high:.2%}  {deviation:>9}  {group.seconds:>7.1f}  "
            f"{group.view.parameters:>11,}"
        )
    for row in compared.rows:
        one = row.difference
        result = "better" if one.is_better else "worse" if one.is_worse else "not shown to differ"
        if compared.is_given:
            result = f"{'FAIL' if one.is_worse else 'PASS'}, {result}"
        low, high = one.interval
        seeds = f", {one.seeds} seeds" if one.seeds > 1 else ""
        show(
            f"{row.name} to {row.reference}: {100 * one.value:+.2f} points "
            f"({100 * low:+.2f} to {100 * high:+.2f}), "
            f"{p_value(one.adjusted_p).replace(NO_BREAK, ' ')}, {one.test}{seeds}: {result}"
        )
    show(compared.verdict)
