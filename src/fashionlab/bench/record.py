"""The record: seconds from raw arrays in memory to an accuracy, each run in a new process."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from fashionlab import recipes
from fashionlab.bench import results
from fashionlab.engines.keras import Keras
from fashionlab.environment import environment, processor
from fashionlab.errors import InvalidValueError, WorkerError
from fashionlab.runs import Run

RECIPES = {  # test accuracy in % -> the recipe whose mean over seeds reaches it
    90: "fast-90",
    92: "fast-92",
    93: "fast-93",
    94: "fast-94",
    95: "medium",
}
GPU_RECIPES = {94: "gpu-94", 95: "gpu-95", 96: "large"}  # where Keras uses a GPU
SAME = ("recipe", "seed", "cpu", "cpus")  # seconds are those of a machine


@dataclass(frozen=True)
class Time:
    """The runs of one level."""

    level: int  # %
    recipe: str
    seconds: Sequence[float]
    accuracies: Sequence[float]  # shares

    @property
    def reached(self) -> bool:
        """Whether the mean accuracy is at least the level."""
        return fmean(self.accuracies) >= self.level / 100

    def __str__(self) -> str:
        verdict = "" if self.reached else ": not reached"
        return (
            f"{self.level} %: {fmean(self.seconds):.1f} s, {self.recipe}, mean test accuracy "
            f"{fmean(self.accuracies):.2%} of {len(self.seconds)} seeds{verdict}"
        )


def record(
    levels: Sequence[int],
    data: str | None,
    seeds: int,
    *,
    folder: Path = Path("runs/record"),
    out: Path,
    say: Callable[[str], None] = lambda line: None,
) -> list[Time]:
    """Train the recipe of each level, and write a row per run to the CSV file `out`.

    The clock starts when the training set is in memory as bytes, and stops when the last epoch's
    weights are complete: imports, compilation, building the model, augmentation and checkpoints
    count. `data` is an argument of `data.load`. The run folders are kept in `folder`; a run with a
    row in `out`, of the same settings and machine, is not measured again.

    Raises InvalidValueError for an unknown level, WorkerError where a run fails.
    """
    named = GPU_RECIPES if Keras().on_gpu else RECIPES
    for level in levels:
        if level not in named:
            raise InvalidValueError(
                f"level must be one of {', '.join(map(str, named))}; received {level}"
            )
    if seeds < 1:
        raise InvalidValueError(f"seeds must be a whole number from 1; received {seeds}")
    times = []
    for level in levels or named:
        rows = [_run(named[level], seed, data, folder, out) for seed in range(seeds)]
        time = Time(
            level,
            named[level],
            [float(row["seconds"]) for row in rows],
            [float(row["accuracy"]) for row in rows],
        )
        say(str(time))
        times.append(time)
    return times


def _run(name: str, seed: int, data: str | None, folder: Path, out: Path) -> dict[str, Any]:
    """Return the row of one run, from the file where it was measured before."""
    here = environment()
    same = {
        "recipe": name,
        "seed": str(seed),
        "cpu": processor(here),
        "cpus": str(here["cpus"]),
    }
    known = results.of(results.read(out), **same) if out.exists() else []
    if known and known[0].get("settings") == results.settings(asdict(recipes.get(name))):
        return dict(known[0])
    place = folder / f"{name}-seed{seed}"
    request = {"recipe": name, "seed": seed, "data": data, "out": str(place)}
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "fashionlab.bench.race", json.dumps(request)],
        check=False,
        stdout=subprocess.PIPE,
    )
    if done.returncode:
        raise WorkerError(
            f"{name}, seed {seed}, ended with status {done.returncode}: its messages are above"
        )
    run = Run(place)
    protocol = run.protocol()
    row = {
        **results.facts(run),
        "seconds": f"{json.loads(done.stdout)['seconds']:.2f}",
        "training_seconds": f"{sum(row['seconds'] for row in run.history()):.2f}",
        "accuracy": f"{run.metrics().accuracy:.4f}",
        "test_set_read": protocol and protocol["test_set_read"],
        "weights_sha256": run.weights_sha256(),
    }
    results.add(out, row, SAME)
    return row
