"""The best epoch of a history, and whether early stopping ends the training after it."""

from collections.abc import Mapping, Sequence

from fashionlab.recipes import Recipe


def best_epoch(history: Sequence[Mapping[str, float]], monitor: str) -> int:
    """Return the epoch, from 1, of the best value in the column `monitor`; the first of equals.

    The lower a loss the better, the higher anything else.
    """
    sign = 1 if monitor.endswith("loss") else -1
    return int(min(history, key=lambda row: sign * row[monitor])["epoch"])


def is_over(history: Sequence[Mapping[str, float]], recipe: Recipe) -> bool:
    """Return whether all epochs are made, or the recipe's patience is exhausted."""
    if len(history) >= recipe.epochs:
        return True
    if not history or recipe.early_stopping_patience is None:
        return False
    return len(history) - best_epoch(history, recipe.monitor) >= recipe.early_stopping_patience
