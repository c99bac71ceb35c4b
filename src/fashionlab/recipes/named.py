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
from fashionlab.recipes import accurate, fast, paper
from fashionlab.recipes.recipe import TABLES, Recipe, one_of
from fashionlab.text import read_text

RECIPES = {recipe.name: recipe for recipe in (*paper.RECIPES, *accurate.RECIPES, *fast.RECIPES)}


def get(name: str) -> Recipe:
    """Return the recipe of that name, or in the TOML file of that name.

    Raises InvalidValueError, with the nearest name, where there is none.
    """
    if name.endswith(".toml"):
        return read_toml(Path(name))
    one_of("recipe", name, RECIPES)
    return RECIPES[name]


def read_toml(path: Path) -> Recipe:
    """Read a recipe from a file: `base`, the recipe it starts from, and the fields that differ.

        base = "report-mlp"
        epochs = 20
        [model]
        units = [300, 100]

    The file's name is the recipe's, unless `name` is given; batch_size = "all" means one batch.
    Raises InvalidValueError for a file that cannot be read, an unknown field or a wrong value.
    """
    try:
        values = tomllib.loads(read_text(path, "a recipe"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValueError(f"{path} must be a recipe in TOML: {reason}") from error
    base = values.pop("base", None)
    if base is None:
        raise InvalidValueError(f'{path} must name its base; add a line base = "report-mlp"')
    one_of("recipe", base, RECIPES)
    return override(RECIPES[base], {"name": path.stem} | values)


def recorded(values: Any) -> Recipe:
    """Return the recipe that a run recorded, its fields as JSON values.

    Raises InvalidValueError where they are not the fields of this version, or out of range.
    """
    try:
        return Recipe(**values)
    except TypeError as error:
        raise InvalidValueError(f"a recipe must have this version's fields; {error}") from error


def override(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Return the recipe with these fields changed; the options of tables are added.

    With another optimizer the options of the recipe's own go.
    """
    for key in values:
        one_of("field", key, [f.name for f in fields(Recipe)])
    changes = dict(values)
    if changes.get("optimizer", recipe.optimizer) != recipe.optimizer:
        recipe = replace(recipe, optimizer_options={})
    if changes.get("batch_size") == "all":
        changes["batch_size"] = None
    for table in TABLES:
        if isinstance(changes.get(table), Mapping):
            changes[table] = {**getattr(recipe, table), **changes[table]}
    return replace(recipe, **changes)
