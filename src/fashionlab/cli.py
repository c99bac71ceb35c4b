"""The command line: parses, calls one public function, prints."""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashionlab import __version__
from fashionlab.errors import FashionlabError, InvalidValueError, StoppedError

if TYPE_CHECKING:
    from fashionlab.progress import Progress
    from fashionlab.runs import Run

app = typer.Typer(
    help="Train and measure image classifiers on Fashion-MNIST and its kind.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Find, fetch and describe the data.", no_args_is_help=True)
app.add_typer(data_app, name="data")
bench_app = typer.Typer(help="Measure side by side.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")

Data = Annotated[str | None, typer.Option("--data", help="A folder of IDX files, or 'synthetic'.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides initial weights and the batches' order.")]
Engine = Annotated[str | None, typer.Option(help="scratch or keras.")]
RunFolder = Annotated[Path, typer.Argument(help="A run folder.")]


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fashionlab {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
) -> None:
    """Shows `--debug` in the help; `main` takes it from any place in the line."""


@app.command()
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
        load(data, log=_say),
        seed=seed,
        engine=engine,
        quick=quick,
        say=_say,
        progress=for_stderr(_say),
    )
    typer.echo(f"the page: {page.resolve().as_uri()}")


@app.command()
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
        typer.Option("--from", help="Train this run again, and say whether the weights are equal."),
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
    output_activation: Annotated[
        str | None, typer.Option(help="linear (logits, through softmax), sigmoid or softmax.")
    ] = None,
    validation_fraction: Annotated[
        float | None, typer.Option(help="Share of the training set to hold out.")
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
        "output_activation": output_activation,
        "validation_fraction": validation_fraction,
        "early_stopping_patience": early_stopping_patience,
        "restore_best_weights": restore_best_weights,
        "monitor": monitor,
        "model": _options("--model", model) if model else None,
        "augment": _options("--augment", augment) if augment else None,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    if repeated:
        _require_alone("--from", recipe, seed, given)
        options = {"resume": resume, "checkpoint_steps": checkpoint_steps}
        options["tensorboard"] = tensorboard
        _repeat(repeated, out, data, for_stderr(_say), as_json, options)
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
    if not (resume and folder.exists()):
        require_free(folder, resume)  # before the data are read, which takes a second
    run_training(
        chosen,
        load(data, log=_say),
        folder,
        seed,
        for_stderr(_say),
        resume=resume,
        checkpoint_steps=checkpoint_steps,
        tensorboard=tensorboard,
    )
    _print_figures(folder, as_json)


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
    folder = out or original.with_name(f"{original.name}-repeated")
    if not (options["resume"] and folder.exists()):
        require_free(folder, options["resume"])
    source = data or plan(original).source
    repetition = repeat(run, load(source, log=_say), folder, progress, **options)
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


@app.command()
def evaluate(run: RunFolder, as_json: Json = False) -> None:
    """Compute a run's figures anew from its stored predictions."""
    _print_figures(run, as_json)


def _print_figures(folder: Path, as_json: bool) -> None:
    from fashionlab.runs import Run

    run = Run(folder)
    figures, training = run.metrics(), run.training_figures()
    if as_json:
        answer = {**figures.to_json(), "training": training, "weights_sha256": run.weights_sha256()}
        typer.echo(json.dumps(answer, indent=2))
        return
    low, high = figures.accuracy_interval
    typer.echo(
        f"{folder}: {run.config['recipe']['name']}, {run.config['parameters']:,} parameters, "
        f"trained on {run.config['data']['train']['name']}, seed {run.config['seed']}"
    )
    typer.echo(f"weights SHA-256 {run.weights_sha256()}{_chosen_epoch(run)}")
    typer.echo(
        f"test accuracy {figures.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"log loss {figures.log_loss:.4f}"
    )
    typer.echo(
        f"training accuracy {training['accuracy']:.2%}, loss {training['loss']:.4f} in the last of "
        f"{training['epochs']} epochs, {training['seconds_an_epoch']:.2f} s an epoch"
    )
    names = run.class_names
    columns = (figures.precision, figures.recall, figures.f1, figures.correct, figures.support)
    width = max(13, *map(len, names))
    head = ("precision", "recall", "F1", "correct", "of")
    typer.echo(f"{'class':<{width}} " + " ".join(f"{text:>9}" for text in head))
    for name, *values, correct, support in zip(names, *columns, strict=True):
        shares = " ".join(f"{value:>9.4f}" for value in values)
        typer.echo(f"{name:<{width}} {shares} {correct:>9,} {support:>9,}")
    means = (figures.macro_precision, figures.macro_recall, figures.macro_f1)
    shares = " ".join(f"{value:>9.4f}" for value in means)
    total = f"{sum(figures.correct):>9,} {sum(figures.support):>9,}"
    typer.echo(f"{'mean, or sum':<{width}} {shares} {total}")


def _chosen_epoch(run: "Run") -> str:
    from fashionlab.training import best_epoch

    recipe = run.config["recipe"]
    if not recipe.get("restore_best_weights"):
        return ""
    return f", of epoch {best_epoch(run.history(), recipe['monitor'])}, best {recipe['monitor']}"


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[Path | None, typer.Option(help="The page; RUN/report.html for one run.")] = None,
) -> None:
    """Write one HTML page from what runs stored."""
    from fashionlab.report.page import write_page
    from fashionlab.runs import Run

    page = out or (runs[0] / "report.html" if len(runs) == 1 else Path("report.html"))
    typer.echo(write_page([Run(folder) for folder in runs], page).resolve().as_uri())


@app.command()
def recipes(as_json: Json = False) -> None:
    """List the recipes."""
    from dataclasses import asdict

    from fashionlab.recipes import RECIPES

    if as_json:
        typer.echo(json.dumps([asdict(r) for r in RECIPES.values()], indent=2))
        return
    for r in RECIPES.values():
        batch = r.batch_size or "all"
        options = ", ".join(f"{k} {v}" for k, v in r.model.items())
        typer.echo(
            f"{r.name:<16} {r.engine:<8} {r.epochs:>4} epochs, batch {batch}, "
            f"{r.optimizer} {r.learning_rate:g}; {r.builder}: {options}"
        )


@data_app.command()
def fetch() -> None:
    """Put Fashion-MNIST into the package's cache."""
    from fashionlab.data.fetch import fetch as fetch_data

    typer.echo(fetch_data(_say))


@data_app.command()
def info(data: Data = None, as_json: Json = False) -> None:
    """Say which data would be used, and what is in it."""
    from fashionlab.data import load

    parts = load(data, fetch=False)
    if as_json:
        described = [
            {
                "name": part.name,
                "part": part.part,
                "images": len(part),
                "image_shape": part.image_shape,
                "class_names": part.class_names,
                "sha256": part.sha256,
                "source": part.source,
            }
            for part in parts
        ]
        typer.echo(json.dumps(described, indent=2))
        return
    for part in parts:
        rows, columns = part.image_shape
        typer.echo(
            f"{part.name} {part.part}: {len(part):,} images of {rows} x {columns}, "
            f"{part.classes} classes, SHA-256 {part.sha256[:16]}..., from {part.source}"
        )


@bench_app.command("speed")
def bench_speed(
    data: Data = None,
    model: Annotated[
        list[str] | None, typer.Option(help="784-512-10, 784-512-256-10, cnn or full-batch.")
    ] = None,
    optimizer: Annotated[list[str] | None, typer.Option(help="sgd or adam.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="torch, jax, ...; default: all.")] = None,
    turns: Annotated[int | None, typer.Option(help="Measurements of each; 5 by default.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps a turn, at most.")] = None,
    quick: Annotated[bool, typer.Option(help="Two short turns, for a first look.")] = False,
    out: Annotated[Path | None, typer.Option(help="The CSV file to write.")] = None,
    environments: Annotated[
        Path, typer.Option(help="Folder of the peers' own environments (benchmarks/peers.sh).")
    ] = Path(".peers"),
    as_json: Json = False,
) -> None:
    """Train the report's models on scratch and on every installed peer, in turn; about 20 min."""
    from fashionlab.bench.speed import default_out, speed
    from fashionlab.data import load

    whole = not (data or model or optimizer or peer or steps or quick or (turns or 5) < 5)
    path = out or default_out(whole)
    measured = speed(
        load(data, log=_say),
        models=model or (),
        optimizers=optimizer or (),
        peers=peer or (),
        turns=turns,
        steps=steps,
        quick=quick,
        out=path,
        environments=environments,
        say=_say,
    )
    if as_json:
        typer.echo(json.dumps({"rows": measured.rows, "remarks": measured.remarks}, indent=2))
    else:
        typer.echo(measured.text())
    _say(f"written: {path}")


def main() -> None:
    """Run the command line; what the user can mend is one line and exit status 2."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        sys.exit(app(arguments, standalone_mode=False) or 0)
    except (KeyboardInterrupt, typer.Abort):
        _say("fashionlab: stopped; what was not finished was not kept")
        sys.exit(130)
    except Exception as error:
        line = _one_line(error)
        if isinstance(error, StoppedError):
            _say(f"fashionlab: {line}")
            sys.exit(error.status)
        if line is None or len(arguments) < len(sys.argv) - 1:
            raise
        if line:  # a command without its arguments has shown its help, and has none
            _say(f"fashionlab: {line}")
    sys.exit(2)


def _one_line(error: Exception) -> str | None:
    """The line for an error that the user can mend; None for a fault of the program."""
    if isinstance(error, FashionlabError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    if hasattr(error, "format_message"):  # the parser's own errors
        return str(error.format_message())
    return None
