"""A file per library; each has a class Peer that trains the same model from the same weights.

Every peer gets what is best for it: images as float32 in [0, 1] in its own kind of array, converted
once, outside the clock. The images are in the order of training, so that a batch is a slice.
Scratch takes the images as they are, uint8.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.cases import Case, weights

Array = NDArray[Any]

BLOCK = 1000  # images converted at once, so that conversion needs no second copy


@dataclass(frozen=True)
class Task:
    """The model, optimizer and arrays that a contestant is measured with."""

    case: Case
    optimizer: str  # sgd (with momentum) or adam
    folder: Path  # holds the arrays
    threads: int

    def weights(self) -> list[Array]:
        """Return the initial weights, in Keras's order and layout."""
        return weights(self.case)

    def read(self, name: str) -> Array:
        """Return an array as it is: images (N, 28, 28) or labels (N,), uint8."""
        array: Array = np.load(self.folder / f"{name}.npy")
        return array

    def scaled(self, name: str) -> Array:
        """Return the images as float32 in [0, 1], (N, 784), or (N, 28, 28, 1) for a convolution."""
        images = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        n, h, w = images.shape
        values = np.empty((n, h, w, 1) if self.case.convolution else (n, h * w), np.float32)
        for start in range(0, n, BLOCK):
            block = values[start : start + BLOCK]
            np.multiply(
                images[start : start + BLOCK].reshape(block.shape), np.float32(1 / 255), out=block
            )
        return values


class Peer(Protocol):
    """A contestant, loaded."""

    form: str  # what was chosen for it, e.g. the layout

    def __init__(self, task: Task) -> None: ...

    def reset(self) -> None:
        """Set the initial weights and a new optimizer."""

    def train(self, first: int, steps: int) -> float:
        """Train on the batches first ... first + steps - 1; return the mean of their losses."""

    def predict(self, batch: int) -> Array:
        """Return scores (N, K) of the test images."""
