"""Commands that measure: bench accuracy, bench record."""

from pathlib import Path
from typing import Annotated

import typer

from fashionlab.cli.options import Cores, Data, Json, On, Place, Retries, Workers, reads_data
from fashionlab.cli.output import kept, say, show, show_json

NO_DATA = Data()


@reads_data
def bench_accuracy(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE...", help="Names that `fashionlab recipes` lists, or TOML files."
        ),
    ],
    seeds: Annotated[int, typer.Option(help="The number of runs, each with its own seed.")] = 3,
    first_seed: Annotated[
        int, typer.Option(help="The first seed, to continue after seeds measured before.")
    ] = 0,
    validation_fraction: Annotated[
        float | None,
        typer.Option(
            help="Hold this share of the training set out and measure on it, not on the test set."
        ),
    ] = None,
    data: Data = NO_DATA,
    out: Annotated[Path | None, typer.Option(help="The CSV file to add a row per run to.")] = None,
    folder: Annotated[Path, typer.Option(help="The folder of the run folders.")] = Path(
        "runs/accuracy"
    ),
    on: On = "local",
    workers: Workers = None,
    cores: Cores = None,
    retries: Retries = 3,
    as_json: Json = False,
) -> None:
    """Train recipes with several seeds; mean, standard deviation and interval of their accuracy."""
    from dataclasses import asdict

    from fashionlab import recipes
    from fashionlab.bench.accuracy import accuracy
    from fashionlab.bench.results import default_out
    from fashionlab.jobs import start
    from fashionlab.progress import for_stderr

    chosen = [recipes.get(name) for name in names]
    if validation_fraction is not None:
        held_out = {"validation_fraction": validation_fraction}
        chosen = [recipes.override(recipe, held_out) for recipe in chosen]
    named = all(name in recipes.RECIPES for name in names)
    path = out or default_out("accuracy", not data.place and validation_fraction is None and named)
    here = on == "local" and workers is None  # with a bar, and all cores for each
    measured = accuracy(
        chosen,
        data.load(),
        seeds,
        first=first_seed,
        folder=folder,
        out=path,
        place=data.everywhere,
        executor=None
        if here
        else lambda: start(on, workers, cores=cores, retries=retries, say=say),
        progress=for_stderr(say),
        say=say,
    )
    with kept(path):
        if as_json:
            every = [asdict(one) for one in measured]
            show_json(every if len(every) > 1 else every[0], indent=2)
        else:
            for one in measured:
                show(str(one))
    say(f"written: {path}")


def bench_record(
    level: Annotated[
        list[int] | None, typer.Option(help="90, 92, 93, 94 or 95 %; on a GPU 94, 95 or 96")
    ] = None,
    seeds: Annotated[int, typer.Option(help="The number of runs of each, with seeds from 0.")] = 3,
    data: Place = None,
    out: Annotated[Path | None, typer.Option(help="The CSV file to add a row per run to.")] = None,
    folder: Annotated[Path, typer.Option(help="The folder of the run folders.")] = Path(
        "runs/record"
    ),
    as_json: Json = False,
) -> None:
    """Measure the seconds from arrays in memory to each level of test accuracy."""
    from dataclasses import asdict

    from fashionlab.bench.record import record
    from fashionlab.bench.results import default_out

    path = out or default_out("record", not data)
    times = record(level or (), data, seeds, folder=folder, out=path, say=say)
    with kept(path):
        if as_json:
            show_json([{**asdict(time), "reached": time.reached} for time in times], indent=2)
        else:
            for time in times:
                show(str(time))
    say(f"written: {path}")
