"""Recipes of the record (`fashionlab bench record`): the least time to an accuracy on two cores.

The schedule is fixed beforehand; the result is the last epoch's. `medium` is the record's 95 %.
"""

from typing import Any

from fashionlab.recipes.recipe import Recipe

_FAST: dict[str, Any] = {
    "builder": "convnet",
    "engine": "keras",
    "output_activation": "linear",
    "schedule": "cosine",
    "optimizer": "SGD",
    "optimizer_options": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.005},
    "augment": {"flip": True},
    "label_smoothing": 0.1,
    "flip_at_prediction": True,
}

RECIPES = (
    Recipe(
        name="fast-90",
        epochs=3,
        batch_size=64,
        learning_rate=0.2,
        warmup_epochs=0.5,
        model={"stem": 16, "stem_stride": 2, "stages": ((32, 1),)},
        **_FAST,
    ),
    Recipe(
        name="fast-92",
        epochs=5,
        batch_size=64,
        learning_rate=0.1,
        warmup_epochs=1,
        model={"stem": 32, "stem_stride": 2, "stages": ((64, 1),)},
        **_FAST,
    ),
    Recipe(
        name="fast-93",
        epochs=7,
        batch_size=64,
        learning_rate=0.1,
        warmup_epochs=1,
        model={"stem": 16, "stages": ((32, 1), (64, 1))},
        **_FAST,
    ),
    Recipe(
        name="fast-94",
        epochs=12,
        batch_size=64,
        learning_rate=0.1,
        warmup_epochs=1,
        model={"stem": 32, "stages": ((48, 2), (96, 2))},
        **_FAST,
    ),
)
