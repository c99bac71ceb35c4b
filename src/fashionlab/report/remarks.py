"""What a reader must be told before the first figure, whether anybody asked for it or not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fashionlab.recipes import RECIPES, TABLES, Recipe
from fashionlab.report.content import RunView
from fashionlab.report.formatting import listing

OPTIONAL = ("moving_average", "early_stopping_patience")  # fields whose None is for none


def remarks(views: Sequence[RunView]) -> list[str]:
    """Sentences on other data than Fashion-MNIST, other settings, and a loss of another kind."""
    said = []
    for view in views:
        if not view.genuine:
            names = dict.fromkeys(repr(part.name) for part in (view.train, view.test))
            said.append(
                f"{view.name} was trained and tested on {listing(list(names))}, not Fashion-MNIST. "
                "Its figures say nothing about Fashion-MNIST"
                + (" and cannot be compared with the report's." if view.reference else ".")
            )
        if _trained_through_logits(view):
            said.append(
                f"{view.name}: on TensorFlow Keras computes this loss from the logits under the "
                "sigmoid, as if it were a softmax; the curves show that loss, while log loss is "
                "that of the sigmoids divided by their sum."
            )
        if changed := differences(view):
            said.append(f"{view.name} departs from its recipe: {listing(changed)}.")
    return said


def _trained_through_logits(view: RunView) -> bool:
    """Keras's TensorFlow backend takes the logits that an activation left on its output."""
    on_tensorflow = view.environment.get("keras_backend") == "tensorflow"
    recipe = view.recipe
    return on_tensorflow and recipe.engine == "keras" and recipe.output_activation == "sigmoid"


def differences(view: RunView) -> list[str]:
    """The settings in which a run differs from the named recipe: "epochs 3 instead of 150"."""
    if view.recipe.name not in RECIPES:
        return []
    ours, named = (_flat(asdict(recipe)) for recipe in (view.recipe, RECIPES[view.recipe.name]))
    return [
        f"{field.replace('_', ' ')} {_shown(field, ours.get(field))} instead of "
        f"{_shown(field, named.get(field))}"
        for field in dict.fromkeys([*named, *ours])
        if ours.get(field) != named.get(field)
    ]


def test_set_use(views: Sequence[RunView]) -> list[str]:
    """Sentences on what the test images were used for, and which weights they measure."""
    watching = [view for view in views if "test" in view.watched]
    validating = [view for view in views if "validation" in view.watched]
    said = []
    if watching:
        said.append(
            f"Test accuracy{_whose(watching, views)} was logged after every epoch"
            + (", as the report did. " if any(view.reference for view in views) else ". ")
            + "No choice was made on it."
        )
    if validating:
        said.append(
            f"The curves{_whose(validating, views)} show a validation part held out of the "
            "training images; the test images were read once, at the end."
        )
    measured: dict[str, list[RunView]] = {}
    for view in views:
        if view.watched:
            measured.setdefault(_weights(view.recipe), []).append(view)
    return said + [
        f"The test figures{_whose(group, views)} are those of {weights}."
        for weights, group in measured.items()
    ]


def _whose(group: Sequence[RunView], views: Sequence[RunView]) -> str:
    return "" if len(group) == len(views) else f" of {listing([view.name for view in group])}"


def _weights(recipe: Recipe) -> str:
    """The weights that are a run's result, and what was decided on the validation part."""
    figure = recipe.monitor.removeprefix("validation_")
    best, better = ("lowest", "lower") if figure == "loss" else ("highest", "higher")
    average = "the moving average of " if recipe.moving_average is not None else ""
    steps = " over the steps," if average else ""
    epoch = (
        f"epoch chosen on the validation part, that of its {best} {figure}"
        if recipe.restore_best_weights
        else "last epoch"
    )
    said = f"{average}the weights{steps} after the {epoch}"
    if patience := recipe.early_stopping_patience:
        epochs = "an epoch" if patience == 1 else f"{patience} epochs"
        said += f"; training was to stop after {epochs} without a {better} validation {figure}"
    return said


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The fields and the options of its tables side by side, as JSON gives them back."""
    fields: dict[str, Any] = json.loads(json.dumps(recipe))
    tables = {table: fields.pop(table) for table in TABLES}
    return fields | {
        f"{table} {name}": value
        for table, options in tables.items()
        for name, value in options.items()
    }


def _shown(field: str, value: Any) -> str:
    if value is None:
        return {"batch_size": "all", **dict.fromkeys(OPTIONAL, "none")}.get(field, "the default")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
