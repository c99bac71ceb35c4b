"""The passes of images through a model: a step of training, gradients, losses, outputs.

Each runs in C where the model has a `program` (compiled/), and otherwise as it stands here. A batch
goes through in micro-batches, which bound the memory: its loss and its gradients are sums over its
images.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .batches import micro_batches
from .checks import Batch, labels

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]
Sums = tuple[float, int]  # the sum of the images' losses, the number of correct outputs


def step(model: "Sequential", batch: Batch) -> Sums:
    """Make a step, unless the loss is not finite; return the sums over the images, before it."""
    if model.program:
        return model.program.step(batch)
    sums = gradients(model, batch)
    if np.isfinite(sums[0]):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # seen in the next loss
            model.optimizer.step(model.weights_vector, model.gradients_vector)
    return sums


def gradients(model: "Sequential", batch: Batch) -> Sums:
    """Fill the model's gradients of the mean loss of a batch; return the sums over its images."""
    if model.program:
        return model.program.gradients(batch)
    n, size = len(batch[0]), model.micro_batch_size
    if n <= size or any(layer.needs_whole_batch for layer in model.layers):
        return _gradients(model, batch, n)
    sums, total = [], np.zeros_like(model.gradients_vector)
    for part in micro_batches(batch, size):
        sums.append(_gradients(model, part, n))
        total += model.gradients_vector
    model.gradients_vector[:] = total
    return _added(sums)


def losses(model: "Sequential", batch: Batch, size: int) -> Sums:
    """Return the sums over all images of a batch, at most `size` at a time."""
    if model.program:
        return model.program.losses(batch)
    parts = micro_batches(batch, size)
    return _added([_sums(model, y, model.forward(x), weights) for x, y, weights in parts])


def outputs(model: "Sequential", x: Array, size: int) -> Array:
    """Return the outputs (N, K) for images (N, ...), at most `size` at a time, a new array."""
    if model.program:
        return model.program.outputs(x)
    return np.concatenate([model.forward(x[i : i + size]) for i in range(0, len(x), size)])


def input_gradients(model: "Sequential", x: Array, labels: Array, size: int) -> Array:
    """Return dX (N, ...) of A_n,labels[n], one output of each image n, at most `size` at a time.

    As in prediction, always by the layers in NumPy. The weights' gradients are other ones then.
    """
    found = []
    for start in range(0, len(x), size):
        inputs = [np.asarray(x[start : start + size], model.dtype)]  # of each layer, then A
        for layer in model.layers:
            inputs.append(layer.forward(inputs[-1]))
        da = np.zeros_like(inputs.pop())  # (B, K)
        da[np.arange(len(da)), labels[start : start + size]] = 1
        while inputs:
            da = model.layers[len(inputs) - 1].input_gradient(inputs.pop(), da)
        found.append(da)
    return np.concatenate(found)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # seen in the loss
def _gradients(model: "Sequential", batch: Batch, n: int) -> Sums:
    """Fill the gradients of sum_n weight_n loss_n / N over a part of a batch of N images."""
    x, y, weights = batch
    sums = _sums(model, y, model.forward(x, training=True), weights)
    model.backward(model.loss.backward(1 / n if weights is None else weights / n))
    return sums


def _sums(model: "Sequential", y: Array, p: Array, weights: Array | None) -> Sums:
    values = model.loss.forward(y, p)  # (B,)
    loss = float(values.sum() if weights is None else values @ weights)
    correct = p.argmax(axis=-1) == labels(y) if model.counts_correct else np.zeros(1)
    return loss, int(correct.sum())


def _added(sums: list[Sums]) -> Sums:
    return sum(loss for loss, _ in sums), sum(correct for _, correct in sums)
