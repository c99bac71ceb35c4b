"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from fashionlab.shipped import run_folder

Data = Annotated[str | None, typer.Option("--data", help="A folder of IDX files, or 'synthetic'.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]
Engine = Annotated[str | None, typer.Option(help="scratch or keras.")]


RunFolder = Annotated[
    Path,
    typer.Argument(help="A run folder, or 'shipped'.", parser=run_folder),
]
