"""Sequential: a network that is trained by gradient descent: compile, fit, evaluate, predict.

A batch that is larger than the model's `piece` goes through in pieces, whose gradients add up: a
full-batch step over 60,000 images needs the memory of one piece.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import losses, optimizers
from .callbacks import Callback, CallbackList, History
from .network import Network

Array = NDArray[Any]
Batch = tuple[Array, Array] | tuple[Array, Array, Array]  # images, targets, weights of the images

SNAPSHOT_STEPS = 100  # between copies of weights to fall back to; a copy is about 2 % of a step


class Sequential(Network):
    """A network of `layers`, an Input first; names and defaults are those of Keras 3.

    Raises ValueError where the layers do not fit each other, TypeError for what is not a layer.
    """

    stop_training = False
    optimizer: optimizers.Optimizer
    loss: losses.Loss
    _good: tuple[Array, list[Array]] | None = None  # weights of a finite loss, and averages

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
        self.optimizer, self.loss = optimizers.get(optimizer), losses.get(loss)
        self._counts_right = bool(metrics)
        self._good = None

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
        arrays: tuple[Array, Array, Array | None] | None = None
        if isinstance(x, np.ndarray) or y is not None:
            arrays = self._checked("fit", x, y, sample_weight, class_weight)
            arrays, held_out = _split(arrays, validation_split, self)
            if held_out is not None and class_weight is not None:
                held_out = held_out[:2]  # they weigh what is trained on alone
            validation_data = held_out if validation_data is None else validation_data
        elif sample_weight is not None or validation_split:
            raise ValueError(
                "fit: sample_weight and validation_split need arrays x and y; "
                "an iterable gives batches (images, targets, weights)"
            )
        rng = shuffle if isinstance(shuffle, np.random.Generator) else np.random.default_rng()
        size = _positive("batch_size", 32 if batch_size is None else batch_size)
        steps = -(-len(arrays[0]) // size) if arrays else steps_per_epoch
        history = History()
        watching = CallbackList(
            [history, *(callbacks or ())],
            self,
            {"epochs": epochs, "steps": steps, "verbose": int(bool(verbose))},
        )
        if validation_data is not None:
            self._check_validation_data(validation_data)
        self.stop_training = False
        self._good = self._snapshot()
        logs: dict[str, float] = {}
        watching.call("on_train_begin", None)
        for epoch in range(initial_epoch, epochs):
            watching.call("on_epoch_begin", epoch, None)
            if arrays:
                batches = _array_batches(arrays, size, rng if shuffle else None)
            else:
                batches = self._iterated(x, class_weight)  # type: ignore[arg-type]
            logs = self._train_epoch(batches, steps_per_epoch, epoch, watching)
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
        batches: Iterator[tuple[Array, Array, Array | None]],
        steps: int | None,
        epoch: int,
        watching: CallbackList,
    ) -> dict[str, float]:
        total, right, seen = 0.0, 0, 0
        for step, (x, y, weights) in enumerate(batches):
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

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")  # seen in the loss
    def _gradients(self, x: Array, y: Array, weights: Array | None) -> tuple[float, int]:
        """Fill the gradient vector for a batch; returns the sum of losses and the right answers."""
        n, total, right = len(x), 0.0, 0
        piece = n if self._whole else self.piece
        if n <= piece:
            return self._piece_gradients(x, y, weights, n)
        gradient_sum = np.zeros_like(self.gradients_vector)
        for start in range(0, n, piece):
            part = slice(start, start + piece)
            loss, hits = self._piece_gradients(
                x[part], y[part], None if weights is None else weights[part], n
            )
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
        return total, int((p.argmax(axis=-1) == _classes(y)).sum())

    def train_on_batch(
        self,
        x: Array,
        y: Array,
        sample_weight: Array | None = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """One step; returns the loss before it, or [loss, accuracy]."""
        self._require_compiled("train_on_batch")
        xb, yb, weights = self._checked("train_on_batch", x, y, sample_weight, class_weight)
        untrained = [v.numpy() for v in self._untrained_variables()]
        loss, hits = self._gradients(xb, yb, weights)
        if not np.isfinite(loss):
            for v, value in zip(self._untrained_variables(), untrained, strict=True):
                v.value[...] = value
            self._fall_back("this batch", loss / len(xb))
        self._good = self._snapshot()
        self._step()
        return self._answer(self._figures(loss, hits, len(xb)), return_dict)

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
        x, y, weights = self._checked("evaluate", x, y, sample_weight)
        total, right = 0.0, 0
        for part in self._pieces(len(x), batch_size):
            loss, hits = self._losses(
                y[part], self.forward(x[part]), None if weights is None else weights[part]
            )
            total, right = total + loss, right + hits
        figures = self._figures(total, right, len(x))
        if verbose and verbose != "auto":
            print(", ".join(f"{name} {value:.4f}" for name, value in figures.items()))  # noqa: T201
        return self._answer(figures, return_dict)

    def predict(
        self, x: Array, batch_size: int | None = None, verbose: str | int = "auto"
    ) -> Array:
        """The outputs (N, K) for images (N, ...), a new array; `batch_size` as in `evaluate`."""
        x = self._checked_images("predict", x)
        outputs = np.empty((len(x), *self.output_shape), self.dtype)
        for part in self._pieces(len(x), batch_size):
            outputs[part] = self.forward(x[part])
        return outputs

    def __call__(self, x: Array, training: bool = False) -> Array:
        """The outputs (N, K) of one forward pass, a new array."""
        return self.forward(self._checked_images("call", x), training).copy()

    def _pieces(self, n: int, batch_size: int | None) -> Iterator[slice]:
        size = self.piece if batch_size is None else _positive("batch_size", batch_size)
        return (slice(start, start + size) for start in range(0, n, size))

    def _answer(
        self, figures: dict[str, float], return_dict: bool
    ) -> float | list[float] | dict[str, float]:
        if return_dict:
            return figures
        if not self._counts_right:
            return figures["loss"]
        return [figures["loss"], figures["accuracy"]]

    def _require_compiled(self, method: str) -> None:
        if not hasattr(self, "optimizer"):
            raise RuntimeError(f"{method}: call compile first, to choose an optimizer and a loss")

    def _check_validation_data(self, data: Any) -> None:
        if not isinstance(data, tuple | list) or len(data) not in (2, 3):
            raise ValueError(
                "fit: validation_data must be (images, targets) or (images, targets, weights); "
                f"received {type(data).__name__}"
            )
        self._checked("fit: validation_data", *data)

    def _iterated(
        self, batches: Iterable[Batch], class_weight: Mapping[int, float] | None
    ) -> Iterator[tuple[Array, Array, Array | None]]:
        for batch in batches:
            if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
                raise ValueError(
                    "fit: a batch must be (images, targets) or (images, targets, weights); "
                    f"received {type(batch).__name__}"
                )
            yield self._checked("fit", batch[0], batch[1], *batch[2:], class_weight=class_weight)

    def _checked_images(self, method: str, x: Any) -> Array:
        x = np.asarray(x)
        if x.ndim == 0 or x.shape[1:] != self.input_shape or not len(x):
            raise ValueError(
                f"{method}: {self.name} expects at least one image of shape {self.input_shape}, "
                f"with the batch's axis before it; received {x.shape}"
            )
        if x.dtype.kind not in "buif":
            raise ValueError(f"{method}: images must be real numbers; received {x.dtype}")
        with np.errstate(over="ignore", invalid="ignore"):  # a sum takes a third of the time
            finite = x.dtype.kind != "f" or np.isfinite(x.sum()) or np.isfinite(x).all()
        if not finite:
            raise ValueError(f"{method}: images must be finite; received NaN or infinity")
        return x

    def _checked(
        self,
        method: str,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
    ) -> tuple[Array, Array, Array | None]:
        """The arrays of a batch or a data set; ValueError where they do not fit the model."""
        x = self._checked_images(method, x)
        if y is None:
            raise ValueError(f"{method}: targets y are needed beside the array x; received None")
        y = np.asarray(y)
        if len(y) != len(x):
            raise ValueError(f"{method}: expected targets of {len(x)} images; received {y.shape}")
        if self._counts_right and (len(self.output_shape) != 1 or self.output_shape[0] < 2):
            raise ValueError(
                f"{method}: accuracy needs an output for each of two or more classes; {self.name} "
                f"has outputs of shape {self.output_shape}"
            )
        self.loss.check_targets(y, (len(x), *self.output_shape))
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError(f"{method}: give class_weight or sample_weight, not both")
            sample_weight = _weights_of_classes(method, y, class_weight, self.output_shape[-1])
        if sample_weight is None:
            return x, y, None
        weights = np.asarray(sample_weight, self.dtype)
        if weights.shape not in ((len(x),), (len(x), 1)) or not np.isfinite(weights).all():
            raise ValueError(
                f"{method}: sample_weight must be a finite number for each of {len(x)} images; "
                f"received {weights.shape}"
            )
        return x, y, weights.ravel()


def _classes(y: Array) -> Array:
    """Labels (B,) of one-hot rows (B, K), or of labels (B,) or (B, 1)."""
    return y.argmax(axis=-1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()


def _weights_of_classes(
    method: str, y: Array, class_weight: Mapping[int, float], classes: int
) -> Array:
    if not set(class_weight) <= set(range(classes)):
        raise ValueError(
            f"{method}: class_weight must map classes from 0 to {classes - 1} to weights; "
            f"received {dict(class_weight)}"
        )
    table = np.array([class_weight.get(k, 1.0) for k in range(classes)])
    weights: Array = table[_classes(y).astype(int)]
    return weights


def _split(
    arrays: tuple[Array, Array, Array | None], share: float, model: Network
) -> tuple[tuple[Array, Array, Array | None], Batch | None]:
    """The arrays and, from their end, what is held out of them."""
    if not share:
        return arrays, None
    n = len(arrays[0])
    kept = int(n * (1 - share))
    if not 0 < kept < n:
        raise ValueError(
            f"fit: validation_split must leave images on both sides of {n}; received {share}"
        )
    held_out = tuple(a[kept:] for a in arrays if a is not None)
    x, y, weights = (None if a is None else a[:kept] for a in arrays)
    return (x, y, weights), held_out  # type: ignore[return-value]


def _positive(what: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{what} must be at least 1; received {value}")
    return value


def _array_batches(
    arrays: tuple[Array, Array, Array | None], batch_size: int, rng: np.random.Generator | None
) -> Iterator[tuple[Array, Array, Array | None]]:
    x, y, weights = arrays
    if batch_size >= len(x):
        yield arrays
        return
    order = np.arange(len(x)) if rng is None else rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        yield x.take(chosen, 0), y.take(chosen, 0), None if weights is None else weights[chosen]
