"""Measure what checkpoints cost in report-cnn on Fashion-MNIST, one an epoch.

    python -m benchmarks.engine.checkpoint_cost

Trains report-cnn for some epochs on each engine, in turn in new processes, and writes
results/checkpoint_cost.csv: the seconds from the first step to the last checkpoint, and how many
of them the state was copied, hashed, written and flushed.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import tables

TURNS = 5
EPOCHS = 2
ENGINES = ("scratch", "keras")


def measure(engine: str) -> None:
    """Print the seconds of all, the seconds of saving, and the bytes of a checkpoint."""
    from fashionlab.data import load
    from fashionlab.progress import Progress
    from fashionlab.recipes import get
    from fashionlab.runs import RunWriter
    from fashionlab.runs.layout import work_folder
    from fashionlab.training import train
    from fashionlab.training.loop import Trainer

    seconds, sizes = {"all": 0.0, "saves": 0.0}, []
    save, write_history = Trainer._save, RunWriter.write_history

    def timed(call):
        def timed_call(*arguments):
            began = time.perf_counter()
            call(*arguments)
            seconds["saves"] += time.perf_counter() - began
            newest = sorted(work_folder(folder).glob("checkpoint-*"))[-1:]
            sizes.extend(sum(p.stat().st_size for p in f.iterdir()) for f in newest)

        return timed_call

    class Clock(Progress):
        def start(self, *arguments, **options):
            seconds["all"] = -time.perf_counter()

        def stop(self):
            seconds["all"] += time.perf_counter()

    Trainer._save, RunWriter.write_history = timed(save), timed(write_history)
    # With the other runs, on an ordinary disk: /tmp can be memory, where a flush costs nothing.
    runs = Path(__file__).parents[2] / "runs"
    runs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runs, prefix=".cost-") as place:
        folder = Path(place) / "run"
        recipe = replace(get("report-cnn"), engine=engine, epochs=EPOCHS)
        train(recipe, load(), folder, progress=Clock())
    print(seconds["all"], seconds["saves"], sizes[-1])


def main() -> None:
    """Measure both engines in turn, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", nargs="?", choices=ENGINES, help="measure one, in this process")
    if engine := parser.parse_args().engine:
        measure(engine)
        return
    rows = []
    for turn in range(TURNS):
        for engine in ENGINES:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.engine.checkpoint_cost", engine],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            whole, saves, size = map(float, done.stdout.split())
            rows.append(
                {
                    "turn": turn,
                    "engine": engine,
                    "epochs": EPOCHS,
                    "seconds": f"{whole:.2f}",
                    "checkpoint_seconds": f"{saves:.4f}",
                    "share": f"{saves / whole:.5f}",
                    "checkpoint_bytes": int(size),
                    **tables.machine(),
                }
            )
            print(rows[-1], flush=True)
            tables.write("checkpoint_cost", rows)


if __name__ == "__main__":
    main()
