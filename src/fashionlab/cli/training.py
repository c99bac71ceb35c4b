"""Commands that train: reproduce, train."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashionlab.cli.evaluation import print_metrics
from fashionlab.cli.options import Data, Engine, Json, Seed, run_folder, say
from fashionlab.errors import InvalidValueError
from fashionlab.shipped import FOLDER, NAME

if TYPE_CHECKING:
    from fashionlab.progress import Progress


def reproduce(
    out: Annotated[Path | None, typer.Option(help="Folder for the runs and the page.")] = None,
    data: Data = None,
    seed: Seed = 0,
    engine: Annotated[str | None, typer.Option(help="scratch or keras, for all three.")] = None,
    quick: Annotated[bool, typer.Option(help="Fewer steps, for a first look.")] = False,
) -> None:
    """Train the course report's three systems and set them beside its figures on one page."""
    from fashionlab.data import load
    from fashionlab.progress import for_stderr
    from fashionlab.reproduce import reproduce as run_reproduction

    folder = out or Path("runs", "reproduce-quick" if quick else "reproduce")
    page = run_reproduction(
        folder,
        load(data, log=say),
        seed=seed,
        engine=engine,
        quick=quick,
        say=say,
        progress=for_stderr(say),
    )
    typer.echo(f"the page: {page.resolve().as_uri()}")


def train(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A name that `fashionlab recipes` lists, or a TOML file."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to write.")] = None,
    data: Data = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Decides weights, order and draws; 0 by default.")
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
    engine: Engine = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training set.")] = None,
    batch_size: Annotated[str | None, typer.Option(help="Images a step, or 'all'.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="SGD, Adam, ...")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest of a schedule.")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine or exponential.")] = None,
    final_learning_rate: Annotated[
        float | None, typer.Option(help="Where the schedule ends.")
    ] = None,
    warmup_epochs: Annotated[
        float | None, typer.Option(help="Epochs in which the rate climbs first (cosine).")
    ] = None,
    moving_average: Annotated[
        float | None, typer.Option(help="Momentum of the weights' moving average, e.g. 0.999.")
    ] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of each target spread over all classes.")
    ] = None,
    output_activation: Annotated[
        str | None, typer.Option(help="linear (logits, through softmax), sigmoid or softmax.")
    ] = None,
    validation_fraction: Annotated[
        float | None, typer.Option(help="Share of the training set to hold out.")
    ] = None,
    test_each_epoch: Annotated[
        bool | None, typer.Option(help="Log test accuracy too; nothing is chosen by it.")
    ] = None,
    flip_at_prediction: Annotated[
        bool | None, typer.Option(help="Predict from an image and its mirror image.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32; or bfloat16, where this machine is fast with it.")
    ] = None,
    early_stopping_patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better one.")
    ] = None,
    restore_best_weights: Annotated[
        bool | None, typer.Option(help="Keep the best epoch's weights, not the last one's.")
    ] = None,
    monitor: Annotated[
        str | None, typer.Option(help="What is better: validation_loss or validation_accuracy.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="An option of the model, e.g. units=[300,100]; can be repeated."),
    ] = None,
    augment: Annotated[
        list[str] | None,
        typer.Option(help="A change of the images, flip=true or shift=2; can be repeated."),
    ] = None,
    optimizer_option: Annotated[
        list[str] | None,
        typer.Option(help="An argument of the optimizer, e.g. momentum=0.9; can be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a recipe and write its run folder; go on with one; or repeat a finished run."""
    from fashionlab.progress import for_stderr

    fields: dict[str, Any] = {
        "engine": engine,
        "epochs": epochs,
        "batch_size": _batch_size(batch_size),
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "final_learning_rate": final_learning_rate,
        "warmup_epochs": warmup_epochs,
        "moving_average": moving_average,
        "label_smoothing": label_smoothing,
        "output_activation": output_activation,
        "test_each_epoch": test_each_epoch,
        "flip_at_prediction": flip_at_prediction,
        "precision": precision,
        "validation_fraction": validation_fraction,
        "early_stopping_patience": early_stopping_patience,
        "restore_best_weights": restore_best_weights,
        "monitor": monitor,
        "model": _options("--model", model) if model else None,
        "augment": _options("--augment", augment) if augment else None,
        "optimizer_options": _options("--optimizer-option", optimizer_option)
        if optimizer_option
        else None,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    if repeated:
        _require_alone("--from", recipe, seed, given)
        options = {"resume": resume, "checkpoint_steps": checkpoint_steps}
        options["tensorboard"] = tensorboard
        _repeat(repeated, out, data, for_stderr(say), as_json, options)
        return
    from fashionlab import recipes
    from fashionlab.data import load
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
        chosen, seed, data, folder = planned.recipe, planned.seed, data or planned.source, out
    else:
        chosen, seed = recipes.override(recipes.get(recipe), given), seed or 0
        folder = out or Path("runs") / f"{chosen.name}-seed{seed}"
    require_free(folder, resume)  # before the data are read, which takes a second
    run_training(
        chosen,
        load(data, log=say),
        folder,
        seed,
        for_stderr(say),
        resume=resume,
        checkpoint_steps=checkpoint_steps,
        tensorboard=tensorboard,
    )
    print_metrics(folder, as_json)


def _require_alone(
    option: str, recipe: str | None, seed: int | None, given: Mapping[str, Any]
) -> None:
    """Refuse what decides a run beside an option that takes all of it from a folder."""
    beside = [f"--{name.replace('_', '-')}" for name in given]
    beside += ["--seed"] * (seed is not None) + ["a recipe"] * (recipe is not None)
    if beside:
        raise InvalidValueError(
            f"{option} takes recipe and seed from the folder; leave out {', '.join(beside)}"
        )


def _repeat(
    original: Path,
    out: Path | None,
    data: str | None,
    progress: "Progress",
    as_json: bool,
    options: Mapping[str, Any],
) -> None:
    from fashionlab.data import load
    from fashionlab.runs import Run, require_free
    from fashionlab.training import plan, repeat

    run = Run(original)
    beside, source = original.with_name(f"{original.name}-repeated"), plan(original).source
    if original == FOLDER:  # it was trained on another machine
        beside, source = Path("runs") / f"{NAME}-repeated", None
    folder, source = out or beside, data or source
    require_free(folder, options["resume"])
    repetition = repeat(run, load(source, log=say), folder, progress, **options)
    if as_json:
        before, now = repetition.sha256
        answer = {"same": repetition.same, "weights_sha256": now, "original_sha256": before}
        typer.echo(json.dumps({**answer, "differences": repetition.differences}, indent=2))
    else:
        typer.echo(f"{folder}: {repetition}")
    if not repetition.same:
        raise typer.Exit(1)


def _batch_size(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text


def _options(option: str, texts: list[str]) -> dict[str, Any]:
    """KEY=VALUE in TOML; a value that is not TOML is taken as a string."""
    options: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidValueError(f"{option} must be OPTION=VALUE; received {text!r}")
        try:
            options[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            options[key.strip()] = value.strip()
    return options
