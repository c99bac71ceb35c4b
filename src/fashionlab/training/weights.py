"""A model's weights: as copies, by name, and their moving average."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.engines import Engine
from fashionlab.training.batch_norm import update_bn

Array = NDArray[Any]


def copied(model: Any) -> list[Array]:
    """Return copies; what Keras returns may be the memory that its next step writes into."""
    return [np.array(value) for value in model.get_weights()]


def by_name(model: Any) -> dict[str, Array]:
    """Return the weights as a finished run keeps them: "layer.kernel"."""
    return {
        f"{layer.name}.{variable.name}": value
        for layer in model.layers
        for variable, value in zip(layer.weights, layer.get_weights(), strict=True)
    }


def average(engine: Engine, model: Any, images: Array) -> None:
    """Replace the weights by their moving average, where the optimizer keeps one.

    Batch normalisation gets the statistics of `images` with it.
    """
    if model.optimizer.use_ema:
        engine.average(model)
        update_bn(engine, model, images)


@contextmanager
def averaged(engine: Engine, model: Any, images: Array) -> Iterator[None]:
    """Give the model, in this context, the moving average of its weights, where there is one."""
    if not model.optimizer.use_ema:
        yield
        return
    before = copied(model)
    average(engine, model, images)
    try:
        yield
    finally:
        model.set_weights(before)
