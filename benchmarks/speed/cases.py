"""The models that are measured, and the weights that every contestant starts from."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SIDE, CLASSES = 28, 10  # of Fashion-MNIST; the models below are the course report's
FILTERS, WINDOW = 32, 2  # of its convolution; its pools are 2 x 2 as well
LEARNING_RATES = {"sgd": 0.01, "adam": 0.001}  # as in Keras
MOMENTUM, BETA_1, BETA_2, EPSILON = 0.9, 0.9, 0.999, 1e-7  # the last three as in Keras


@dataclass(frozen=True)
class Case:
    """A model with its batch, and how much of it a turn measures."""

    name: str
    units: tuple[int, ...]  # of the hidden dense layers
    activation: str  # of the hidden layers
    batch: int  # images a step
    steps: int  # a turn
    predictions: int  # passes over the test images a turn
    prediction_batches: tuple[int, ...]  # images at once; a contestant takes its fastest
    optimizers: tuple[str, ...] = ("sgd", "adam")
    convolution: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """The inputs of the first dense layer, then the units of all."""
        pooled = (SIDE - WINDOW + 1) // 2
        first = pooled * pooled * FILTERS if self.convolution else SIDE * SIDE
        return (first, *self.units, CLASSES)


CASES = {
    case.name: case
    for case in (
        Case("784-512-10", (512,), "sigmoid", 128, 300, 5, (1000, 10_000)),
        Case("784-512-256-10", (512, 256), "relu", 128, 300, 5, (1000, 10_000)),
        Case("cnn", (256,), "relu", 128, 60, 1, (128, 500), convolution=True),
        Case("full-batch", (512,), "sigmoid", 60_000, 1, 1, (1000, 10_000), ("sgd",)),
    )
}


def weights(case: Case, seed: int = 0) -> list[Array]:
    """Return kernels (Glorot uniform) and biases (0), float32, in Keras's order and layout."""
    rng = np.random.default_rng(seed)
    arrays: list[Array] = []
    if case.convolution:
        limit = np.sqrt(6 / (WINDOW * WINDOW * (1 + FILTERS)))
        arrays.append(rng.uniform(-limit, limit, (WINDOW, WINDOW, 1, FILTERS)))
        arrays.append(np.zeros(FILTERS))
    for inputs, units in pairwise(case.widths):
        limit = np.sqrt(6 / (inputs + units))
        arrays += [rng.uniform(-limit, limit, (inputs, units)), np.zeros(units)]
    return [array.astype(np.float32) for array in arrays]
