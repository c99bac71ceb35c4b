"""Trainer: the loop of epochs and steps, which can begin at any checkpoint."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import Batches, Dataset
from fashionlab.engines import Engine
from fashionlab.errors import CheckpointError, InvalidValueError
from fashionlab.progress import Progress, Step
from fashionlab.recipes import Recipe, learning_rates
from fashionlab.runs import Checkpoint, RunWriter, border
from fashionlab.training import weights
from fashionlab.training.batch_norm import chosen
from fashionlab.training.early_stopping import best_epoch, is_over
from fashionlab.training.epoch_metrics import EpochMetrics, evaluate
from fashionlab.training.signals import Interrupts

if TYPE_CHECKING:
    from fashionlab.engines.keras_torch.replica import Replica

CHEAP = 0.1  # seconds of a checkpoint that follows every epoch, however short that is
RARITY = 30  # times the seconds of a dearer one that pass before the next


class Trainer:
    """Trains a model on batches, and evaluates the `monitored` split, if any, after each epoch.

    A checkpoint follows every epoch, and every `checkpoint_steps` steps where that is given; where
    writing one takes longer than CHEAP, short epochs pass without. A `replica` trains the model
    together with those of other workers, which take their steps as this one does.
    """

    def __init__(
        self,
        recipe: Recipe,
        engine: Engine,
        model: Any,
        batches: Batches,
        monitored: Dataset | None,
        writer: RunWriter,
        progress: Progress,
        checkpoint_steps: int | None = None,
        replica: "Replica | None" = None,
    ) -> None:
        self.recipe, self.engine, self.model, self.batches = recipe, engine, model, batches
        self.monitored, self.writer, self.progress = monitored, writer, progress
        self.checkpoint_steps, self.replica = checkpoint_steps, replica
        self._rate = learning_rates(recipe, batches.steps)
        self.history: list[dict[str, float]] = []
        self._metrics = EpochMetrics()
        self._saved_at = self._saving = 0.0  # when the newest checkpoint was written; its seconds
        self._best: list[NDArray[Any]] = []  # weights of the best epoch, where they are wanted

    @cached_property
    def _sample(self) -> NDArray[np.uint8]:
        """The images that averaged weights get their statistics from."""
        return chosen(self.batches.dataset.images, self.batches.seed)

    @property
    def steps(self) -> int:
        """The steps made since the training began, in this session and before."""
        return len(self.history) * self.batches.steps + self._metrics.step

    @property
    def evaluations(self) -> Counter[str]:
        """The number of evaluations of each split, in this session and before."""
        return Counter({self.monitored.part: len(self.history)} if self.monitored else {})

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint. Raises CheckpointError where it is not of this training."""
        with border("the checkpoint", CheckpointError, "remove it, or start again"):
            self._resume(checkpoint)

    def _resume(self, checkpoint: Checkpoint) -> None:
        best = {name for name in checkpoint.arrays if name.startswith("best/")}
        self.engine.restore(
            self.model, {name: a for name, a in checkpoint.arrays.items() if name not in best}
        )
        self._best = [checkpoint.arrays[name] for name in sorted(best)]
        self.history = [dict(row) for row in checkpoint.state["history"]]
        self._require_best()
        self._metrics = EpochMetrics.from_stored(checkpoint.state["tally"])
        columns = {"loss", "accuracy", "learning_rate", "seconds"}
        if self.monitored:
            columns |= {f"{self.monitored.part}_{name}" for name in ("loss", "accuracy")}
        if missing := [name for name in columns for row in self.history if name not in row]:
            raise CheckpointError(f"the checkpoint's history must have the column {missing[0]}")
        if self.steps != checkpoint.steps:
            raise CheckpointError(
                f"the checkpoint must be {self.steps} steps into the training, as its history "
                f"says; received {checkpoint.steps}"
            )

    def _require_best(self) -> None:
        """Check the weights of the best epoch, which replace the model's at the end."""
        shapes, own = ([np.shape(x) for x in w] for w in (self._best, self.model.get_weights()))
        wanted = self.history and self.recipe.restore_best_weights
        if wanted and (shapes != own or any(x.dtype.kind != "f" for x in self._best)):
            raise CheckpointError("the checkpoint must have weights of this model as its best")

    def run(self, interrupts: Interrupts) -> None:
        """Train to the end, and give the model the weights that are the result.

        Raises StoppedError, after a checkpoint, where a signal requests it; InvalidValueError where
        the loss is no longer finite.
        """
        while not is_over(self.history, self.recipe):
            if interrupts.after_epoch and not self.steps:
                raise KeyboardInterrupt  # before anything was made that could be kept
            if interrupts.after_epoch and not self._metrics.step:
                raise self.writer.stopped(
                    f"stopped after epoch {len(self.history)}", interrupts.status
                )
            self._epoch(interrupts)
        if self.recipe.restore_best_weights:
            self.model.set_weights(self._best)
        else:
            weights.average(self.engine, self.model, self._sample)

    def _epoch(self, interrupts: Interrupts) -> None:
        """Make the steps that are left of an epoch, evaluate it, and write its checkpoint."""
        self._steps(interrupts)
        metrics = self._metrics
        row = {
            "epoch": len(self.history) + 1,
            "loss": metrics.loss / metrics.images,
            "accuracy": metrics.correct / metrics.images,
            **self._evaluated(),
            "learning_rate": metrics.learning_rate,
            "seconds": metrics.seconds,
        }
        self.history.append(row)
        self._metrics = EpochMetrics()
        self._keep_if_best()
        self.writer.write_history(self.history)
        self.progress.epoch(row)  # before the save, so that no epoch is saved and never shown
        stops = interrupts.after_epoch or interrupts.after_step
        if stops or self._is_asked_for(metrics.step) or self._is_due():
            self._save()
        if interrupts.after_step:
            raise self.writer.stopped(f"stopped after epoch {row['epoch']}", interrupts.status)

    def _steps(self, interrupts: Interrupts) -> None:
        epoch, metrics = len(self.history), self._metrics
        warned, began, shown = False, time.perf_counter(), metrics.images
        if self.replica:
            self.replica.begin(epoch, metrics.step)
        for x, y in self.batches.epoch(epoch, metrics.step):
            images = self.batches.size(metrics.step)
            metrics.add(images, self._rate(self.steps), self._step(x, y))
            if not self._is_read(metrics.step, interrupts):
                continue
            metrics.settle()
            self._require_finite(metrics.loss)
            self.progress.step(
                Step(
                    epoch=epoch + 1,
                    step=metrics.step,
                    images=metrics.images - shown,
                    loss=metrics.loss / metrics.images,
                    accuracy=metrics.correct / metrics.images,
                    learning_rate=metrics.learning_rate,
                )
            )
            shown = metrics.images
            if interrupts.after_epoch and not warned:
                self.progress.say("stopping after this epoch; Ctrl-C again stops now")
                warned = True
            if metrics.step == self.batches.steps:
                break  # its checkpoint follows the evaluation
            if interrupts.after_step or self._is_asked_for(metrics.step):
                metrics.seconds += time.perf_counter() - began
                self._save()
                began = time.perf_counter()
            if interrupts.after_step:
                raise self.writer.stopped(
                    f"stopped after step {metrics.step} of epoch {epoch + 1}", interrupts.status
                )
        metrics.seconds += time.perf_counter() - began

    def _is_read(self, step: int, interrupts: Interrupts) -> bool:
        """Return whether to read the loss after this step of the epoch, which waits for a GPU."""
        return (
            step % self.batches.steps_ahead in (0, 1)
            or step == self.batches.steps
            or interrupts.after_step
            or self._is_asked_for(step)
        )

    def _step(self, x: Any, y: Any) -> Mapping[str, Any]:
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that diverges is refused
            if self.replica:
                return self.replica.step(x, y, self.batches.size(self._metrics.step))
            try:
                logs: Mapping[str, Any] = self.model.train_on_batch(x, y, return_dict=True)
            except FloatingPointError:  # of scratch
                logs = {"loss": math.nan, "accuracy": 0.0}
        return logs

    def _evaluated(self) -> dict[str, float]:
        """Return loss and accuracy of the monitored split, without test-time augmentation."""
        monitored = self.monitored
        if monitored is None:
            return {}
        with (
            weights.averaged(self.engine, self.model, self._sample),
            np.errstate(over="ignore", invalid="ignore"),
        ):
            loss, accuracy = evaluate(self.model, monitored)
        self._require_finite(loss)  # the epoch's last step may have broken the weights
        return {
            f"{monitored.part}_loss": loss,
            f"{monitored.part}_accuracy": accuracy,
        }

    def _require_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise InvalidValueError(
                f"the loss must stay finite, but was not in epoch {len(self.history) + 1} of "
                f"{self.recipe.name}; lower the learning rate ({self.recipe.learning_rate:g})"
            )

    def _keep_if_best(self) -> None:
        recipe = self.recipe
        if recipe.restore_best_weights and best_epoch(self.history, recipe.monitor) == len(
            self.history
        ):
            with weights.averaged(self.engine, self.model, self._sample):
                self._best = weights.copied(self.model)

    def _is_asked_for(self, step: int) -> bool:
        """Return whether `checkpoint_steps` asks for a checkpoint after this step of the epoch."""
        every = self.checkpoint_steps
        return every is not None and step % every == 0

    def _is_due(self) -> bool:
        """Return whether a checkpoint costs only a small share of the time since the last one."""
        passed = time.perf_counter() - self._saved_at
        return self._saving < CHEAP or passed > RARITY * self._saving

    def _save(self) -> None:
        began = time.perf_counter()
        best = {f"best/{i:04d}": value for i, value in enumerate(self._best)}
        self.writer.save_checkpoint(
            Checkpoint(
                self.steps,
                {**self.engine.capture(self.model), **best},
                {"history": self.history, "tally": self._metrics.stored()},
            )
        )
        self._saved_at = time.perf_counter()
        self._saving = self._saved_at - began
