"""The named recipes, and a user's own: in a TOML file, or by changes of a named one.

paper     the three systems of the course report, as it has them
accurate  the same layers trained well, and networks beyond them: the highest accuracy of a size
fast      the record: the least time to an accuracy
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fashionlab.errors import InvalidValueError
from fashionlab.models import CONVOLUTIONAL
from fashionlab.recipes import accurate, fast, paper
from fashionlab.recipes.recipe import TABLES, Recipe, one_of, require_typed
from fashionlab.text import read_text

RECIPES = {recipe.name: recipe for recipe in (*paper.RECIPES, *accurate.RECIPES, *fast.RECIPES)}


SPACE = "space"  # the table of a recipe's file that `fashionlab tune` reads


def get(name: str) -> Recipe:
    """Return the recipe of that name, or in the TOML file of that name.

    Raises InvalidValueError, with the nearest name, where there is none.
    """
    if name.endswith(".toml"):
        return read_toml(Path(name))
    one_of("recipe", name, RECIPES)
    return RECIPES[name]


def changes(name: str) -> tuple[Recipe, dict[str, Any]]:
    """Return the named recipe that `name`, a name or a TOML file, starts from, and its changes.

    `override` of them is `get(name)`. A table `space` is left out: `space` returns it. Raises
    InvalidValueError as `get` does.
    """
    if not name.endswith(".toml"):
        return get(name), {}
    values = _read(Path(name))
    base = RECIPES[values.pop("base")]
    values.pop(SPACE, None)
    return base, {"name": Path(name).stem} | values


def space(name: str) -> Mapping[str, Any] | None:
    """Return the table `space` of the TOML file `name`, which says what to try; None without."""
    if not name.endswith(".toml"):
        return None
    table = _read(Path(name)).get(SPACE)
    if table is not None:
        require_typed(dict[str, Any], table, SPACE)
    return table


def read_toml(path: Path) -> Recipe:
    """Read a recipe from a file: `base`, the recipe it starts from, and the fields that differ.

        base = "report-mlp"
        epochs = 20
        [model]
        units = [300, 100]

    The file's name is the recipe's, unless `name` is given; batch_size = "all" means one batch; a
    table `space` is for `fashionlab tune`. Raises InvalidValueError for a file that cannot be read,
    an unknown field or a wrong value.
    """
    return override(*changes(str(path)))


def _read(path: Path) -> dict[str, Any]:
    """Return what a recipe's file says, with a base that is the name of a recipe."""
    try:
        values = tomllib.loads(read_text(path, "a recipe"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValueError(f"{path} must be a recipe in TOML: {reason}") from error
    base = values.get("base")
    if base is None:
        raise InvalidValueError(f'{path} must name its base; add a line base = "report-mlp"')
    require_typed(str, base, "base")
    one_of("recipe", base, RECIPES)
    return values


def recorded(values: Any) -> Recipe:
    """Return the recipe that a run recorded, its fields as JSON values.

    Raises InvalidValueError where they are not the fields of this version, or out of range.
    """
    require_typed(dict[str, Any], values, "recipe")
    try:
        return Recipe(**values)
    except TypeError as error:  # a field that is missing, or unknown
        raise InvalidValueError(f"a recipe must have this version's fields; {error}") from error


def override(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Return the recipe with these fields changed; the options of tables are added.

    The recipe's own fields that no longer fit the changed ones give way, where they are not given
    themselves: see `_giving_way`.
    """
    for key in values:
        one_of("field", key, [f.name for f in fields(Recipe)])
    changes = dict(values)
    if changes.get("batch_size") == "all":
        changes["batch_size"] = None
    own = _giving_way(recipe, changes)
    for table in TABLES:
        if isinstance(changes.get(table), Mapping):
            changes[table] = {**own.get(table, getattr(recipe, table)), **changes[table]}
    return replace(recipe, **(own | changes))


def _giving_way(recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the recipe that give way to changes.

    The options of another optimizer or builder go; fewer epochs have a warm-up, and a moving
    average, over fewer steps in proportion, and a lower learning rate ends lower in proportion;
    another schedule than cosine has no warm-up, and a constant one no end.
    """
    own: dict[str, Any] = {}
    builder = changes.get("builder", recipe.builder)
    if builder != recipe.builder:
        own["model"] = {}
        if builder not in CONVOLUTIONAL:
            own["precision"] = "float32"
    if changes.get("optimizer", recipe.optimizer) != recipe.optimizer:
        own["optimizer_options"] = {}
    warmup, final = recipe.warmup_epochs, recipe.final_learning_rate
    if warmup:
        own["warmup_epochs"] = _lowered(warmup, changes.get("epochs"), recipe.epochs)
    if recipe.moving_average is not None:
        steps = 1 / (1 - recipe.moving_average)  # over which it is an average
        lowered = _lowered(steps, changes.get("epochs"), recipe.epochs)
        if lowered < steps:
            own["moving_average"] = 1 - 1 / lowered if lowered > 1 else None
    if final:
        rate = changes.get("learning_rate")
        own["final_learning_rate"] = _lowered(final, rate, recipe.learning_rate)
    schedule = changes.get("schedule", recipe.schedule)
    if schedule != "cosine":
        own["warmup_epochs"] = 0
    if schedule == "constant":
        own["final_learning_rate"] = 0.0
    return own


def _lowered(own: float, value: Any, before: float) -> float:
    """Return a number of the recipe, lowered as another of its numbers was changed to `value`."""
    lower = type(value) in (int, float) and 0 < value < before
    return own * value / before if lower else own
