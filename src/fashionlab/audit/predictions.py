"""Predictions: a network for each fold, and what it says of the images it was not trained on.

Each fold is a run, trained by `training.train`: an unfinished one goes on from its last epoch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import Dataset
from fashionlab.data.check.near import gather
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe
from fashionlab.runs import Run
from fashionlab.training import train


@dataclass(frozen=True, eq=False)
class Fold:
    """A trained network, and the images (n,), counted through all parts, that it predicts."""

    run: Run
    rows: NDArray[np.int64]

    def log_probabilities(self) -> NDArray[np.float32]:
        """Return its log-probabilities (n, K) of these images."""
        return np.asarray(self.run.predictions()[0], np.float32)


def trained_folds(
    recipe: Recipe,
    parts: Sequence[Dataset],
    fold_of: NDArray[np.int64] | None,
    seed: int,
    folder: Path,
    progress: Progress,
) -> Iterator[Fold]:
    """Yield each fold when its network is trained; with `fold_of` None one that has seen all.

    Runs that are finished in `folder` are used as they are. Raises RunError where one is of another
    recipe, seed or data.
    """
    labels = np.concatenate([part.labels for part in parts])
    every = np.arange(len(labels))
    count = 1 if fold_of is None else int(fold_of.max()) + 1
    for fold in range(count):
        others = every if fold_of is None else np.flatnonzero(fold_of != fold)
        rows = every if fold_of is None else np.flatnonzero(fold_of == fold)
        name = replace(recipe, name=f"{recipe.name}-{fold + 1}-of-{count}")
        data = _taken(parts, labels, others, "train"), _taken(parts, labels, rows, "test")
        run = train(name, data, folder / f"fold-{fold + 1}", seed, progress, resume=True)
        yield Fold(run, rows)


def _taken(
    parts: Sequence[Dataset], labels: NDArray[np.uint8], rows: NDArray[np.int64], part: Any
) -> Dataset:
    """Return rows, counted through all parts, as one part."""
    return replace(parts[0], images=gather(parts, rows), labels=labels[rows], part=part, files=())
