"""The methods of Sequential that train it: fit, train_on_batch, compute_gradients."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import batches, checks, passes
from .arguments import known_only
from .callbacks import Callback, CallbackList, History
from .checks import Batch, Given
from .evaluation import Metrics, line, metrics, require_compiled, returned

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]

SNAPSHOT_STEPS = 100  # between copies of weights to fall back to; a copy is about 2 % of a step


@known_only
def fit(
    self: "Sequential",
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
    require_compiled(self, "fit")
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
        logs = _train_epoch(self, epoch_batches, steps_per_epoch, epoch, watching)
        if validation is not None:
            sums = passes.losses(self, validation, self.micro_batch_size)
            found = metrics(self, *sums, len(validation[0]))
            logs |= {f"val_{name}": value for name, value in found.items()}
        watching.call("on_epoch_end", epoch, logs)
        if verbose:
            print(f"Epoch {epoch + 1}/{epochs}: {line(logs)}")  # noqa: T201
        if self.stop_training:
            break
    self.optimizer.finalize(self.weights_vector)
    watching.call("on_train_end", logs)
    return history


def compute_gradients(
    self: "Sequential", x: Array, y: Array, sample_weight: Array | None = None
) -> tuple[float, int]:
    """Fill the gradients of the mean loss of a batch, without a step.

    Returns the sum of the images' losses and, with the metric "accuracy", the number of correct
    outputs. Raises as `train_on_batch` does where the arrays do not fit.
    """
    require_compiled(self, "compute_gradients")
    batch = checks.checked(self, "compute_gradients", x, y, sample_weight)
    return passes.gradients(self, batch)


@known_only
def train_on_batch(
    self: "Sequential",
    x: Array,
    y: Array,
    sample_weight: Array | None = None,
    class_weight: Mapping[int, float] | None = None,
    return_dict: bool = False,
) -> float | list[float] | Metrics:
    """Make one step; return the loss before it, or [loss, accuracy].

    Raises FloatingPointError where that is not finite, and falls back as `fit` does.
    """
    require_compiled(self, "train_on_batch")
    batch = checks.checked(self, "train_on_batch", x, y, sample_weight, class_weight)
    loss, correct = _step(self, batch, self.optimizer.iterations, "this batch")
    return returned(metrics(self, loss, correct, len(batch[0])), return_dict)


def _train_epoch(
    model: "Sequential",
    epoch_batches: Iterator[Batch],
    steps: int | None,
    epoch: int,
    watching: CallbackList,
) -> Metrics:
    total, correct, seen = 0.0, 0, 0
    for step, batch in enumerate(epoch_batches):
        if watching.want_batches:
            watching.call("on_train_batch_begin", step, None)
        loss, hits = _step(model, batch, step, f"epoch {epoch + 1}, step {step + 1}")
        total, correct, seen = total + loss, correct + hits, seen + len(batch[0])
        if watching.want_batches:
            watching.call("on_train_batch_end", step, metrics(model, total, correct, seen))
        if step + 1 == steps or model.stop_training:
            break
    if not seen:
        raise ValueError("fit: at least one batch is needed; received none")
    if not np.isfinite(model.weights_vector).all():
        _fall_back(model, f"epoch {epoch + 1}, after step {step + 1}", np.nan)
    return metrics(model, total, correct, seen)


def _step(model: "Sequential", batch: Batch, step: int, when: str) -> tuple[float, int]:
    """Make a step; return the sum of the losses before it and the number of correct outputs."""
    if model._good is None:
        model._good = model.get_weights()
    before = model.get_weights() if step % SNAPSHOT_STEPS == 0 else model._good
    loss, correct = passes.step(model, batch)
    if not np.isfinite(loss):
        _fall_back(model, when, loss / len(batch[0]))
    model._good = before
    return loss, correct


def _fall_back(model: "Sequential", when: str, loss: float) -> None:
    if model._good is not None:  # a callback may have set other weights
        model.set_weights(model._good)
    raise FloatingPointError(
        f"{model.name}: the loss must stay finite, but was {loss} in {when}; the model has the "
        "last good weights back; lower the learning rate, or clip gradients (global_clipnorm)"
    )
