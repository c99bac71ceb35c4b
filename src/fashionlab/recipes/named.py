"""The named recipes, and recipes of one's own: in a file, or by changes of a named one.

The `report-*` recipes rebuild the three systems of a course report, with its layers, losses and
epochs. What the report leaves open is chosen once, with the reason beside it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fashionlab.errors import InvalidValueError
from fashionlab.recipes.recipe import Recipe, one_of

_KERAS_DEFAULTS: dict[str, Any] = {
    "engine": "keras",
    # The report names no optimizer; Adam with its default rate is what its time's tutorials used.
    "optimizer": "Adam",
    "learning_rate": 0.001,
    # Sigmoid with categorical cross-entropy contradicts ten exclusive classes; kept to compare. On
    # PyTorch and JAX the sigmoids are divided by their sum; on TensorFlow Keras 3.15 takes their
    # logits instead, as if they were a softmax's (`_keras_logits` in its TensorFlow backend).
    "output_activation": "sigmoid",
}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="report-net",
            builder="mlp",
            engine="scratch",
            epochs=150,  # full-batch iterations, "about 150"
            batch_size=None,
            optimizer="SGD",
            # Not given. Of 0.35, 0.5, 0.7 and 1 the one whose accuracy on held-out training images
            # is the nearest to the report's, and with 0.7 the nearest to the losses of its log
            # (benchmarks/report_net_rate.py).
            learning_rate=0.5,
            output_activation="linear",
            model={
                "units": (512,),
                "activation": "sigmoid",
                # Its first loss of 21.46 needs weights this large.
                "initializer": "standard_normal",
            },
        ),
        Recipe(
            name="report-mlp",
            builder="mlp",
            epochs=30,
            batch_size=256,  # not given; half the time an epoch of 128 on two cores
            model={"units": (512, 256)},
            **_KERAS_DEFAULTS,
        ),
        Recipe(
            name="report-cnn",
            builder="cnn",
            epochs=10,
            batch_size=128,  # not given
            model={"filters": 32, "kernel": 2, "units": (256,)},
            **_KERAS_DEFAULTS,
        ),
        Recipe(
            name="report-cnn-text",
            builder="cnn",
            epochs=10,
            batch_size=128,  # not given
            model={"filters": 42, "kernel": 3, "units": (512,)},
            **_KERAS_DEFAULTS,
        ),
    )
}


def get(name: str) -> Recipe:
    """The recipe of that name, or in the TOML file of that name.

    Raises InvalidValueError, with the nearest name, where there is none.
    """
    if name.endswith(".toml"):
        return read_toml(Path(name))
    one_of("recipe", name, RECIPES)
    return RECIPES[name]


def read_toml(path: Path) -> Recipe:
    """A recipe from a file: `base`, the recipe it starts from, and the fields that differ.

        base = "report-mlp"
        epochs = 20
        [model]
        units = [300, 100]

    The file's name is the recipe's, unless `name` is given; batch_size = "all" means one batch.
    Raises InvalidValueError for a file that cannot be read, an unknown field or a wrong value.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValueError(f"{path} must be a recipe in TOML: {reason}") from error
    base = values.pop("base", None)
    if base is None:
        raise InvalidValueError(f'{path} must name its base; add a line base = "report-mlp"')
    one_of("recipe", base, RECIPES)
    return override(RECIPES[base], {"name": path.stem} | values)


def override(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with these fields changed; those of `model` and `augment` are added."""
    for key in values:
        one_of("field", key, [f.name for f in fields(Recipe)])
    changes = dict(values)
    if changes.get("batch_size") == "all":
        changes["batch_size"] = None
    for table in ("model", "augment"):
        if isinstance(changes.get(table), Mapping):
            changes[table] = {**getattr(recipe, table), **changes[table]}
    return replace(recipe, **changes)
