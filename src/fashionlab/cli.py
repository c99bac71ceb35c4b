"""The command line: parses, calls one public function, prints."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from fashionlab.errors import FashionlabError

app = typer.Typer(
    help="Train and measure image classifiers on Fashion-MNIST and its kind.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Find, fetch and describe the data.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Data = Annotated[str | None, typer.Option("--data", help="A folder of IDX files, or 'synthetic'.")]


def _say(line: str) -> None:
    typer.echo(line, err=True)


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A name that `fashionlab recipes` lists.")],
    out: Annotated[Path | None, typer.Option(help="The run folder to write.")] = None,
    data: Data = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    engine: Annotated[str | None, typer.Option(help="scratch or keras.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Images a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option()] = None,
) -> None:
    """Train a recipe and write its run folder."""
    from fashionlab import recipes
    from fashionlab.data import load
    from fashionlab.training import train as run_training

    given: dict[str, Any] = {
        "engine": engine,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    chosen = replace(recipes.get(recipe), **{k: v for k, v in given.items() if v is not None})
    run = run_training(
        chosen, load(data, log=_say), out or Path("runs") / f"{recipe}-seed{seed}", seed, _say
    )
    _print_figures(run.folder)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="All figures, as JSON.")] = False,
) -> None:
    """Compute a run's figures anew from its stored predictions."""
    from fashionlab.runs import Run

    if as_json:
        typer.echo(json.dumps(Run(run).metrics().to_json(), indent=2))
    else:
        _print_figures(run)


def _print_figures(folder: Path) -> None:
    from fashionlab.runs import Run

    run = Run(folder)
    figures = run.metrics()
    low, high = figures.accuracy_interval
    typer.echo(f"{folder}: {run.config['recipe']['name']}, {run.config['parameters']:,} parameters")
    typer.echo(
        f"test accuracy {figures.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"log loss {figures.log_loss:.4f}, macro F1 {figures.macro_f1:.4f}"
    )
    rows = zip(
        run.config["class_names"], figures.precision, figures.recall, figures.f1, strict=True
    )
    typer.echo(f"{'class':<14} {'precision':>9} {'recall':>9} {'F1':>9}")
    for name, precision, recall, f1 in rows:
        typer.echo(f"{name:<14} {precision:>9.4f} {recall:>9.4f} {f1:>9.4f}")


@app.command()
def recipes() -> None:
    """List the recipes."""
    from fashionlab.recipes import RECIPES

    for r in RECIPES.values():
        batch = r.batch_size or "all"
        typer.echo(f"{r.name:<16} {r.engine:<8} {r.epochs:>4} epochs, batch {batch}, {r.optimizer}")


@data_app.command()
def fetch() -> None:
    """Put Fashion-MNIST into the package's cache."""
    from fashionlab.data.fetch import fetch as fetch_data

    typer.echo(fetch_data(_say))


@data_app.command()
def info(data: Data = None) -> None:
    """Say which data would be used, and what is in it."""
    from fashionlab.data import load

    for part in load(data, fetch=False):
        rows, columns = part.image_shape
        typer.echo(
            f"{part.name} {part.part}: {len(part):,} images of {rows} x {columns}, "
            f"{part.classes} classes, SHA-256 {part.sha256[:16]}..., from {part.source}"
        )


def main() -> None:
    """Run the command line; what the user can mend is one line and exit status 2."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except FashionlabError as error:
        _say(f"fashionlab: {error}")
    except typer.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        _say("fashionlab: stopped; nothing was written")
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # the parser's own errors have one
            raise
        _say(f"fashionlab: {error.format_message()}")
    sys.exit(2)
