"""Measure data-parallel training next to one worker: images a second, and how far the weights are.

    python -m benchmarks.engine.parallel [--recipes mlp cnn] [--turns 2] [--epochs 3] [--data PLACE]

Trains each recipe on Keras in ways that take turns, each in new processes: one worker with one
thread; one worker with two threads; two workers with a thread each, by Ray Train; and one thread
whose first weights differ in the seventh digit, which shows how far rounding alone leads. Images a
second are those of training alone, without the first epoch, in which memory is allocated.

Writes results/parallel.csv, a row a recipe and way: the median of the turns, the range, the ratio
to one thread, and the largest difference of the weights from those of one thread. For nothing else
to run meanwhile: workers that share cores with others wait for each other at every step.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from benchmarks import tables
from fashionlab.recipes import Recipe, get, override
from fashionlab.runs import Run

WAYS = {  # workers, threads
    "one thread": (1, 1),
    "two threads": (1, 2),
    "two workers": (2, 1),
    "seventh digit": (1, 1),
}


def trained(recipe: Recipe, data: str | None, way: str, out: Path) -> Run:
    """Train in this process, or on workers of a Ray cluster that is started for it."""
    workers, _ = WAYS[way]
    if workers > 1:
        from fashionlab.training.parallel import train_parallel

        return train_parallel(recipe, data, out, workers=workers)
    from fashionlab.data import load
    from fashionlab.training import train

    if way == "seventh digit":
        change_weights()
    return train(recipe, load(data), out)


def change_weights() -> None:
    """Have each first weight multiplied by 1 + 1e-7 z, with z of a normal distribution."""
    from fashionlab.engines.keras import Keras

    def form(engine: Keras, model: Any) -> None:
        draws = np.random.default_rng(0)
        for weight in model.trainable_weights:
            value = np.asarray(weight)
            change = 1 + 1e-7 * draws.standard_normal(value.shape)
            weight.assign((value * change).astype(np.float32))

    Keras.form = form  # type: ignore[method-assign]


def in_new_process(name: str, epochs: int, data: str | None, way: str, out: Path) -> Run:
    """Train with the threads of a way, which libraries read when they are loaded."""
    _, threads = WAYS[way]
    command = [sys.executable, "-m", "benchmarks.engine.parallel", "--epochs", str(epochs)]
    command += ["--recipes", name, "--way", way, "--out", str(out)]
    command += ["--data", data] if data else []
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": str(threads)})
    return Run(out)


def images_a_second(run: Run) -> float:
    """Return the speed of the epochs after the first."""
    later = run.history()[1:]
    images = run.protocol()["images_trained_on"] * len(later)
    return float(images / sum(row["seconds"] for row in later))


def apart(a: Run, b: Run) -> float:
    """Return the largest difference between the weights of two runs."""
    ours, theirs = (load_file(run.folder / "weights.safetensors") for run in (a, b))
    return max(float(np.abs(ours[name] - theirs[name]).max()) for name in ours)


def main() -> None:
    """Measure all ways in turn, or train one run in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["mlp", "cnn"])
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--data", help="as `fashionlab train --data`; Fashion-MNIST by default")
    parser.add_argument("--way", choices=WAYS, help="train one run, in this process")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.way:
        recipe = override(get(given.recipes[0]), {"engine": "keras", "epochs": given.epochs})
        trained(recipe, given.data, given.way, given.out)
        return
    rows: list[dict[str, object]] = []
    for name in given.recipes:
        speeds: dict[str, list[float]] = {way: [] for way in WAYS}
        with tempfile.TemporaryDirectory() as place:
            for turn in range(given.turns):
                runs = {}
                for way in WAYS:
                    out = Path(place) / f"{way.replace(' ', '-')}-{turn}"
                    runs[way] = in_new_process(name, given.epochs, given.data, way, out)
                    speeds[way].append(images_a_second(runs[way]))
            alone = statistics.median(speeds["one thread"])
            for way, (workers, threads) in WAYS.items():
                speed = statistics.median(speeds[way])
                rows.append(
                    {
                        "recipe": name,
                        "way": way,
                        "workers": workers,
                        "threads_a_worker": threads,
                        "batch_size": runs[way].recipe.batch_size,
                        "epochs": given.epochs,
                        "turns": given.turns,
                        "images_per_second": round(speed),
                        "slowest": round(min(speeds[way])),
                        "fastest": round(max(speeds[way])),
                        "ratio": round(speed / alone, 3),
                        "weights_apart": f"{apart(runs['one thread'], runs[way]):.1e}",
                        "test_accuracy": runs[way].metrics().accuracy,
                        **tables.machine(),
                    }
                )
                print(*rows[-1].values())
                tables.write("parallel", rows)


if __name__ == "__main__":
    main()
