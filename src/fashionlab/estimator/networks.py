"""The networks that ScratchClassifier trains, each made by a builder."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fashionlab import models, scratch
from fashionlab.errors import InvalidValueError
from fashionlab.estimator.checks import require


def dense(
    nn: Any,
    input_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    units: Sequence[int] = (100,),
    activation: str = "relu",
    dtype: str = "float32",
) -> scratch.Sequential:
    """Build dense layers of `units`, then logits; the features are taken as they are."""
    rng = np.random.default_rng(seed)

    def layer(n: int, f: str) -> Any:
        glorot = nn.initializers.GlorotUniform(seed=rng)
        return nn.layers.Dense(n, activation=f, kernel_initializer=glorot, dtype=dtype)

    model: scratch.Sequential = nn.Sequential(
        [
            nn.layers.Input(input_shape),
            nn.layers.Flatten(dtype=dtype),
            *(layer(n, activation) for n in units),
            layer(classes, "linear"),
        ]
    )
    return model


BUILDERS: dict[str, Callable[..., Any]] = {"dense": dense, **models.BUILDERS}


def build(
    builder: Callable[..., Any],
    shape: tuple[int, ...],
    classes: int,
    seed: int,
    options: Mapping[str, Any],
) -> scratch.Sequential:
    """Return the builder's network; raise InvalidValueError unless it ends in K logits.

    Generators that the builder left unseeded are seeded by `seed`.
    """
    try:
        inspect.signature(builder).bind(scratch, shape, classes, seed, **options)
    except TypeError as error:
        raise InvalidValueError(
            f"units and builder_options must fit the builder: {error}; received {options}"
        ) from error
    model = builder(scratch, shape, classes, seed, **options)
    fits = isinstance(model, scratch.Sequential) and model.output_shape == (classes,)
    require("builder", fits, f"one that returns a scratch Sequential of {classes} logits", model)
    last = getattr(model.layers[-1], "activation", scratch.activations.linear)
    require("the network's last activation", last.name == "linear", "linear", last.name)
    trained: scratch.Sequential = model
    for i, layer in enumerate(trained.layers):
        if layer.generator is not None and layer.seed is None:
            layer.generator = np.random.default_rng([seed, 2, i])
    return trained
