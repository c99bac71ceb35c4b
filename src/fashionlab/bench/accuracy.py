"""The accuracy of a recipe over several seeds, each trained as any user would train it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionlab.bench import results
from fashionlab.data import Dataset
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.intervals import mean_interval, mean_std
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe
from fashionlab.runs import Run
from fashionlab.training import train

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
    recipe: Recipe,
    data: tuple[Dataset, Dataset],
    seeds: int,
    *,
    first: int = 0,
    folder: Path = Path("runs/accuracy"),
    out: Path,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Accuracies:
    """Train with `seeds` seeds from `first` on, and write a row per run to the CSV file `out`.

    Rows of other seeds stay in the file, so that a long measurement can be made in parts. A run in
    `folder` is used if it is complete, and resumed if it is not. Where the recipe has a validation
    split, the accuracies are of that split, to make choices by, and test metrics are not read.

    Raises InvalidValueError for fewer than 1 seed or a first one below 0, RunError for a run in
    `folder` that is not this one.
    """
    if seeds < 1:
        raise InvalidValueError(f"seeds must be a whole number from 1; received {seeds}")
    if first < 0:
        raise InvalidValueError(f"first seed must be a whole number from 0; received {first}")
    if out.exists():
        results.read(out)  # before hours of training
    values = []
    for seed in range(first, first + seeds):
        place = folder / f"{recipe.name}-seed{seed}"
        run = train(recipe, data, place, seed, progress, resume=True)
        row = measured(run)
        results.add(out, row, SAME)
        values.append(float(row["accuracy"]))
        say(f"{recipe.name}, seed {seed}: {row['part']} accuracy {values[-1]:.2%}")
    return Accuracies(recipe.name, measured(run)["part"], values)


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
