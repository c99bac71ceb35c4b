"""Batches in micro-batches that fit the cache, and on several cores by replicas of the model.

A replica is a copy of a model that shares its weights and has buffers, gradients, generators and a
loss of its own.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import cores
from .batches import micro_batches, some
from .checks import Batch, labels
from .network import Network

Array = NDArray[Any]
Result = TypeVar("Result")
Sums = tuple[float, int]  # the sum of the images' losses, the number of correct outputs

# Values that a replica's images should become on their way, some 0.1 s of work. OpenBLAS's own
# threads wait busily for some 25 ms after a product, and other threads are slow during that time.
SHARE = 2**25


def gradients(model: Network, batch: Batch) -> Sums:
    """Fill a model's gradients of the mean loss of a batch."""
    n, size = len(batch[0]), model.micro_batch_size
    if n <= size or any(layer.needs_whole_batch for layer in model.layers):
        return _add_up(model, batch, n, n)
    models = _of(model, n)
    for replica in models[1:]:
        _reseed(model, replica)
    sums = _on_each(models, n, lambda m, share: _add_up(m, some(batch, share), size, n))
    for replica in models[1:]:
        model.gradients_vector += replica.gradients_vector
    return _total(sums)


def evaluate(model: Network, batch: Batch, size: int) -> Sums:
    """Return the sums over all images of a batch, at most `size` at a time."""

    def of(model: Network, share: slice) -> Sums:
        parts = micro_batches(some(batch, share), size)
        return _total([_losses(model, y, model.forward(x), weights) for x, y, weights in parts])

    return _total(_on_each(_of(model, len(batch[0])), len(batch[0]), of))


def predict(model: Network, x: Array, size: int) -> Array:
    """Return the outputs (N, K) for images (N, ...), at most `size` at a time."""
    outputs = np.empty((len(x), *model.output_shape), model.dtype)

    def of(model: Network, share: slice) -> None:
        for start in range(share.start, share.stop, size):
            part = slice(start, min(start + size, share.stop))
            outputs[part] = model.forward(x[part])

    _on_each(_of(model, len(x)), len(x), of)
    return outputs


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # seen in the loss
def _add_up(model: Network, batch: Batch, size: int, n: int) -> Sums:
    """Add up the gradients of the micro-batches of `batch`, which is part of a batch of n."""
    sums, several = [], len(batch[0]) > size
    gradient_sum = np.zeros_like(model.gradients_vector if several else 0.0)
    for x, y, weights in micro_batches(batch, size):
        p = model.forward(x, training=True)
        sums.append(_losses(model, y, p, weights))
        model.backward(model.loss.backward(1 / n if weights is None else weights / n))
        if several:
            gradient_sum += model.gradients_vector
    if several:
        model.gradients_vector[:] = gradient_sum
    return _total(sums)


def _losses(model: Network, y: Array, p: Array, weights: Array | None) -> Sums:
    values = model.loss.forward(y, p)  # (B,)
    total = float(values.sum() if weights is None else np.dot(values, weights))
    if not model.counts_correct:
        return total, 0
    return total, int((p.argmax(axis=-1) == labels(y)).sum())


def _total(sums: list[Sums]) -> Sums:
    return sum(loss for loss, _ in sums), sum(correct for _, correct in sums)


def _of(model: Network, images: int) -> list[Network]:
    """Return the model and as many replicas as there are cores and work for them."""
    values = sum(math.prod(stage.output_shape) for stage in model.stages)  # of an image
    wanted = min(cores.count(), images * values // SHARE) - 1
    while len(model.replicas) < wanted:
        model.replicas.append(model.replica())
    return [model, *model.replicas[: max(wanted, 0)]]


def _reseed(model: Network, replica: Network) -> None:
    """Seed each generator of a replica by the next draw of the model's own."""
    for own, other in zip(model.layers, replica.layers, strict=True):
        if own.generator is not None:
            seed = int(own.generator.integers(2**63))
            other.generator = np.random.Generator(type(own.generator.bit_generator)(seed))


def _on_each(
    models: list[Network], n: int, call: Callable[[Network, slice], Result]
) -> list[Result]:
    """Call with each model and its share of n images; shares differ by one image at most."""
    bounds = pairwise(n * i // len(models) for i in range(len(models) + 1))
    return cores.together(
        [partial(call, m, slice(*b)) for m, b in zip(models, bounds, strict=True)]
    )
