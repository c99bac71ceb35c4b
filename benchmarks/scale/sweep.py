"""Time a study of equal trials by one process and by two, in turn.

    python -m benchmarks.scale.sweep [--turns 3] [--trials 6] [--epochs 10]

Each process has one core. The trials are of the recipe mlp on Fashion-MNIST with learning rates
next to each other, none pruned: equal work. A row has the seconds from the first trial chosen to
the last one written, the start of the processes included. Writes results/sweep.csv.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import tables
from fashionlab.data import Parts, load
from fashionlab.jobs import start
from fashionlab.recipes import get
from fashionlab.tuning import Axis, Choosing, Source, tune


def study(data: Parts, trials: int, epochs: int, workers: int) -> float:
    """Return the seconds of a study."""
    rates = tuple(round(0.002 + 1e-5 * i, 6) for i in range(trials))
    choosing = Choosing((Axis("learning_rate", choices=rates),), "grid", prune=False, window=2)
    source = Source(get("mlp"), {"epochs": epochs})
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        found = tune(
            source,
            data,
            choosing,
            out=Path(place) / "study",
            place="fashion-mnist",
            executor=lambda: start("local", workers, cores=1),
        )
        seconds = time.perf_counter() - began
    if any(x.state != "finished" for x in found.outcomes):
        raise SystemExit("a trial has not finished")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    data = load("fashion-mnist", fetch=False)
    rows = []
    for turn in range(options.turns):
        for workers in (1, 2):
            seconds = study(data, options.trials, options.epochs, workers)
            of = {"turn": turn, "workers": workers, "trials": options.trials}
            rows.append({**of, "epochs": options.epochs, "seconds": f"{seconds:.2f}"})
            rows[-1] |= tables.machine()
            print(f"{workers} workers: {seconds:.1f} s", flush=True)
            tables.write("sweep", rows)


if __name__ == "__main__":
    main()
