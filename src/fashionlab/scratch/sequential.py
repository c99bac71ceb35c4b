"""Sequential: layers in a row, trained by back-propagation and gradient descent.

All weights lie in one vector and all gradients in another; the layers hold views into them, so
that an optimizer is one loop. A batch goes through in pieces of at most `PIECE` images, whose
gradients add up: a full-batch step over 60,000 images needs the memory of one piece.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import losses, optimizers
from .layers import Input, Layer

Array = NDArray[Any]
Batch = tuple[Array, Array]

PIECE = 1024  # images; activations of 512 units in float32 are then 2 MB, about a core's cache


class History:
    """What `fit` returns: `history` maps a figure's name to its values, one for each epoch."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}


class Sequential:
    """A network of `layers`, an Input first.

    Raises ValueError where the layers do not fit each other, TypeError for what is not a layer.
    """

    def __init__(self, layers: Sequence[Input | Layer], name: str = "sequential") -> None:
        if not layers or not isinstance(layers[0], Input):
            raise ValueError(
                "Sequential: the first layer must be an Input, with the image's shape; "
                f"received {layers[0] if layers else 'no layer'!r}"
            )
        self.name = name
        self.input_shape = layers[0].shape
        self.layers: list[Layer] = []
        shape = self.input_shape
        for layer in layers[1:]:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: expected a scratch layer; received {layer!r}")
            layer.build(shape)
            shape = layer.output_shape
            self.layers.append(layer)
        self.output_shape = shape
        self._own_the_weights()
        self._allocated = 0
        self._first_trained = next(
            (i for i, layer in enumerate(self.layers) if layer.weights), len(self.layers)
        )

    def _own_the_weights(self) -> None:
        dtypes = {layer.dtype for layer in self.layers}
        if len(dtypes) > 1:
            raise ValueError(
                "Sequential: all layers must have one dtype; received "
                + ", ".join(sorted(str(d) for d in dtypes))
            )
        dtype = dtypes.pop() if dtypes else np.dtype("float32")
        count = sum(layer.count_params() for layer in self.layers)
        self.weights_vector = np.zeros(count, dtype)
        self.gradients_vector = np.zeros(count, dtype)
        start = 0
        for layer in self.layers:
            for v in layer.weights:
                end = start + int(np.prod(v.shape))
                v.value = self.weights_vector[start:end].reshape(v.shape)
                v.gradient = self.gradients_vector[start:end].reshape(v.shape)
                start = end
            layer.initialize()

    def count_params(self) -> int:
        """The number of trainable values."""
        return int(self.weights_vector.size)

    def get_weights(self) -> list[Array]:
        """Copies of all weights, in Keras's order."""
        return [w for layer in self.layers for w in layer.get_weights()]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Copy the weights in; raises ValueError, and changes nothing, where one does not fit."""
        variables = [v for layer in self.layers for v in layer.weights]
        if [v.shape for v in variables] != [np.shape(w) for w in weights]:
            raise ValueError(
                f"set_weights: expected shapes {[v.shape for v in variables]}; "
                f"received {[np.shape(w) for w in weights]}"
            )
        for v, w in zip(variables, weights, strict=True):
            v.value[:] = w

    def summary(self) -> str:
        """A table of the layers, their output shapes and parameters."""
        rows = [("layer", "output shape", "parameters")]
        rows += [
            (x.name, str((None, *x.output_shape)), f"{x.count_params():,}") for x in self.layers
        ]
        lines = [f"{a:<20} {b:<20} {c:>12}" for a, b, c in rows]
        return "\n".join([*lines, f"{'total':<41} {self.count_params():>12,}"])

    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: str | losses.CategoricalCrossentropy | None = None,
        metrics: Sequence[str] | None = None,
    ) -> None:
        """Choose how to train. The only metric is "accuracy"."""
        if loss is None:
            raise ValueError("compile: a loss is needed; received None")
        if not set(metrics or ()) <= {"accuracy"}:
            raise ValueError(f"compile: scratch has only the metric 'accuracy'; received {metrics}")
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)

    def _check(self, x: Array, y: Array | None = None) -> None:
        if x.ndim == 0 or x.shape[1:] != self.input_shape or not len(x):
            raise ValueError(
                f"{self.name}: expected at least one image of shape {self.input_shape}, with the "
                f"batch's axis before it; received {x.shape}"
            )
        if y is not None and y.shape != (len(x), *self.output_shape):
            raise ValueError(
                f"{self.name}: expected one-hot targets {(len(x), *self.output_shape)}; "
                f"received {y.shape}"
            )

    def _forward(self, x: Array) -> Array:
        if len(x) > self._allocated:
            self._allocated = len(x)
            for layer in self.layers:
                layer.allocate(len(x))
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def _backward(self, da: Array) -> None:
        for i in range(len(self.layers) - 1, self._first_trained - 1, -1):
            dx = self.layers[i].backward(da, need_dx=i > self._first_trained)
            if dx is not None:
                da = dx

    def _gradients(self, x: Array, y: Array) -> tuple[float, int]:
        """Fill the gradient vector for a batch; returns the sum of losses and the right answers."""
        n, total, right = len(x), 0.0, 0
        gradient_sum = np.zeros_like(self.gradients_vector) if n > PIECE else None
        for start in range(0, n, PIECE):
            xp, yp = x[start : start + PIECE], y[start : start + PIECE]
            p = self._forward(xp)
            total += self.loss.total(yp, p)
            right += int((p.argmax(axis=-1) == yp.argmax(axis=-1)).sum())
            self._backward(self.loss.gradient(yp, p, n))
            if gradient_sum is not None:
                gradient_sum += self.gradients_vector
        if gradient_sum is not None:
            self.gradients_vector[:] = gradient_sum
        return total, right

    def fit(
        self,
        x: Array | Iterable[Batch],
        y: Array | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        shuffle: bool | np.random.Generator = True,
        steps_per_epoch: int | None = None,
    ) -> History:
        """Train on images (N, ...) and one-hot targets (N, K), or on an iterable of such batches.

        `batch_size` None is 32. `shuffle` may be a Generator, for a repeatable order. An iterable
        is read once an epoch, or for `steps_per_epoch` batches. The loss and the accuracy of an
        epoch are means over its images, each taken before the step that its batch made.
        """
        history = History()
        rng = shuffle if isinstance(shuffle, np.random.Generator) else np.random.default_rng()
        for epoch in range(epochs):
            total, right, seen = 0.0, 0, 0
            if isinstance(x, np.ndarray):
                if y is None:
                    raise ValueError("fit: targets y are needed beside the array x; received None")
                self._check(x, y)
                batches = _array_batches(x, y, batch_size or 32, rng if shuffle else None)
            else:
                batches = iter(x)
            for step, (xb, yb) in enumerate(batches, 1):
                self._check(xb, yb)
                loss, hits = self._gradients(xb, yb)
                self.optimizer.step(self.weights_vector, self.gradients_vector)
                total, right, seen = total + loss, right + hits, seen + len(xb)
                if step == steps_per_epoch:
                    break
            if not seen:
                raise ValueError("fit: at least one batch is needed; received none")
            for key, value in (("accuracy", right / seen), ("loss", total / seen)):
                history.history.setdefault(key, []).append(value)
            if verbose:
                figures = f"accuracy {right / seen:.4f}, loss {total / seen:.4f}"
                print(f"Epoch {epoch + 1}/{epochs}: {figures}")  # noqa: T201
        return history

    def evaluate(
        self, x: Array, y: Array, batch_size: int | None = None, verbose: str | int = "auto"
    ) -> list[float]:
        """[mean loss, accuracy] on images (N, ...) and one-hot targets (N, K).

        `batch_size` None takes pieces of PIECE images; the figures do not depend on it.
        """
        size = batch_size or PIECE
        self._check(x, y)
        total, right = 0.0, 0
        for start in range(0, len(x), size):
            p, yp = self._forward(x[start : start + size]), y[start : start + size]
            total += self.loss.total(yp, p)
            right += int((p.argmax(axis=-1) == yp.argmax(axis=-1)).sum())
        return [total / len(x), right / len(x)]

    def predict(
        self, x: Array, batch_size: int | None = None, verbose: str | int = "auto"
    ) -> Array:
        """The outputs (N, K) for images (N, ...), a new array; `batch_size` as in `evaluate`."""
        size = batch_size or PIECE
        self._check(x)
        pieces = (x[start : start + size] for start in range(0, len(x), size))
        return np.concatenate([self._forward(piece).copy() for piece in pieces])


def _array_batches(
    x: Array, y: Array, batch_size: int, rng: np.random.Generator | None
) -> Iterator[Batch]:
    if batch_size < 1:
        raise ValueError(f"fit: batch_size must be at least 1; received {batch_size}")
    if batch_size >= len(x):
        yield x, y
        return
    order = np.arange(len(x)) if rng is None else rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        yield x[chosen], y[chosen]
