"""What a reader has to know before the first number: other data, settings, test-set use."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fashionlab.data.fashion_mnist import NOT_GENUINE
from fashionlab.recipes import RECIPES, TABLES, Recipe
from fashionlab.report.formatting import listing
from fashionlab.report.view import RunView

OPTIONAL = ("moving_average", "early_stopping_patience")  # fields whose None means none


def remarks(views: Sequence[RunView]) -> list[str]:
    """Return sentences on data other than Fashion-MNIST, other settings, and another loss."""
    found = []
    for view in views:
        names = dict.fromkeys(repr(split.name) for split in (view.train, view.test))
        if not view.genuine and (view.paper or any(map(_stands_in, names))):
            found.append(
                f"{view.name} was trained and tested on {listing(list(names))}, not Fashion-MNIST. "
                "Its metrics say nothing about Fashion-MNIST"
                + (" and cannot be compared with the course report's." if view.paper else ".")
            )
        if _trained_through_logits(view):
            found.append(
                f"{view.name}: with TensorFlow, Keras computes this loss from the logits before "
                "the sigmoid, as for a softmax; the curves show that loss, but the log loss is "
                "that of the sigmoids divided by their sum."
            )
        if changed := differences(view):
            found.append(f"{view.name} differs from its recipe: {listing(changed)}.")
    return found


def _stands_in(name: str) -> bool:
    """Return whether data of this name could be taken for Fashion-MNIST."""
    return "synthetic" in name or NOT_GENUINE in name


def _trained_through_logits(view: RunView) -> bool:
    """Whether Keras's TensorFlow backend replaced a sigmoid's output by its logits."""
    on_tensorflow = view.environment.get("keras_backend") == "tensorflow"
    recipe = view.recipe
    return on_tensorflow and recipe.engine == "keras" and recipe.output_activation == "sigmoid"


def differences(view: RunView) -> list[str]:
    """Return how a run's settings differ from the named recipe: "epochs 3 instead of 150"."""
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
    """Return sentences on how the test images were used, and which weights they measure."""
    testing = [view for view in views if "test" in view.monitored]
    validating = [view for view in views if "validation" in view.monitored]
    own = [view for view in validating if view.validation]
    held_out = [view for view in validating if not view.validation]
    found = []
    if testing:
        found.append(
            f"Test accuracy{_of(testing, views)} was logged after every epoch"
            + (", as in the course report. " if any(view.paper for view in views) else ". ")
            + "No choice was based on it."
        )
    for group, split in (
        (held_out, "a validation split held out of the training images"),
        (own, "the validation split that the data have of their own"),
    ):
        if group:
            found.append(
                f"The curves{_of(group, views)} show {split}; the test images were read once, at "
                "the end."
            )
    measured: dict[str, list[RunView]] = {}
    for view in views:
        if view.monitored:
            measured.setdefault(_weights(view.recipe), []).append(view)
    return found + [
        f"The test metrics{_of(group, views)} are those of {weights}."
        for weights, group in measured.items()
    ]


def _of(group: Sequence[RunView], views: Sequence[RunView]) -> str:
    return "" if len(group) == len(views) else f" of {listing([view.name for view in group])}"


def _weights(recipe: Recipe) -> str:
    """Name the weights that are a run's result, and what the validation split decided."""
    metric = recipe.monitor.removeprefix("validation_")
    best, better = ("lowest", "lower") if metric == "loss" else ("highest", "higher")
    average = "the moving average of " if recipe.moving_average is not None else ""
    steps = " over the steps," if average else ""
    chosen = f"epoch with the {best} validation {metric}"
    epoch = chosen if recipe.restore_best_weights else "last epoch"
    named = f"{average}the weights{steps} after the {epoch}"
    if patience := recipe.early_stopping_patience:
        epochs = "an epoch" if patience == 1 else f"{patience} epochs"
        named += f"; training was to stop after {epochs} without a {better} validation {metric}"
    return named


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields and the options of its tables in one dict, as JSON reads them back."""
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
