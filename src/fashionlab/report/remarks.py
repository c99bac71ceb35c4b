"""What a reader must be told before the first figure, whether anybody asked for it or not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fashionlab.recipes import RECIPES
from fashionlab.report.content import RunView
from fashionlab.report.formatting import listing


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
    """Sentences on what the test images were used for, and what was watched meanwhile."""
    watching = [view.name for view in views if "test" in view.watched]
    validating = [view.name for view in views if "validation" in view.watched]
    said = []
    if watching:
        whose = "" if len(watching) == len(views) else f" of {listing(watching)}"
        said.append(
            f"Test accuracy{whose} was logged after every epoch"
            + (", as the report did. " if any(view.reference for view in views) else ". ")
            + "No choice was made on it: every figure is that of the weights after the last epoch."
        )
    if validating:
        whose = "" if len(validating) == len(views) else f" of {listing(validating)}"
        said.append(
            f"The curves{whose} show a validation part held out of the training images; the test "
            "images were read once, at the end."
        )
    return said


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The fields and the builder's options side by side, as JSON gives them back."""
    fields: dict[str, Any] = json.loads(json.dumps(recipe))
    options = fields.pop("model")
    return fields | {f"model {name}": value for name, value in options.items()}


def _shown(field: str, value: Any) -> str:
    if value is None:
        return "all" if field == "batch_size" else "the default"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
