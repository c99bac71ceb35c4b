"""The accuracy of recipes over several seeds, each trained as any user would train it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionlab.bench import results
from fashionlab.data import Parts
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.intervals import mean_interval, mean_std
from fashionlab.jobs import Executor, Job
from fashionlab.jobs.stopping import stoppable
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe
from fashionlab.runs import Run
from fashionlab.training import job, train

SAME = ("recipe", "seed")  # a later row replaces one with these values


@dataclass(frozen=True)
class Accuracies:
    """The accuracies of one recipe over its seeds, in [0, 1]."""

    recipe: str
    part: str  # "test", or "validation" where the recipe holds one out
    values: Sequence[float]

    def __str__(self) -> str:
        n = len(self.values)
        if n == 1:
            return f"{self.recipe}: {self.part} accuracy {self.values[0]:.2%}, 1 seed"
        mean, deviation = mean_std(self.values)
        low, high = mean_interval(self.values)
        return (
            f"{self.recipe}: {self.part} accuracy {mean:.2%}, standard deviation {deviation:.2%}, "
            f"95 % interval of the mean {low:.2%} to {high:.2%}, {n} seeds"
        )


def accuracy(
    recipes: Sequence[Recipe],
    data: Parts,
    seeds: int,
    *,
    first: int = 0,
    folder: Path = Path("runs/accuracy"),
    out: Path,
    place: str | None = None,
    executor: Callable[[], Executor] | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Accuracies]:
    """Train each recipe with `seeds` seeds from `first` on; write a row per run to the CSV `out`.

    Rows of other seeds stay in the file, so that a long measurement can be made in parts. A run in
    `folder` is used if it is complete, and resumed if it is not. Where a recipe has a validation
    split, the accuracies are of that split, to make choices by, and test metrics are not read.

    An `executor` trains several at a time, with the data from `place`, as `load` takes it;
    without, they are trained here, one after the other.

    Raises InvalidValueError for fewer than 1 seed, a first one below 0 or a recipe that is named
    twice, RunError for a run in `folder` that is not this one or could not be trained.
    """
    if seeds < 1:
        raise InvalidValueError(f"seeds must be a whole number from 1; received {seeds}")
    if first < 0:
        raise InvalidValueError(f"first seed must be a whole number from 0; received {first}")
    names = [recipe.name for recipe in recipes]
    if len(set(names)) < len(names):
        raise InvalidValueError(
            f"recipes must have names of their own; received {', '.join(names)}"
        )
    if out.exists():
        results.read(out)  # before hours of training
    wanted = {
        folder / f"{recipe.name}-seed{seed}": (recipe, seed)
        for recipe in recipes
        for seed in range(first, first + seeds)
    }
    runs: Iterator[Run]
    if executor is None:
        runs = (train(r, data, f, seed, progress, resume=True) for f, (r, seed) in wanted.items())
    else:
        runs = _elsewhere(wanted, data, place, executor)
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for run in runs:
        row = measured(run)
        results.add(out, row, SAME)
        rows[run.recipe.name, run.seed] = row
        reached = float(row["accuracy"])
        say(f"{run.recipe.name}, seed {run.seed}: {row['part']} accuracy {reached:.2%}")
    return [
        _accuracies([rows[r.name, s] for r, s in wanted.values() if r is one]) for one in recipes
    ]


def _elsewhere(
    wanted: Mapping[Path, tuple[Recipe, int]],
    data: Parts,
    place: str | None,
    executor: Callable[[], Executor],
) -> Iterator[Run]:
    """Yield the runs as they are finished, trained by an executor."""
    done = 0

    def said() -> str:
        return f"stopped after {done} of {len(wanted)} runs"

    with stoppable(said, "the same command"), executor() as pool:
        for folder, (recipe, seed) in wanted.items():
            arguments = job.described(
                recipe, data, seed, folder.resolve(), folder.parent, place=place
            )
            pool.submit(Job(folder.name, job.WORK, arguments))
        for _ in wanted:
            ended = pool.wait()
            if ended.result is None:
                raise RunError(f"{ended.job.name}: {ended.error}")
            yield Run(ended.result["folder"])
            done += 1


def _accuracies(rows: Sequence[Mapping[str, Any]]) -> Accuracies:
    values = [float(row["accuracy"]) for row in rows]
    return Accuracies(rows[0]["recipe"], rows[0]["part"], values)


def measured(run: Run) -> dict[str, Any]:
    """Return the row of a finished run."""
    protocol, facts = run.protocol(), results.facts(run)
    if not protocol:
        raise RunError(
            f"{run.folder} was trained by an older version, which did not record how the test set "
            "was used; remove it, to train it again"
        )
    held_out = protocol["images_held_out"]
    part = "validation" if held_out else "test"
    reached = protocol["validation_accuracy"] if held_out else run.metrics().accuracy
    alone = None if held_out else run.accuracy_without_copies()
    return {
        **facts,
        "part": part,
        "accuracy": f"{reached:.4f}",
        "accuracy_without_copies": "" if alone is None else f"{alone:.4f}",
        "log_loss": "" if held_out else f"{run.metrics().log_loss:.4f}",
        "images_trained_on": protocol["images_trained_on"],
        "test_set_read": protocol["test_set_read"],
        "training_seconds": f"{sum(row['seconds'] for row in run.history()):.1f}",
        "weights_sha256": run.weights_sha256(),
    }
