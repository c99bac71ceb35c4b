"""Which epoch is the best, and whether there was none better for too long: from history alone."""

from collections.abc import Mapping, Sequence

from fashionlab.recipes import Recipe


def best_epoch(history: Sequence[Mapping[str, float]], monitor: str) -> int:
    """The epoch, from 1, of the best figure in the column `monitor`; the first of equal ones.

    The lower a loss the better, the higher anything else.
    """
    sign = 1 if monitor.endswith("loss") else -1
    return int(min(history, key=lambda row: sign * row[monitor])["epoch"])


def is_over(history: Sequence[Mapping[str, float]], recipe: Recipe) -> bool:
    """Whether the epochs are all made, or the recipe's patience is at its end."""
    if len(history) >= recipe.epochs:
        return True
    if not history or recipe.early_stopping_patience is None:
        return False
    return len(history) - best_epoch(history, recipe.monitor) >= recipe.early_stopping_patience
