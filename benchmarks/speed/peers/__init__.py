"""A file per library; each has a class Peer that trains the same model from the same weights.

Every peer has its own best form, images included: float32 in [0, 1] in its own kind of array,
converted once, outside the clock; or uint8, which each step divides by 255. Where it depends on the
machine, a peer finds its form while it is loaded, by `fastest`; its `form` says what it chose. The
images are in the order of training, so that a batch is a slice. Scratch takes them as uint8.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.cases import Case, weights

Array = NDArray[Any]
Form = dict[str, str]  # what was chosen of each kind of alternatives

BLOCK = 1000  # images converted at once, so that conversion needs no second copy
IMAGES = ("float32", "uint8")
TRIAL, REPEATS = 10, 3  # steps that are timed to choose a form, and how often


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

    def images(self, name: str, form: str = "float32", steps: int | None = None) -> Array:
        """Return images in one of the forms IMAGES; of the first `steps` batches, or all.

        They are (N, 784), or (N, 28, 28, 1) for a convolution.
        """
        images = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        images = images[: steps and steps * self.case.batch]
        n, h, w = images.shape
        shape = (n, h, w, 1) if self.case.convolution else (n, h * w)
        if form == "uint8":
            return np.array(images).reshape(shape)
        values = np.empty(shape, np.float32)
        for start in range(0, n, BLOCK):
            block = values[start : start + BLOCK]
            np.multiply(
                images[start : start + BLOCK].reshape(block.shape), np.float32(1 / 255), out=block
            )
        return values


class Peer(Protocol):
    """A contestant, loaded."""

    form: str  # what was chosen for it: images, layout, calls

    def __init__(self, task: Task) -> None: ...

    def reset(self) -> None:
        """Set the initial weights and a new optimizer."""

    def train(self, first: int, steps: int) -> float:
        """Train on the batches first ... first + steps - 1; return the mean of their losses."""

    def predict(self, batch: int) -> Array:
        """Return scores (N, K) of the test images."""


def fastest(
    case: Case,
    alternatives: Mapping[str, Sequence[str]],
    build: Callable[[Form, int | None], None],
    train: Callable[[int, int], float],
) -> Form:
    """Return the fastest form, found one kind of alternatives after the other.

    `build` makes the contestant in a form, with the images of so many steps, or of all for None;
    it is left built in the form that is returned, with all. A step of the whole set is not tried:
    the first of each kind is taken.
    """

    def seconds(form: Form) -> float:
        build(form, TRIAL)
        train(0, TRIAL)
        found = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            train(0, TRIAL)
            found.append(time.perf_counter() - began)
        return min(found)

    chosen = {kind: names[0] for kind, names in alternatives.items()}
    others = {kind: names[1:] for kind, names in alternatives.items() if names[1:]}
    if others and case.steps > 1:
        least = seconds(chosen)
        for kind, names in others.items():
            for name in names:
                tried = {**chosen, kind: name}
                if (found := seconds(tried)) < least:
                    chosen, least = tried, found
    build(chosen, None)
    return chosen
