"""repeat: train a finished run again from its folder, and say whether the same came out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionlab import files
from fashionlab.data import ReadOptions
from fashionlab.environment import differences
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe, recorded
from fashionlab.runs import Run, recorded_config, recorded_environment
from fashionlab.training.records import Data
from fashionlab.training.train import parts, train


@dataclass(frozen=True)
class Plan:
    """The recipe, seed and data that a run folder, finished or not, records."""

    recipe: Recipe
    seed: int
    source: str | None  # of the data: what `data.load` takes; None where it does not say
    options: ReadOptions  # by which it was read


@dataclass(frozen=True)
class Repetition:
    """A run, its repetition, and whether their weights are the same to the bit."""

    original: Run
    run: Run
    sha256: tuple[str, str]  # of the weights of both
    differences: list[str]  # recorded conditions in which they differ

    @property
    def same(self) -> bool:
        """Whether both have the same weights' hash."""
        return self.sha256[0] == self.sha256[1]

    def __str__(self) -> str:
        """One line with the result, and where the weights differ, the conditions that do."""
        before, now = self.sha256
        if self.same:
            return f"the weights are those of {self.original.folder}, to the bit (SHA-256 {now})"
        reason = (
            f"these recorded conditions differ: {'; '.join(self.differences)}"
            if self.differences
            else "no recorded condition differs"
        )
        return (
            f"the weights are not those of {self.original.folder} (SHA-256 {now}, there {before}); "
            f"{reason}"
        )


def plan(folder: Path) -> Plan:
    """Return the plan in `folder`, or in an unfinished run that is to become `folder`.

    Raises RunError where it cannot be read.
    """
    config = recorded_config(folder)
    try:
        recipe = recorded(config["recipe"])
    except InvalidValueError as error:
        raise RunError(f"{folder} must say how it was trained, but does not ({error})") from error
    environment = recorded_environment(folder)
    source = environment.get("data")
    try:
        options = ReadOptions(**environment.get("data_options", {}))
    except (TypeError, InvalidValueError) as error:
        raise RunError(
            f"{folder} must say how its data were read, but does not ({error})"
        ) from error
    return Plan(recipe, config["seed"], source and str(files.named(source)), options)


def repeat(
    original: Run, data: Data, out: Path, progress: Progress | None = None, **options: Any
) -> Repetition:
    """Train `original` again, with its recipe and seed, and write the run folder `out`.

    `options` are those of `train`: resume, checkpoint_steps, tensorboard. Raises RunError where
    `data` is not what it was trained on, and all that `train` raises.
    """
    planned = plan(original.folder)
    for part in parts(data):
        was = original.data.get(part.part)
        if was is None or was.sha256 != part.sha256:
            before = f"{was.name} with SHA-256 {was.sha256}" if was else "none"
            raise RunError(
                f"{original.folder} must be repeated on its own data, as {part.part} {before}; "
                f"received {part.name} with {part.sha256}; give them with --data"
            )
    before = original.weights_sha256()
    run = train(planned.recipe, data, out, planned.seed, progress, **options)
    conditions = differences(original.environment(), run.environment())
    for session in original.environment().get("resumed", []):
        conditions += [f"{c} when it was resumed" for c in session["changed"]]
    return Repetition(original, run, (before, run.weights_sha256()), conditions)
