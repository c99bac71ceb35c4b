"""Train the course report's models on scratch and on every installed peer, round-robin.

    make bench-speed                                     all of it, about 20 minutes
    python -m benchmarks.speed --quick --peer torch      a first look
    python -m benchmarks.speed --busy                    next to a process that keeps a core busy

Only a whole measurement writes to benchmarks/results, speed.csv or speed_busy.csv; all others write
to runs.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.speed.busy import measure_busy, text
from benchmarks.speed.contestants import ENVIRONMENTS
from benchmarks.speed.measure import TURNS, measure
from fashionlab.bench.results import default_out
from fashionlab.data import load
from fashionlab.errors import FashionlabError, InvalidValueError


def main() -> None:
    """Measure, print the table or JSON; a mistake in an option is one line and exit status 2."""
    parser = argparse.ArgumentParser("benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a folder of IDX files, or 'synthetic'")
    for name, known in (
        ("model", "784-512-10, 784-512-256-10, cnn or full-batch"),
        ("optimizer", "sgd or adam"),
        ("peer", "torch, jax, ... or scratch-numpy"),
    ):
        parser.add_argument(
            f"--{name}", action="append", default=[], help=f"{known}; can be repeated; default: all"
        )
    parser.add_argument("--turns", type=int, help=f"measurements of each; default: {TURNS}")
    parser.add_argument("--steps", type=int, help="steps a turn, at most")
    parser.add_argument("--quick", action="store_true", help="two short turns, for a first look")
    parser.add_argument(
        "--busy",
        action="store_true",
        help="scratch, PyTorch and Keras on it, alone and next to a busy process",
    )
    parser.add_argument("--out", type=Path, help="the CSV file to write")
    parser.add_argument(
        "--environments",
        type=Path,
        default=ENVIRONMENTS,
        help="folder of the peers' own environments (benchmarks/speed/peers.sh)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for a program to read")
    options = parser.parse_args()
    chosen = options.data or options.model or options.optimizer or options.peer or options.steps
    whole = not (chosen or options.quick or (options.turns or TURNS) < TURNS)
    path = options.out or default_out("speed_busy" if options.busy else "speed", whole)
    try:
        if options.busy:
            _busy(options, path)
            return
        measured = measure(
            load(options.data, log=_say),
            models=options.model,
            optimizers=options.optimizer,
            peers=options.peer,
            turns=options.turns,
            steps=options.steps,
            quick=options.quick,
            out=path,
            environments=options.environments,
            say=_say,
        )
    except (FashionlabError, OSError) as error:
        _say(f"benchmarks.speed: {error}")
        sys.exit(2)
    if options.json:
        print(json.dumps({"rows": measured.rows, "remarks": measured.remarks}, indent=2))
    else:
        print(measured.text())
    _say(f"written: {path}")


def _busy(options: argparse.Namespace, path: Path) -> None:
    if options.model or options.optimizer or options.peer:
        raise InvalidValueError(
            "--busy chooses model, optimizer and peers itself; received one of --model, "
            "--optimizer and --peer; leave it out"
        )
    rows = measure_busy(
        load(options.data, log=_say),
        turns=options.turns,
        steps=options.steps,
        quick=options.quick,
        environments=options.environments,
        out=path,
        say=_say,
    )
    print(json.dumps({"rows": rows}, indent=2) if options.json else text(rows))
    _say(f"written: {path}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
