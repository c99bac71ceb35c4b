"""What differs between the libraries that train a model, and nothing of it elsewhere.

Engine       the Protocol: how a library builds, trains, stores and averages a model
get          the engine of a name
scratch      Scratch: the network from scratch
keras        Keras: Keras 3, on PyTorch unless KERAS_BACKEND names another backend
derivatives  the derivative of Keras's outputs by the pixels, on each of its backends
keras_torch  parts for Keras on PyTorch that it lacks, or has in a slower form
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import Augmentation, Batches, Dataset
from fashionlab.errors import CheckpointError, InvalidValueError
from fashionlab.models import Layout

ENGINES = ("scratch", "keras")

Array = NDArray[Any]
Arrays = Mapping[str, Array]


class Engine(Protocol):
    """A library that trains the models of `fashionlab.models`."""

    @property
    def name(self) -> str:
        """One of ENGINES."""

    @property
    def nn(self) -> ModuleType:
        """The library that builders are functions of."""

    @property
    def layout(self) -> Layout:
        """The order of an image's axes, and the layers for it, that are the fastest here."""

    def use_bfloat16(self, model: Any) -> None:
        """Compute the convolutions of a compiled model's training in bfloat16.

        Does nothing where the library or this machine has no instructions for it.
        """

    def optimizer(self, name: str) -> Any:
        """Return the optimizer's class; AttributeError where the library has none of the name."""

    def batches(
        self,
        dataset: Dataset,
        batch_size: int | None,
        seed: int,
        augmentation: Augmentation | None,
    ) -> Batches:
        """Return the batches of a training set, where the library wants them."""

    def output_shape(self, layer: Any) -> tuple[int, ...]:
        """Return a layer's output shape without the batch's axis."""

    def form(self, model: Any) -> dict[str, Any] | None:
        """Return which form of scratch trains a compiled model; None for Keras."""

    def capture(self, model: Any) -> dict[str, Array]:
        """Copy all that the next step depends on: weights, optimizer state, random states."""

    def restore(self, model: Any, arrays: Arrays) -> None:
        """Put back what `capture` returned into a model that was built the same way.

        Raises CheckpointError where a name, shape or type is not this model's.
        """

    def average(self, model: Any) -> None:
        """Replace the weights by their moving average, which the optimizer keeps."""

    def without_gradients(self) -> AbstractContextManager[Any]:
        """A context in which training passes record nothing for a backward pass."""

    def input_gradients(self, model: Any, images: Array, labels: Array) -> Array:
        """Return dX (N, H, W[, 3]) of one output of each image: the derivative by its pixels.

        `images` (N, H, W[, 3]) are levels from 0 to 255, which the model scales itself; `labels`
        (N,) say which output. As in prediction: without dropout, with moving averages.
        """


def get(name: str) -> Engine:
    """Return the engine of that name.

    Raises InvalidValueError for another name, MissingDependencyError where Keras or its backend is
    not installed.
    """
    if name == "scratch":
        from fashionlab.engines.scratch import Scratch

        return Scratch()
    if name == "keras":
        from fashionlab.engines.keras import Keras

        return Keras()
    raise InvalidValueError(f"engine must be one of {', '.join(ENGINES)}; received {name!r}")


def numbered(kind: str, values: list[Array]) -> dict[str, Array]:
    """Name arrays that have an order and no names: kind/0000, kind/0001, ..."""
    return {f"{kind}/{i:04d}": value for i, value in enumerate(values)}


def listed(kind: str, arrays: Arrays) -> list[Array]:
    """Return the arrays that `numbered` has named, in their order."""
    return [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}/")]


def require_like(own: Arrays, given: Arrays) -> None:
    """Raise CheckpointError where `given` has other names, shapes or types than `own`."""
    for name in sorted({*own, *given}):
        expected, received = (
            f"{side[name].dtype} {np.shape(side[name])}" if name in side else "absent"
            for side in (own, given)
        )
        if expected != received:
            raise CheckpointError(
                f"the checkpoint must be of this model, where {name} is {expected}; "
                f"received {received}"
            )
