"""The command that tunes a recipe: tune."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fashionlab.cli.options import Cores, Data, On, Retries, Seed, Workers, reads_data
from fashionlab.cli.output import kept, say, show
from fashionlab.cli.training import without_fields
from fashionlab.errors import InvalidValueError

NO_DATA = Data()


@reads_data
@without_fields  # `recipe_fields` adds the options that they are
def tune(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A name that `fashionlab recipes` lists, or a TOML file, whose table [space] says "
            "what to try."
        ),
    ],
    trials: Annotated[
        int | None, typer.Option(help="The number of trials in all; of a grid all, by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the study; runs/tune-RECIPE by default.")
    ] = None,
    data: Data = NO_DATA,
    over: Annotated[
        list[str] | None,
        typer.Option(help="A field to try its usual range of, model.dropout; can be repeated."),
    ] = None,
    sampler: Annotated[str, typer.Option(help="tpe, random or grid.")] = "tpe",
    objective: Annotated[
        list[str] | None,
        typer.Option(help="accuracy; a second one, seconds, gives a Pareto front."),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune/--no-prune", help="Give up trials below the median.")
    ] = True,
    hold_out: Annotated[
        float,
        typer.Option(help="The share of the training images to choose by, where none is held out."),
    ] = 1 / 6,
    seed: Seed = 0,
    storage: Annotated[
        str | None, typer.Option(help="An Optuna storage's URL; a SQLite file by default.")
    ] = None,
    runs: Annotated[
        str | None,
        typer.Option(
            help="A folder or URL (s3://...) that all workers reach, for the run folders."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the study in --out.")
    ] = False,
    on: On = "local",
    workers: Workers = None,
    cores: Cores = None,
    retries: Retries = 3,
    **fields: Any,
) -> None:
    """Search a recipe's best learning rate, sizes and options; the test set is not read."""
    from dataclasses import replace

    from fashionlab import recipes, tuning
    from fashionlab.cli.recipe_fields import given_fields
    from fashionlab.environment import cpus
    from fashionlab.jobs import start
    from fashionlab.remote import is_remote

    given = given_fields(fields)
    base, changes = recipes.changes(recipe)
    source = tuning.Source(base, changes)
    source = tuning.Source(base, source.changed(given))
    own, table = source.recipe, recipes.space(recipe)
    space = tuning.read(table, own) if table is not None else ()
    named = tuple(tuning.default(name, own) for name in dict.fromkeys(over or ()))
    if twice := {axis.name for axis in space} & {axis.name for axis in named}:
        raise InvalidValueError(
            f"a field is tried over one range; received two of {', '.join(sorted(twice))}; leave "
            "out --over, or its line in [space]"
        )
    choosing = tuning.Choosing(
        (*space, *named) or tuning.usual(own),
        sampler,
        tuple(dict.fromkeys(objective or ["accuracy"])),
        workers or cpus(),
        seed,
        prune,
    )
    if sampler != "grid":
        choosing = replace(choosing, first=tuning.own(choosing.space, own))
    folder = out or Path("runs", f"tune-{own.name}")
    parts = data.load()
    study = tuning.tune(
        source,
        parts,
        choosing,
        trials,
        out=folder,
        place=data.everywhere,
        fraction=own.validation_fraction or hold_out,
        runs=runs if runs is None or is_remote(runs) else str(Path(runs).resolve()),
        storage=storage,
        resume=resume,
        executor=lambda: start(
            on, workers or choosing.window, cores=cores, retries=retries, say=say
        ),
        say=say,
    )
    written = tuning.write_best(study, folder)
    page = tuning.write_page(study, folder, written)
    with kept(folder):
        for number, path in written.items():
            found = study.outcomes[number]
            show(
                f"trial {number + 1}: {found.accuracy:.2%} of {len(study.data.test):,} held-out "
                f"images, {found.seconds:.3g} s; train it with: fashionlab train {path}"
            )
        show(f"the page: {page.resolve().as_uri()}")
    if not written:
        raise InvalidValueError("no trial has finished; see the page for the reasons")
