"""Sequential: a network that is trained by gradient descent: compile, fit, evaluate, predict.

A batch that is larger than the model's `piece` goes through in pieces, whose gradients add up: a
full-batch step over 60,000 images needs the memory of one piece.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import checks as batches
from . import cores, losses, optimizers
from .arguments import known_only
from .checks import Batch, Weighted
from .callbacks import Callback, CallbackList, History
from .layers import Dropout
from .network import Network

Array = NDArray[Any]
Result = TypeVar("Result")

SNAPSHOT_STEPS = 100  # between copies of weights to fall back to; a copy is about 2 % of a step


class Sequential(Network):
    """A network of `layers`, an Input first; names and defaults are those of Keras 3.

    Raises ValueError where the layers do not fit each other, TypeError for what is not a layer.
    """

    stop_training = False
    optimizer: optimizers.Optimizer
    loss: losses.Loss
    _good: tuple[Array, list[Array]] | None = None  # weights of a finite loss, and averages

    @known_only
    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: str | losses.Loss | None = None,
        *,
        metrics: Sequence[str] | None = None,
    ) -> None:
        """Choose how to train. The only metric is "accuracy"."""
        if loss is None:
            raise ValueError("compile: a loss is needed; received None")
        if not set(metrics or ()) <= {"accuracy"}:
            raise ValueError(f"compile: scratch has only the metric 'accuracy'; received {metrics}")
        if metrics and (len(self.output_shape) != 1 or self.output_shape[0] < 2):
            raise ValueError(
                f"compile: accuracy needs an output for each of two or more classes; {self.name} "
                f"has outputs of shape {self.output_shape}"
            )
        self.optimizer, self.loss = optimizers.get(optimizer), losses.get(loss)
        self._counts_right = bool(metrics)
        self._good = None
        self._twins = []  # they have a loss of their own

    @known_only
    def fit(
        self,
        x: Array | Iterable[Batch],
        y: Array | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Batch | None = None,
        shuffle: bool | np.random.Generator = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Array | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
    ) -> History:
        """Train on images (N, ...) and targets, or on an iterable of batches.

        `batch_size` None is 32. `shuffle` may be a Generator, for a repeatable order. A batch is
        (images, targets) or (images, targets, weights); an iterable is read once an epoch, or for
        `steps_per_epoch` batches. `validation_split` is the share of the images, from the end, that
        is not trained on. Loss and accuracy of an epoch are means over its images, each taken
        before the step that its batch made.

        Raises ValueError for what does not fit, RuntimeError before `compile`, and
        FloatingPointError where the loss is no longer finite; the model then has the last weights,
        at most SNAPSHOT_STEPS steps old, whose loss was finite.
        """
        self._require_compiled("fit")
        arrays: Weighted | None = None
        if isinstance(x, np.ndarray) or y is not None:
            arrays = batches.checked(self, "fit", x, y, sample_weight, class_weight)
            arrays, held_out = batches.split(arrays, validation_split)
            if held_out is not None and class_weight is not None:
                held_out = held_out[:2]  # they weigh what is trained on alone
            validation_data = held_out if validation_data is None else validation_data
        elif sample_weight is not None or validation_split:
            raise ValueError(
                "fit: sample_weight and validation_split need arrays x and y; "
                "an iterable gives batches (images, targets, weights)"
            )
        rng = shuffle if isinstance(shuffle, np.random.Generator) else np.random.default_rng()
        size = batches.positive("batch_size", 32 if batch_size is None else batch_size)
        steps = -(-len(arrays[0]) // size) if arrays else steps_per_epoch
        history = History()
        watching = CallbackList(
            [history, *(callbacks or ())],
            self,
            {"epochs": epochs, "steps": steps, "verbose": int(bool(verbose))},
        )
        if validation_data is not None:
            batches.check_validation(self, validation_data)
        self.stop_training = False
        self._good = self._snapshot()
        logs: dict[str, float] = {}
        watching.call("on_train_begin", None)
        for epoch in range(initial_epoch, epochs):
            watching.call("on_epoch_begin", epoch, None)
            if arrays:
                epoch_batches = batches.of_arrays(arrays, size, rng if shuffle else None)
            else:
                epoch_batches = batches.of_iterable(self, x, class_weight)
            logs = self._train_epoch(epoch_batches, steps_per_epoch, epoch, watching)
            if validation_data is not None:
                vx, vy, *rest = validation_data
                weights = rest[0] if rest else None
                held_out_logs = self.evaluate(
                    vx, vy, sample_weight=weights, return_dict=True, verbose=0
                )
                logs |= {f"val_{k}": v for k, v in held_out_logs.items()}  # type: ignore[union-attr]
            watching.call("on_epoch_end", epoch, logs)
            if verbose:
                figures = ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
                print(f"Epoch {epoch + 1}/{epochs}: {figures}")  # noqa: T201
            if self.stop_training:
                break
        self.optimizer.finalize(self.weights_vector)
        watching.call("on_train_end", logs)
        return history

    def _train_epoch(
        self,
        epoch_batches: Iterator[Weighted],
        steps: int | None,
        epoch: int,
        watching: CallbackList,
    ) -> dict[str, float]:
        total, right, seen = 0.0, 0, 0
        for step, (x, y, weights) in enumerate(epoch_batches):
            if watching.want_batches:
                watching.call("on_train_batch_begin", step, None)
            loss, hits = self._gradients(x, y, weights)
            if not np.isfinite(loss):
                self._fall_back(f"epoch {epoch + 1}, step {step + 1}", loss / len(x))
            if step % SNAPSHOT_STEPS == 0:
                self._good = self._snapshot()
            self._step()
            total, right, seen = total + loss, right + hits, seen + len(x)
            if watching.want_batches:
                watching.call("on_train_batch_end", step, self._figures(total, right, seen))
            if step + 1 == steps or self.stop_training:
                break
        if not seen:
            raise ValueError("fit: at least one batch is needed; received none")
        if not np.isfinite(self.weights_vector).all():
            self._fall_back(f"epoch {epoch + 1}, after step {step + 1}", np.nan)
        return self._figures(total, right, seen)

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")  # seen in the next loss
    def _step(self) -> None:
        self.optimizer.step(self.weights_vector, self.gradients_vector)

    def _snapshot(self) -> tuple[Array, list[Array]]:
        return self.weights_vector.copy(), [v.numpy() for v in self._untrained_variables()]

    def _fall_back(self, when: str, loss: float) -> None:
        if self._good is not None:
            self.weights_vector[:] = self._good[0]
            for v, value in zip(self._untrained_variables(), self._good[1], strict=True):
                v.value[...] = value
        raise FloatingPointError(
            f"{self.name}: the loss must stay finite, but was {loss} in {when}; the model has the "
            "last good weights back; lower the learning rate, or clip gradients (global_clipnorm)"
        )

    def _untrained_variables(self) -> list[Any]:
        return [v for v in self.variables if not v.trainable]

    def _figures(self, total: float, right: int, seen: int) -> dict[str, float]:
        accuracy = {"accuracy": right / seen} if self._counts_right else {}
        return accuracy | {"loss": total / seen}

    def _gradients(self, x: Array, y: Array, weights: Array | None) -> tuple[float, int]:
        """Fill the gradient vector for a batch; returns the sum of losses and the right answers."""
        n = len(x)
        sharers = [self] if self._whole or n <= self.piece else self._sharers(n)
        for twin in sharers[1:]:
            _draw_apart(self, twin)
        results = cores.together(
            [
                partial(model._sum_gradients, batches.some(x, y, weights, part), n)
                for model, part in zip(sharers, batches.shares(n, len(sharers)), strict=True)
            ]
        )
        for twin in sharers[1:]:
            self.gradients_vector += twin.gradients_vector
        return sum(loss for loss, _ in results), sum(right for _, right in results)

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")  # seen in the loss
    def _sum_gradients(self, share: Weighted, n: int) -> tuple[float, int]:
        """The same for images that are a share of a batch of n: piece by piece, added up."""
        piece = n if self._whole else self.piece
        if len(share[0]) <= piece:
            return self._piece_gradients(*share, n)
        total, right = 0.0, 0
        gradient_sum = np.zeros_like(self.gradients_vector)
        for part in batches.pieces(share, piece):
            loss, hits = self._piece_gradients(*part, n)
            total, right = total + loss, right + hits
            gradient_sum += self.gradients_vector
        self.gradients_vector[:] = gradient_sum
        return total, right

    def _piece_gradients(
        self, x: Array, y: Array, weights: Array | None, n: int
    ) -> tuple[float, int]:
        p = self.forward(x, training=True)
        total, right = self._losses(y, p, weights)
        self.backward(self.loss.backward(1 / n if weights is None else weights / n))
        return total, right

    def _losses(self, y: Array, p: Array, weights: Array | None) -> tuple[float, int]:
        """The sum of the images' losses and the number of right answers."""
        values = self.loss.forward(y, p)  # (B,)
        total = float(values.sum() if weights is None else np.dot(values, weights))
        if not self._counts_right:
            return total, 0
        return total, int((p.argmax(axis=-1) == batches.classes(y)).sum())

    @known_only
    def train_on_batch(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """One step; returns the loss before it, or [loss, accuracy].

        Raises FloatingPointError where that is not finite, and falls back as `fit` does.
        """
        self._require_compiled("train_on_batch")
        xb, yb, weights = batches.checked(self, "train_on_batch", x, y, sample_weight, class_weight)
        untrained = [v.numpy() for v in self._untrained_variables()]
        loss, hits = self._gradients(xb, yb, weights)
        if not np.isfinite(loss):
            for v, value in zip(self._untrained_variables(), untrained, strict=True):
                v.value[...] = value
            self._fall_back("this batch", loss / len(xb))
        if self._good is None or self.optimizer.iterations % SNAPSHOT_STEPS == 0:
            self._good = self._snapshot()
        self._step()
        return self._answer(self._figures(loss, hits, len(xb)), return_dict)

    @known_only
    def evaluate(
        self,
        x: Array,
        y: Array,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Array | None = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """The mean loss on images (N, ...) and targets, or [loss, accuracy].

        `batch_size` None takes pieces that fit the cache; the figures do not depend on it.
        """
        self._require_compiled("evaluate")
        x, y, weights = batches.checked(self, "evaluate", x, y, sample_weight)
        size = self._piece_size(batch_size)

        def of(model: Sequential, part: slice) -> tuple[float, int]:
            results = [
                model._losses(yp, model.forward(xp), wp)
                for xp, yp, wp in batches.pieces(batches.some(x, y, weights, part), size)
            ]
            return sum(loss for loss, _ in results), sum(hits for _, hits in results)

        results = self._share_out(of, len(x))
        total, right = sum(loss for loss, _ in results), sum(hits for _, hits in results)
        figures = self._figures(total, right, len(x))
        if verbose and verbose != "auto":
            print(", ".join(f"{name} {value:.4f}" for name, value in figures.items()))  # noqa: T201
        return self._answer(figures, return_dict)

    @known_only
    def predict(
        self, x: Array, batch_size: int | None = None, verbose: str | int = "auto"
    ) -> Array:
        """The outputs (N, K) for images (N, ...), a new array; `batch_size` as in `evaluate`."""
        x = batches.checked_images(self, "predict", x)
        outputs = np.empty((len(x), *self.output_shape), self.dtype)
        size = self._piece_size(batch_size)

        def of(model: Sequential, part: slice) -> None:
            for start in range(part.start, part.stop, size):
                piece = slice(start, min(start + size, part.stop))
                outputs[piece] = model.forward(x[piece])

        self._share_out(of, len(x))
        return outputs

    def __call__(self, x: Array, training: bool = False) -> Array:
        """The outputs (N, K) of one forward pass, a new array."""
        return self.forward(batches.checked_images(self, "call", x), training).copy()

    def _piece_size(self, batch_size: int | None) -> int:
        return self.piece if batch_size is None else batches.positive("batch_size", batch_size)

    def _share_out(self, of: Callable[["Sequential", slice], Result], n: int) -> list[Result]:
        """What `of` returns for each core's model and its share of n images."""
        sharers = self._sharers(n)
        pairs = zip(sharers, batches.shares(n, len(sharers)), strict=True)
        return cores.together([partial(of, model, part) for model, part in pairs])

    def _answer(
        self, figures: dict[str, float], return_dict: bool
    ) -> float | list[float] | dict[str, float]:
        if return_dict:
            return figures
        if not self._counts_right:
            return figures["loss"]
        return [figures["loss"], figures["accuracy"]]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Copy the weights in; raises ValueError, and changes nothing, where one does not fit."""
        super().set_weights(weights)
        self._good = None  # nothing to fall back to but these

    def _require_compiled(self, method: str) -> None:
        if not hasattr(self, "optimizer"):
            raise RuntimeError(f"{method}: call compile first, to choose an optimizer and a loss")

    def _twin(self) -> Self:
        twin = super()._twin()
        if hasattr(self, "loss"):
            twin.loss = copy.deepcopy(self.loss)
        return twin


def _draw_apart(model: Network, twin: Network) -> None:
    """Let the twin's Dropout draw other values, which the model's own next draw decides."""
    for own, other in zip(model.layers, twin.layers, strict=True):
        if isinstance(own, Dropout) and isinstance(other, Dropout):
            seed = int(own.generator.integers(2**63))
            other.generator = np.random.Generator(np.random.SFC64(seed))
