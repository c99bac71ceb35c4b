"""Commands that train: reproduce, train."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashionlab import shipped
from fashionlab.cli.evaluation import print_metrics
from fashionlab.cli.options import Data, Json, Seed, data_of, reads_data
from fashionlab.cli.output import kept, say, show, show_json
from fashionlab.errors import InvalidValueError
from fashionlab.shipped import run_folder

if TYPE_CHECKING:
    from fashionlab.progress import Progress
    from fashionlab.recipes import Recipe

NO_DATA = Data()


@reads_data
def reproduce(
    out: Annotated[Path | None, typer.Option(help="Folder for the runs and the page.")] = None,
    data: Data = NO_DATA,
    seed: Seed = 0,
    engine: Annotated[str | None, typer.Option(help="scratch or keras, for all three.")] = None,
    quick: Annotated[bool, typer.Option(help="Fewer steps, for a first look.")] = False,
) -> None:
    """Train the course report's three systems and compare them with its figures on one page."""
    from fashionlab.progress import for_stderr
    from fashionlab.reproduce import reproduce as run_reproduction

    folder = out or Path("runs", "reproduce-quick" if quick else "reproduce")
    page = run_reproduction(
        folder,
        data.load(),
        seed=seed,
        engine=engine,
        quick=quick,
        say=say,
        progress=for_stderr(say),
    )
    with kept(page):
        show(f"the page: {page.resolve().as_uri()}")


def without_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Hide `**fields`, for which typer before 0.28 ends every command in a traceback."""
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    command.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
    return command


@reads_data
@without_fields  # `recipe_fields` adds the options that they are
def train(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A name that `fashionlab recipes` lists, or a TOML file."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to write.")] = None,
    data: Data = NO_DATA,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Decides weights, order and draws; 0 by default.")
    ] = None,
    without: Annotated[
        Path | None,
        typer.Option(help="A list of suspects of `audit`: these training images are left out."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training that --out has begun.")
    ] = False,
    repeated: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Train this run, or 'shipped', again, and say whether the weights are equal.",
            parser=run_folder,
        ),
    ] = None,
    checkpoint_steps: Annotated[
        int | None, typer.Option(help="Steps between checkpoints; they also follow each epoch.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write events into the run folder.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Experimental: processes that train it together, by Ray."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(help="Where they are: ray (this machine), or ray://HOST:PORT of a cluster."),
    ] = None,
    as_json: Json = False,
    **fields: Any,
) -> None:
    """Train a recipe and write its run folder; go on with one; or repeat a finished run."""
    from fashionlab.cli.recipe_fields import given_fields
    from fashionlab.progress import for_stderr

    given = given_fields(fields)
    if without and (repeated or not recipe):
        raise InvalidValueError(
            "--without is for a new training; --from and --resume take the list from the folder; "
            "leave it out"
        )
    if without:
        data = data.without(without)
    if on and not workers:
        raise InvalidValueError("--on is for several workers; give --workers, or leave it out")
    if workers and repeated:
        raise InvalidValueError(
            "--from compares the bits of one worker's sums; received --workers; leave it out"
        )
    options: dict[str, Any] = {"resume": resume, "checkpoint_steps": checkpoint_steps}
    options["tensorboard"] = tensorboard
    if repeated:
        _require_alone("--from", recipe, seed, given)
        _repeat(repeated, out, data, for_stderr(say), as_json, options)
        return
    from fashionlab import recipes
    from fashionlab.runs import require_free
    from fashionlab.training import plan
    from fashionlab.training import train as run_training

    if recipe is None:
        if not (resume and out):
            raise InvalidValueError(
                "train needs a RECIPE (`fashionlab recipes` lists them), or --resume with --out "
                "and the folder, or --from"
            )
        _require_alone("--resume without a recipe", None, seed, given)
        planned = plan(out)
        chosen, seed, folder = planned.recipe, planned.seed, out
        data = data.or_those_of(planned, planned.source)
    else:
        chosen, seed = recipes.override(recipes.get(recipe), given), seed or 0
        folder = out or Path("runs") / f"{chosen.name}-seed{seed}"
    require_free(folder, resume)  # before the data are read, which takes a second
    if workers:
        _train_parallel(chosen, data, folder, seed, workers, on or "ray", options)
    else:
        run_training(chosen, data.load(), folder, seed, for_stderr(say), **options)
    with kept(folder):
        print_metrics(folder, as_json)


def _train_parallel(
    recipe: "Recipe",
    data: Data,
    out: Path,
    seed: int,
    workers: int,
    on: str,
    options: Mapping[str, Any],
) -> None:
    from fashionlab.data import ReadOptions
    from fashionlab.progress import for_stderr
    from fashionlab.training.parallel import train_parallel

    progress, reading = for_stderr(say), ReadOptions(**(data.reading or {}))
    more = {"workers": workers, "on": on, "options": reading, **options}
    train_parallel(recipe, data.place, out, seed, progress, **more)


def _require_alone(
    option: str, recipe: str | None, seed: int | None, given: Mapping[str, Any]
) -> None:
    """Refuse what decides a run next to an option that takes all of it from a folder."""
    refused = [f"--{name.replace('_', '-')}" for name in given]
    refused += ["--seed"] * (seed is not None) + ["a recipe"] * (recipe is not None)
    if refused:
        raise InvalidValueError(
            f"{option} takes recipe and seed from the folder; leave out {', '.join(refused)}"
        )


def _repeat(
    original: Path,
    out: Path | None,
    data: Data,
    progress: "Progress",
    as_json: bool,
    options: Mapping[str, Any],
) -> None:
    from fashionlab.runs import Run, require_free
    from fashionlab.training import repeat

    run = Run(original)
    named = Path("runs", shipped.NAME) if shipped.is_shipped(original) else original
    folder = out or named.with_name(f"{named.name}-repeated")
    source = data_of(original, data)
    require_free(folder, options["resume"])
    repetition = repeat(run, source.load(), folder, progress, **options)
    with kept(folder):
        if as_json:
            before, now = repetition.sha256
            answer = {"same": repetition.same, "weights_sha256": now, "original_sha256": before}
            show_json({**answer, "differences": repetition.differences}, indent=2)
        else:
            show(f"{folder}: {repetition}")
    if not repetition.same:
        raise typer.Exit(1)
