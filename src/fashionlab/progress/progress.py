"""Progress: the calls that a training makes while it runs. This one shows nothing."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A training step. Loss and accuracy are means over the epoch's images so far."""

    epoch: int  # from 1
    step: int  # of this epoch, from 1
    images: int  # since the step shown before
    loss: float
    accuracy: float
    learning_rate: float


class Progress:
    """Shows nothing. `start`, then `step` after steps and `epoch` after each epoch, then `stop`.

    `row` is a row of history.csv; its `seconds` are of training alone.
    """

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Begin a training of `epochs` of `steps` each, `done` steps of it in earlier sessions."""

    def step(self, step: Step) -> None:
        """Show a step."""

    def epoch(self, row: Mapping[str, float]) -> None:
        """Show an epoch that has ended and was evaluated."""

    def say(self, line: str) -> None:
        """Show a message."""

    def stop(self) -> None:
        """End the training, also when it stopped early or by an error."""


class ProgressList(Progress):
    """Passes every call on to several; all that were started are stopped, whatever fails."""

    def __init__(self, progresses: Sequence[Progress]) -> None:
        self._all = tuple(progresses)

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Start each; if one fails, stop those before it."""
        with ExitStack() as undo:
            for progress in self._all:
                progress.start(name, epochs, steps, done)
                undo.callback(progress.stop)
            undo.pop_all()

    def step(self, step: Step) -> None:
        """Pass the step on to each, in order."""
        for progress in self._all:
            progress.step(step)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Pass the row on to each, in order."""
        for progress in self._all:
            progress.epoch(row)

    def say(self, line: str) -> None:
        """Pass the message on to each, in order."""
        for progress in self._all:
            progress.say(line)

    def stop(self) -> None:
        """Stop each, the last one first, and the others even if one fails."""
        with ExitStack() as stack:
            for progress in self._all:
                stack.callback(progress.stop)


class Pace:
    """Images per second in the current epoch."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._began = self._last = time.perf_counter()
        self._images, self._whole = 0, True

    def step(self, step: Step) -> None:
        """Count the step's images."""
        if not self._images:
            self._whole = step.step == 1
        self._images += step.images
        self._last = time.perf_counter()

    def so_far(self) -> float | None:
        """Return images per second until the last step; None before the first one."""
        seconds = self._last - self._began
        return self._images / seconds if self._images and seconds > 0 else None

    def end(self, row: Mapping[str, float]) -> float | None:
        """Return images per second of training in the epoch that ends, and begin the next one.

        For an epoch that began in an earlier session, only the steps of this one count.
        """
        rate = self.so_far()
        if rate is not None and self._whole and row["seconds"] > 0:
            rate = self._images / row["seconds"]
        self._begin()
        return rate


def held_out(row: Mapping[str, Any]) -> str | None:
    """Return the split besides training that the row has metrics of."""
    return next((name for name in ("validation", "test") if f"{name}_accuracy" in row), None)


def duration(seconds: float) -> str:
    """Format seconds as 45 s or 3 min 20 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
