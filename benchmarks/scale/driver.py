"""Measure what limits the number of workers: the driver's time for a job, and bytes of a job.

    python -m benchmarks.scale.driver

Writes results/driver.csv, a row a quantity: choosing a trial after so many (milliseconds), writing
one into SQLite, handing a job that does nothing to a local process and to a Ray task, the size of a
trial's checkpoint and of its run folder, and of the data that a worker reads.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from benchmarks import tables
from fashionlab.data import Parts, load
from fashionlab.jobs import Job, start
from fashionlab.recipes import get, override
from fashionlab.runs import Run, checkpoints
from fashionlab.runs.layout import work_folder
from fashionlab.training import train
from fashionlab.tuning import Choosing, Outcome, usual
from fashionlab.tuning.storage import Storage, sqlite

JOBS, TURNS = 200, 5
SIZES = (10, 100, 1_000, 10_000)


def nothing(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given."""
    return dict(arguments)


def outcomes(n: int) -> list[Outcome]:
    """Return made-up trials of the recipe mlp."""
    space, rng = usual(get("mlp")), np.random.default_rng(0)
    kept = [Choosing(space, "random", seed=i).choose([], []) for i in range(min(n, 200))]
    return [
        Outcome(kept[i % len(kept)], "finished", float(rng.random()), 10.0, (0.5, 0.6), str(i))
        for i in range(n)
    ]


def timed(do: Callable[[], object], turns: int = TURNS) -> list[float]:
    """Return the milliseconds of each call."""
    found = []
    for _ in range(turns):
        began = time.perf_counter()
        do()
        found.append(1000 * (time.perf_counter() - began))
    return found


def choosing() -> list[dict[str, object]]:
    """Return rows of the time to choose a trial."""
    rows = []
    for n in SIZES:
        told = outcomes(n)
        for sampler in ("tpe", "random"):
            chosen = Choosing(usual(get("mlp")), sampler)
            rows.append(
                row(
                    f"choose, {sampler}",
                    n,
                    "ms",
                    timed(lambda c=chosen, t=told: c.choose(t, []), 3),
                )
            )
    return rows


def writing() -> dict[str, object]:
    """Return the row of writing a trial into SQLite."""
    with tempfile.TemporaryDirectory() as place:
        kept = Storage(sqlite(Path(place) / "s.db"), "s", usual(get("mlp")), ("accuracy",))
        kept.connect(resume=False)
        kept.begin({})
        made = iter(outcomes(60))
        return row("write, SQLite", 60, "ms", timed(lambda: kept.add(next(made)), 60))


def handing(on: str) -> dict[str, object]:
    """Return the row of a job that does nothing."""
    found = []
    with start(on, 2, cores=1) as pool:
        for turn in range(TURNS + 1):
            began = time.perf_counter()
            for i in range(JOBS):
                pool.submit(Job(f"{turn}-{i}", f"{__spec__.name}:nothing", {"i": i}))
            for _ in range(JOBS):
                pool.wait()
            if turn:  # the first starts the workers
                found.append(1000 * (time.perf_counter() - began) / JOBS)
    return row(f"job, {on}", JOBS, "ms", found)


def bytes_of(data: Parts, name: str) -> list[dict[str, object]]:
    """Return rows of the bytes of a training."""
    recipe = override(get(name), {"epochs": 2})
    with tempfile.TemporaryDirectory() as place:
        folder, sizes = Path(place) / "run", []
        from fashionlab.progress import Progress

        class Looking(Progress):
            def epoch(self, line: Mapping[str, float]) -> None:
                for saved in checkpoints.saved(work_folder(folder)):
                    sizes.append(size(saved))

        train(recipe, data, folder, 0, Looking())
        finished = size(Run(folder).folder)
    return [
        row(f"checkpoint, {name}", 1, "MB", [x / 1e6 for x in sizes[-1:]]),
        row(f"run folder, {name}", 1, "MB", [finished / 1e6]),
    ]


def size(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def row(quantity: str, of: int, unit: str, values: list[float]) -> dict[str, object]:
    """Return a row, and print it."""
    deviation = stdev(values) if len(values) > 1 else 0.0
    found = {"quantity": quantity, "of": of, "n": len(values), "mean": f"{mean(values):.4g}"}
    found |= {"deviation": f"{deviation:.2g}", "unit": unit}
    print(*found.values(), flush=True)
    return {**found, **tables.machine()}


def main() -> None:
    data = load("fashion-mnist", fetch=False)
    rows = [*choosing(), writing(), handing("local"), handing("ray")]
    rows += [each for name in ("mlp", "cnn") for each in bytes_of(data, name)]
    rows.append(row("data", 1, "MB", [sum(part.images.nbytes for part in data.all) / 1e6]))
    tables.write("driver", rows)


if __name__ == "__main__":
    main()
