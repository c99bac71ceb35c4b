"""Trainer: the loop of epochs and steps, which can begin wherever a checkpoint was written."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import Batches, Dataset, one_hot
from fashionlab.errors import CheckpointError, InvalidValueError
from fashionlab.progress import Progress, Step
from fashionlab.recipes import Recipe
from fashionlab.runs import Checkpoint, RunWriter
from fashionlab.training import state, statistics
from fashionlab.training.best import best_epoch, is_over
from fashionlab.training.interrupts import Interrupts

EVALUATION_BATCH = 500  # images; larger ones were no faster on two cores
CHEAP = 0.1  # seconds of a checkpoint that follows every epoch, however short that is
RARITY = 30  # times the seconds of a dearer one that pass before the next


@dataclass
class Tally:
    """Sums over the steps of the epoch so far."""

    step: int = 0
    images: int = 0
    loss: float = 0.0  # summed over images
    right: float = 0.0
    seconds: float = 0.0  # of training alone
    learning_rate: float = 0.0  # of the last step

    def add(self, images: int, learning_rate: float, logs: Mapping[str, Any]) -> None:
        """A step, whose loss and accuracy are means over its images, and may be on a GPU."""
        self.learning_rate = learning_rate
        self.step += 1
        self.images += images
        self.loss = self.loss + logs["loss"] * images
        self.right = self.right + logs["accuracy"] * images

    def settle(self) -> None:
        """Wait for what is on a GPU."""
        self.loss, self.right = float(self.loss), round(float(self.right))


class Trainer:
    """Trains a model on batches, and evaluates it on the `watched` part, if any, after each epoch.

    A checkpoint follows every epoch, and every `checkpoint_steps` steps where that is given; where
    writing one takes longer than CHEAP, epochs that are short beside it pass without.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: Any,
        batches: Batches,
        watched: Dataset | None,
        writer: RunWriter,
        progress: Progress,
        checkpoint_steps: int | None = None,
    ) -> None:
        self.recipe, self.model, self.batches = recipe, model, batches
        self.watched, self.writer, self.progress = watched, writer, progress
        self.checkpoint_steps = checkpoint_steps
        self._rate = recipe.rates(batches.steps)
        self.history: list[dict[str, float]] = []
        self._tally = Tally()
        self._saved_at = self._saving = 0.0  # when the newest checkpoint was written; its seconds
        self._best: list[NDArray[Any]] = []  # weights of the best epoch, where they are wanted

    @cached_property
    def _sample(self) -> NDArray[np.uint8]:
        """The images that averaged weights get their statistics from."""
        return statistics.chosen(self.batches.dataset.images, self.batches.seed)

    @property
    def steps(self) -> int:
        """Made since the training began, in this session and before."""
        return len(self.history) * self.batches.steps + self._tally.step

    @property
    def evaluations(self) -> Counter[str]:
        """How often each part was evaluated, in this session and before."""
        return Counter({self.watched.part: len(self.history)} if self.watched else {})

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from there. Raises CheckpointError where it is not of this training."""
        best = {name for name in checkpoint.arrays if name.startswith("best/")}
        state.restore(
            self.model, {name: a for name, a in checkpoint.arrays.items() if name not in best}
        )
        self._best = [checkpoint.arrays[name] for name in sorted(best)]
        try:
            self.history = [dict(row) for row in checkpoint.state["history"]]
            tally = checkpoint.state["tally"]
            self._tally = Tally(**{field.name: tally[field.name] for field in fields(Tally)})
        except (LookupError, TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint's state lacks {error}") from error
        if self.steps != checkpoint.steps:
            raise CheckpointError(
                f"the checkpoint must be {self.steps} steps into the training, as its history "
                f"says; received {checkpoint.steps}"
            )

    def run(self, interrupts: Interrupts) -> None:
        """Train to the end, and give the model the weights that are the result.

        Raises StoppedError, after a checkpoint, where that is asked for; InvalidValueError where
        the loss is no longer finite.
        """
        while not is_over(self.history, self.recipe):
            if interrupts.after_epoch and not self.steps:
                raise KeyboardInterrupt  # before anything was made that could be kept
            if interrupts.after_epoch and not self._tally.step:
                raise self.writer.stopped(
                    f"stopped after epoch {len(self.history)}", interrupts.status
                )
            self._epoch(interrupts)
        if self.recipe.restore_best_weights:
            self.model.set_weights(self._best)
        else:
            state.average(self.model, self._sample)

    def _epoch(self, interrupts: Interrupts) -> None:
        """The steps that are left of an epoch, its evaluation, and its checkpoint."""
        self._steps(interrupts)
        tally = self._tally
        row = {
            "epoch": len(self.history) + 1,
            "loss": tally.loss / tally.images,
            "accuracy": tally.right / tally.images,
            **self._evaluated(),
            "learning_rate": tally.learning_rate,
            "seconds": tally.seconds,
        }
        self.history.append(row)
        self._tally = Tally()
        self._keep_if_best()
        self.writer.write_history(self.history)
        self.progress.epoch(row)  # before the save, so that no epoch is saved and never shown
        if self._is_due() or interrupts.after_epoch or interrupts.after_step:
            self._save()
        if interrupts.after_step:
            raise self.writer.stopped(f"stopped after epoch {row['epoch']}", interrupts.status)

    def _steps(self, interrupts: Interrupts) -> None:
        epoch, tally, every = len(self.history), self._tally, self.checkpoint_steps
        warned, began, shown = False, time.perf_counter(), tally.images
        for x, y in self.batches.epoch(epoch, tally.step):
            tally.add(len(x), self._rate(self.steps), self._step(x, y))
            if not self._is_read(tally.step, interrupts):
                continue
            tally.settle()
            self._require_finite(tally.loss)
            self.progress.step(
                Step(
                    epoch=epoch + 1,
                    step=tally.step,
                    images=tally.images - shown,
                    loss=tally.loss / tally.images,
                    accuracy=tally.right / tally.images,
                    learning_rate=tally.learning_rate,
                )
            )
            shown = tally.images
            if interrupts.after_epoch and not warned:
                self.progress.say("stopping after this epoch; Ctrl-C again stops now")
                warned = True
            if tally.step == self.batches.steps:
                break  # its checkpoint follows the evaluation
            if interrupts.after_step or (every and tally.step % every == 0):
                tally.seconds += time.perf_counter() - began
                self._save()
                began = time.perf_counter()
            if interrupts.after_step:
                raise self.writer.stopped(
                    f"stopped after step {tally.step} of epoch {epoch + 1}", interrupts.status
                )
        tally.seconds += time.perf_counter() - began

    def _is_read(self, step: int, interrupts: Interrupts) -> bool:
        """Whether the loss so far is wanted after this step of the epoch; a GPU is waited for."""
        every = self.checkpoint_steps
        return (
            step % self.batches.steps_ahead in (0, 1)
            or step == self.batches.steps
            or interrupts.after_step
            or bool(every and step % every == 0)
        )

    def _step(self, x: Any, y: Any) -> Mapping[str, Any]:
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that diverges is refused
            try:
                logs: Mapping[str, Any] = self.model.train_on_batch(x, y, return_dict=True)
            except FloatingPointError:  # of scratch
                logs = {"loss": math.nan, "accuracy": 0.0}
        return logs

    def _evaluated(self) -> dict[str, float]:
        """Loss and accuracy of the watched part, without the mirror images of the prediction."""
        watched = self.watched
        if watched is None:
            return {}
        with state.averaged(self.model, self._sample), np.errstate(over="ignore", invalid="ignore"):
            loss, accuracy = self.model.evaluate(
                watched.images,
                one_hot(watched.labels, watched.classes),
                batch_size=EVALUATION_BATCH,
                verbose=0,
            )
        self._require_finite(loss)  # the epoch's last step may have broken the weights
        return {f"{watched.part}_loss": float(loss), f"{watched.part}_accuracy": float(accuracy)}

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
            with state.averaged(self.model, self._sample):
                self._best = state.weights(self.model)

    def _is_due(self) -> bool:
        """Whether a checkpoint is worth its time: a small share of that of the training."""
        passed = time.perf_counter() - self._saved_at
        return self._saving < CHEAP or passed > RARITY * self._saving

    def _save(self) -> None:
        began = time.perf_counter()
        best = {f"best/{i:04d}": value for i, value in enumerate(self._best)}
        self.writer.save_checkpoint(
            Checkpoint(
                self.steps,
                {**state.capture(self.model), **best},
                {"history": self.history, "tally": asdict(self._tally)},
            )
        )
        self._saved_at = time.perf_counter()
        self._saving = self._saved_at - began
