"""The command audit: which labels of a data set are wrong."""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashionlab.cli.inputs import NO_DATA, Named, named_parts
from fashionlab.cli.options import Data, Json, Place, Seed, reads_data
from fashionlab.cli.output import kept, say, show, show_json

if TYPE_CHECKING:
    from fashionlab.audit import Audit

SHOWN = 10  # suspects that are printed


@partial(reads_data, place=Named)
def audit(
    data: Data = NO_DATA,
    also: Place = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write, runs/audit-NAME by default.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One network that has seen all images, no folds.")
    ] = False,
    folds: Annotated[
        int, typer.Option(min=2, help="Networks; each is trained without one part in so many.")
    ] = 5,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Another recipe: a name that `fashionlab recipes` lists, or a TOML file."
        ),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Find labels that are wrong, by networks that were not trained on the image they judge.

    What was trained before it was stopped is used again by the same command.
    """
    from fashionlab.audit import audit as run_audit
    from fashionlab.progress import for_stderr
    from fashionlab.recipes import get

    parts = named_parts(data, also)
    folder = out or Path("runs") / f"audit-{parts[0].name}"
    chosen = get(recipe) if recipe else None
    made = run_audit(parts, folder, chosen, folds, seed, for_stderr(say), quick=quick)
    with kept(folder):
        if as_json:
            from fashionlab.audit import summary

            show_json(summary(made), indent=2)
        else:
            _show(made, folder)


def _show(made: "Audit", folder: Path) -> None:
    from fashionlab.audit import listed

    count, images = int(made.is_suspect.sum()), len(made.labels)
    show(
        f"{count:,} of {images:,} labels are suspect; confident learning estimates that "
        f"{made.found.noise:.2%} of all labels are wrong"
    )
    for place, row in zip(map(made.place, made.rows[:SHOWN]), listed(made), strict=False):
        show(
            f"{row['rank']:>4}  {place}: {row['given_label']}, likely {row['likely_label']} "
            f"(probability of the given label {row['self_confidence']})"
        )
    suspects_file = folder / "suspects.csv"
    show(f"{suspects_file} lists them; look at them in {folder / 'audit.html'}")
    show(f"train without them: fashionlab train RECIPE --without {shlex.quote(str(suspects_file))}")
