"""Recipes for the highest accuracy: the report's layers trained well, and networks beyond them.

Every choice was made on images held out of the training set (docs/protocol.md); trained as they
are here, all training images are used, and the result is the last epoch's.
"""

from typing import Any

from fashionlab.recipes.recipe import Recipe

_ALWAYS: dict[str, Any] = {
    "output_activation": "linear",
    "schedule": "cosine",
    "flip_at_prediction": True,
}
_DENSE: dict[str, Any] = {
    **_ALWAYS,
    "engine": "scratch",
    "optimizer": "AdamW",
    "warmup_epochs": 1,
    "moving_average": 0.999,
}
_CONVOLUTIONS: dict[str, Any] = {
    **_ALWAYS,
    "builder": "convnet",
    "engine": "keras",
    "optimizer": "SGD",
    "label_smoothing": 0.1,
    "moving_average": 0.999,
}
_SGD = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.005}

RECIPES = (
    Recipe(
        name="net",
        builder="mlp",
        epochs=60,
        batch_size=256,
        learning_rate=0.003,
        model={"units": (512,), "activation": "sigmoid", "dropout": 0.2},
        augment={"flip": True},
        optimizer_options={"weight_decay": 0.01},
        **_DENSE,
    ),
    Recipe(
        name="mlp",
        builder="mlp",
        epochs=60,
        batch_size=256,
        learning_rate=0.001,
        model={"units": (512, 256), "dropout": 0.3},
        augment={"flip": True},
        optimizer_options={"weight_decay": 0.02},
        label_smoothing=0.1,
        **_DENSE,
    ),
    Recipe(
        name="cnn",
        builder="cnn",
        epochs=30,
        batch_size=128,
        learning_rate=0.001,
        model={"filters": 32, "kernel": 2, "units": (256,), "dropout": 0.5},
        augment={"flip": True},
        optimizer_options={"weight_decay": 0.02},
        label_smoothing=0.1,
        **_DENSE,
    ),
    Recipe(
        name="tiny",
        epochs=40,
        batch_size=64,
        learning_rate=0.1,
        warmup_epochs=2,
        model={"stem": 8, "stages": ((16, 1), (24, 1))},
        augment={"flip": True},
        optimizer_options=_SGD,
        **_CONVOLUTIONS,
    ),
    Recipe(
        name="small",
        epochs=60,
        batch_size=64,
        learning_rate=0.1,
        warmup_epochs=3,
        model={"stem": 16, "stages": ((32, 1), (64, 1))},
        augment={"flip": True, "erase": 0.25},
        optimizer_options=_SGD,
        **_CONVOLUTIONS,
    ),
    Recipe(
        name="medium",
        epochs=60,
        batch_size=64,
        learning_rate=0.1,
        warmup_epochs=3,
        model={"stem": 32, "stages": ((48, 2), (96, 2)), "residual": True},
        augment={"flip": True, "erase": 0.5},
        optimizer_options=_SGD,
        **_CONVOLUTIONS,
    ),
    Recipe(
        name="large",
        epochs=100,
        batch_size=128,
        learning_rate=0.1,
        warmup_epochs=5,
        model={"stem": 64, "stages": ((160, 3), (320, 3), (512, 2)), "residual": True},
        augment={"flip": True, "shift": 2, "erase": 0.5},
        optimizer_options=_SGD,
        **_CONVOLUTIONS,
    ),
)
