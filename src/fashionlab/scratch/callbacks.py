"""Callbacks, whose methods `fit` calls during training: Callback, History, EarlyStopping."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import known_only, lacking, one_of

Logs = Mapping[str, float]


class Callback:
    """A base class that does nothing. `model` and `params` are set before training.

    `logs` maps a metric's name to its value for the epoch, or for the epoch up to this batch.
    """

    model: Any = None
    params: Mapping[str, Any]

    def set_model(self, model: Any) -> None:
        """Receive the model that is trained."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Receive epochs, steps (None where unknown) and verbose."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before a batch, counted from 0 in each epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after a batch and its step."""


class History(Callback):
    """The metrics of each epoch: `history` maps a name to its values, `epoch` lists the epochs."""

    @known_only
    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the epoch's metrics."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved, by more than `min_delta`, for `patience` epochs.

    `mode` "auto" takes larger for better where the name has "acc". With `restore_best_weights` the
    model ends with the weights of its best epoch. With `baseline`, only an epoch that is better
    than it resets the patience. The first `start_from_epoch` epochs do not count.
    """

    @known_only
    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor, self.min_delta, self.patience = monitor, abs(min_delta), patience
        self.mode = one_of("EarlyStopping: mode", mode, ("auto", "min", "max"))
        self.verbose, self.baseline, self.start_from_epoch = verbose, baseline, start_from_epoch
        self.restore_best_weights = restore_best_weights
        larger = mode == "max" or (mode == "auto" and "acc" in monitor)
        self._sign = 1 if larger else -1  # times the metric: larger is better

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset what an earlier training left."""
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best: float | None = None
        self.best_weights: list[NDArray[Any]] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best epoch, and stop when patience runs out."""
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"EarlyStopping: monitor must be one of {', '.join(logs or {})}; "
                f"received {self.monitor!r}; val_ metrics need validation_data"
            )
        if epoch < self.start_from_epoch:
            return
        now = (logs or {})[self.monitor]
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._is_better(now, self.best):
            self.best, self.best_epoch = now, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_better(now, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights, with `restore_best_weights`."""
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")  # noqa: T201

    def _is_better(self, now: float, than: float | None) -> bool:
        if than is None:
            return bool(np.isfinite(now))
        return self._sign * (now - than) > self.min_delta


class CallbackList:
    """Several callbacks, called in turn."""

    def __init__(self, callbacks: list[Callback], model: Any, params: Mapping[str, Any]) -> None:
        self.callbacks = callbacks
        for callback in callbacks:
            callback.set_model(model)
            callback.set_params(params)
        # Running metrics cost time: compute them only where a callback reads them.
        self.want_batches = any(
            getattr(type(c), name) is not getattr(Callback, name)
            for c in callbacks
            for name in ("on_train_batch_begin", "on_train_batch_end")
        )

    def call(self, method: str, *arguments: Any) -> None:
        """Call `method` on each callback."""
        for callback in self.callbacks:
            getattr(callback, method)(*arguments)


__getattr__ = lacking("callback", ("Callback", "EarlyStopping", "History"))
