"""Sequential: a network with what trains it: compile, fit, evaluate, predict."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import batches, checks, losses, optimizers, replicas
from .arguments import known_only
from .callbacks import Callback, CallbackList, History
from .checks import Batch, Given
from .network import Network

Array = NDArray[Any]
Metrics = dict[str, float]

SNAPSHOT_STEPS = 100  # between copies of weights to fall back to; a copy is about 2 % of a step


class Sequential(Network):
    """A network of `layers`, an Input first; names and defaults are those of Keras 3.

    Raises ValueError where the layers do not fit each other, TypeError for what is not a layer.
    """

    stop_training = False
    optimizer: optimizers.Optimizer
    _good: list[Array] | None = None  # the last weights that were kept with a finite loss

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
        chosen = optimizers.get(optimizer)
        chosen.check_weights(self.weights_vector)
        self.optimizer, self.loss = chosen, losses.get(loss)
        self.counts_correct = bool(metrics)
        self._good, self.replicas = None, []  # replicas have a loss of their own

    @known_only
    def fit(
        self,
        x: Array | Iterable[Given],
        y: Array | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Given | None = None,
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
        before the step of its batch.

        Raises ValueError for what does not fit, RuntimeError before `compile`, and
        FloatingPointError where the loss is no longer finite; the model then has the last weights,
        at most SNAPSHOT_STEPS steps old, whose loss was finite.
        """
        self._require_compiled("fit")
        size = checks.positive("batch_size", 32 if batch_size is None else batch_size)
        arrays: Batch | None = None
        if isinstance(x, np.ndarray) or y is not None:
            arrays = checks.checked(self, "fit", x, y, sample_weight, class_weight)
            arrays, held_out = batches.hold_out(arrays, validation_split)
            if held_out is not None and validation_data is None:
                weights = None if class_weight is not None else held_out[2]  # of training alone
                validation_data = *held_out[:2], weights
        elif sample_weight is not None or validation_split:
            raise ValueError(
                "fit: sample_weight and validation_split need arrays x and y; received an "
                "iterable; let it give batches (images, targets, weights)"
            )
        rng = shuffle if isinstance(shuffle, np.random.Generator) else np.random.default_rng()
        steps = -(-len(arrays[0]) // size) if arrays else steps_per_epoch
        history = History()
        watching = CallbackList(
            [history, *(callbacks or ())],
            self,
            {"epochs": epochs, "steps": steps, "verbose": int(bool(verbose))},
        )
        validation = None
        if validation_data is not None:
            validation = checks.checked_batch(self, "fit: validation_data", validation_data)
        self.stop_training, self._good = False, None
        logs: Metrics = {}
        watching.call("on_train_begin", None)
        for epoch in range(initial_epoch, epochs):
            watching.call("on_epoch_begin", epoch, None)
            if arrays:
                epoch_batches = batches.of_arrays(arrays, size, rng if shuffle else None)
            else:
                epoch_batches = batches.of_iterable(self, x, class_weight)
            logs = self._train_epoch(epoch_batches, steps_per_epoch, epoch, watching)
            if validation is not None:
                found = self._evaluate(validation, self.micro_batch_size)
                logs |= {f"val_{name}": value for name, value in found.items()}
            watching.call("on_epoch_end", epoch, logs)
            if verbose:
                print(f"Epoch {epoch + 1}/{epochs}: {_line(logs)}")  # noqa: T201
            if self.stop_training:
                break
        self.optimizer.finalize(self.weights_vector)
        watching.call("on_train_end", logs)
        return history

    def _train_epoch(
        self,
        epoch_batches: Iterator[Batch],
        steps: int | None,
        epoch: int,
        watching: CallbackList,
    ) -> Metrics:
        total, correct, seen = 0.0, 0, 0
        for step, batch in enumerate(epoch_batches):
            if watching.want_batches:
                watching.call("on_train_batch_begin", step, None)
            loss, hits = self._step(batch, step, f"epoch {epoch + 1}, step {step + 1}")
            total, correct, seen = total + loss, correct + hits, seen + len(batch[0])
            if watching.want_batches:
                watching.call("on_train_batch_end", step, self._metrics(total, correct, seen))
            if step + 1 == steps or self.stop_training:
                break
        if not seen:
            raise ValueError("fit: at least one batch is needed; received none")
        if not np.isfinite(self.weights_vector).all():
            self._fall_back(f"epoch {epoch + 1}, after step {step + 1}", np.nan)
        return self._metrics(total, correct, seen)

    def _step(self, batch: Batch, step: int, when: str) -> tuple[float, int]:
        """Make a step; return the sum of the losses before it and the number of correct outputs."""
        if self._good is None:
            self._good = self.get_weights()
        loss, correct = replicas.gradients(self, batch)
        if not np.isfinite(loss):
            self._fall_back(when, loss / len(batch[0]))
        if step % SNAPSHOT_STEPS == 0:
            self._good = self.get_weights()
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # seen in the next loss
            self.optimizer.step(self.weights_vector, self.gradients_vector)
        return loss, correct

    def _fall_back(self, when: str, loss: float) -> None:
        if self._good is not None:  # a callback may have set other weights
            self.set_weights(self._good)
        raise FloatingPointError(
            f"{self.name}: the loss must stay finite, but was {loss} in {when}; the model has the "
            "last good weights back; lower the learning rate, or clip gradients (global_clipnorm)"
        )

    def compute_gradients(
        self, x: Array, y: Array, sample_weight: Array | None = None
    ) -> tuple[float, int]:
        """Fill the gradients of the mean loss of a batch, without a step.

        Returns the sum of the images' losses and, with the metric "accuracy", the number of correct
        outputs. Raises as `train_on_batch` does where the arrays do not fit.
        """
        self._require_compiled("compute_gradients")
        batch = checks.checked(self, "compute_gradients", x, y, sample_weight)
        return replicas.gradients(self, batch)

    @known_only
    def train_on_batch(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | Metrics:
        """Make one step; return the loss before it, or [loss, accuracy].

        Raises FloatingPointError where that is not finite, and falls back as `fit` does.
        """
        self._require_compiled("train_on_batch")
        batch = checks.checked(self, "train_on_batch", x, y, sample_weight, class_weight)
        loss, correct = self._step(batch, self.optimizer.iterations, "this batch")
        return _returned(self._metrics(loss, correct, len(batch[0])), return_dict)

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
    ) -> float | list[float] | Metrics:
        """Return the mean loss on images (N, ...) and targets, or [loss, accuracy].

        `batch_size` None takes batches that fit the cache; the result does not depend on it.
        """
        self._require_compiled("evaluate")
        batch = checks.checked(self, "evaluate", x, y, sample_weight)
        metrics = self._evaluate(batch, self._size(batch_size))
        if verbose and verbose != "auto":
            print(_line(metrics))  # noqa: T201
        return _returned(metrics, return_dict)

    @known_only
    def predict(
        self, x: Array, batch_size: int | None = None, verbose: str | int = "auto"
    ) -> Array:
        """Return the outputs (N, K) for images (N, ...); `batch_size` as in `evaluate`."""
        x = checks.checked_images(self, "predict", x)
        return replicas.predict(self, x, self._size(batch_size))

    def __call__(self, x: Array, training: bool = False) -> Array:
        """Return the outputs (N, K) of one forward pass, a new array."""
        return self.forward(checks.checked_images(self, "call", x), training).copy()

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Copy the weights in; raise ValueError, and change nothing, where one does not fit."""
        super().set_weights(weights)
        self._good = None  # there is nothing to fall back to but these

    def _evaluate(self, batch: Batch, size: int) -> Metrics:
        return self._metrics(*replicas.evaluate(self, batch, size), len(batch[0]))

    def _metrics(self, total: float, correct: int, seen: int) -> Metrics:
        accuracy = {"accuracy": correct / seen} if self.counts_correct else {}
        return accuracy | {"loss": total / seen}

    def _size(self, batch_size: int | None) -> int:
        if batch_size is None:
            return self.micro_batch_size
        return checks.positive("batch_size", batch_size)

    def _require_compiled(self, method: str) -> None:
        if not hasattr(self, "optimizer"):
            raise RuntimeError(f"{method}: call compile first, to choose an optimizer and a loss")


def _line(metrics: Metrics) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def _returned(metrics: Metrics, return_dict: bool) -> float | list[float] | Metrics:
    if return_dict:
        return metrics
    in_order = [metrics[name] for name in ("loss", "accuracy") if name in metrics]
    return in_order if len(in_order) > 1 else in_order[0]
