"""Scratch: the network from scratch as an engine."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from fashionlab import scratch
from fashionlab.data import Augmentation, Batches, Dataset
from fashionlab.engines import Array, Arrays, listed, numbered, require_like
from fashionlab.errors import CheckpointError
from fashionlab.models import Layout
from fashionlab.scratch import compiled, passes

OPTIMIZER, RANDOM = "optimizer/", "random/"  # before the names of arrays in a checkpoint


class Scratch:
    """The network from scratch, in float32, with its images where they are."""

    name = "scratch"
    nn = scratch
    layout = Layout()

    def use_bfloat16(self, model: Any) -> None:
        """Leave the model as it is: NumPy has no bfloat16."""

    def optimizer(self, name: str) -> Any:
        """Return a class of `scratch.optimizers`."""
        return getattr(scratch.optimizers, name)

    def batches(
        self,
        dataset: Dataset,
        batch_size: int | None,
        seed: int,
        augmentation: Augmentation | None,
    ) -> Batches:
        """Return batches in memory."""
        return Batches(dataset, batch_size, seed, augmentation)

    def output_shape(self, layer: Any) -> tuple[int, ...]:
        """Return a layer's output shape without the batch's axis."""
        return tuple(int(n) for n in layer.output_shape)

    def form(self, model: scratch.Sequential) -> dict[str, Any]:
        """Return which form trains a model, C or NumPy, and with what or why."""
        why = None if model.jit_compile else compiled.lacking(model)
        return compiled.library.described(model.jit_compile, why)

    def capture(self, model: scratch.Sequential) -> dict[str, Array]:
        """Copy weights, optimizer state and the states of the layers' random generators."""
        return {
            **numbered("weights", model.get_weights()),
            **{f"{OPTIMIZER}{name}": value for name, value in model.optimizer.state.items()},
            **{f"{RANDOM}{name}": words for name, words in model.generator_states.items()},
        }

    def restore(self, model: scratch.Sequential, arrays: Arrays) -> None:
        """Put back what `capture` returned; CheckpointError where it is of another model."""
        kept, optimizer = {}, {}
        for name, array in arrays.items():
            if name.startswith(OPTIMIZER):
                optimizer[name.removeprefix(OPTIMIZER)] = array
            else:
                kept[name] = array
        own = {n: a for n, a in self.capture(model).items() if not n.startswith(OPTIMIZER)}
        require_like(own, kept)
        try:
            model.optimizer.state = optimizer
        except (ValueError, TypeError) as error:
            raise CheckpointError(
                "the checkpoint must be of this model's optimizer, written by this version "
                f"({error}); begin the training again"
            ) from error
        model.set_weights(listed("weights", kept))
        model.generator_states = {
            name.removeprefix(RANDOM): kept[name] for name in kept if name.startswith(RANDOM)
        }

    def average(self, model: scratch.Sequential) -> None:
        """Replace the weights by their moving average."""
        model.optimizer.finalize(model.weights_vector)

    def without_gradients(self) -> AbstractContextManager[Any]:
        """A context that changes nothing: a forward pass records nothing."""
        return nullcontext()

    def input_gradients(self, model: scratch.Sequential, images: Array, labels: Array) -> Array:
        """Return dX (N, H, W[, 3]) of one output of each image, by the layers in NumPy."""
        return passes.input_gradients(model, images, labels, model.micro_batch_size)
