"""Commands that measure: bench speed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from fashionlab.cli.options import Data, Json, say


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
        load(data, log=say),
        models=model or (),
        optimizers=optimizer or (),
        peers=peer or (),
        turns=turns,
        steps=steps,
        quick=quick,
        out=path,
        environments=environments,
        say=say,
    )
    if as_json:
        typer.echo(json.dumps({"rows": measured.rows, "remarks": measured.remarks}, indent=2))
    else:
        typer.echo(measured.text())
    say(f"written: {path}")
