"""What several commands share: options, and where messages go."""

from pathlib import Path
from typing import Annotated

import typer

from fashionlab.shipped import run_folder

Data = Annotated[str | None, typer.Option("--data", help="A folder of IDX files, or 'synthetic'.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides initial weights and the batches' order.")]
Engine = Annotated[str | None, typer.Option(help="scratch or keras.")]


RunFolder = Annotated[
    Path,
    typer.Argument(help="A run folder, or 'shipped'.", parser=run_folder),
]


def say(line: str) -> None:
    """A line on standard error: what a program reads goes to standard output alone."""
    typer.echo(line, err=True)
