"""Recipes of the record (`fashionlab bench record`): the least time to an accuracy.

Those named fast-* are for two cores, those named gpu-* for a GPU.

The schedule is fixed beforehand; the result is the last epoch's. `medium` is the record's 95 %.
"""

from typing import Any

from fashionlab.recipes.accurate import CONVOLUTIONS, ON_A_GPU
from fashionlab.recipes.recipe import Recipe

_FAST: dict[str, Any] = {**CONVOLUTIONS, "augment": {"flip": True}}
_SHORT: dict[str, Any] = {**_FAST, "moving_average": None}  # too few steps for an average

_GPU: dict[str, Any] = {
    **CONVOLUTIONS,
    **ON_A_GPU,
    "model": {"stem": 64, "stages": ((160, 3), (320, 3), (512, 2)), "residual": True},
}

RECIPES = (
    Recipe(
        name="fast-90",
        epochs=2,
        warmup_epochs=0.5,
        model={"stem": 16, "stem_stride": 2, "stages": ((32, 0), (64, 1))},
        **{**_SHORT, "batch_size": 256, "learning_rate": 0.04},  # fewer steps, each of some ms
    ),
    Recipe(
        name="fast-92",
        epochs=5,
        warmup_epochs=0.5,
        model={"stem": 16, "stem_stride": 2, "stages": ((32, 1), (64, 1))},
        **_SHORT,
    ),
    Recipe(
        name="fast-93",
        epochs=4,
        warmup_epochs=0.5,
        model={"stem": 16, "stages": ((32, 1), (48, 1), (48, 1))},
        **_SHORT,
    ),
    Recipe(
        name="fast-94",
        epochs=12,
        warmup_epochs=1,
        model={"stem": 16, "stages": ((32, 1), (48, 1), (48, 1))},
        **{**_FAST, "augment": {"flip": True, "erase": 0.25}, "moving_average": 0.998},
    ),
    # On a GPU a wide network's epoch takes no longer than a narrow one's, and it needs few of them.
    Recipe(
        name="gpu-94",
        epochs=5,
        warmup_epochs=1,
        **{**_GPU, "augment": {"flip": True, "shift": 1}, "moving_average": None},
    ),
    Recipe(
        name="gpu-95",
        epochs=16,
        warmup_epochs=1,
        **{**_GPU, "augment": {"flip": True, "shift": 1, "erase": 0.25}, "moving_average": 0.99},
    ),
)
