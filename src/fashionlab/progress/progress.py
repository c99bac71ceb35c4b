"""Progress: what a training tells while it runs. This one says nothing; the others show it."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was made. Loss and accuracy are means over the epoch's images so far."""

    epoch: int  # from 1
    step: int  # made in this epoch, from 1
    images: int  # of this step
    loss: float
    accuracy: float
    learning_rate: float


class Progress:
    """Says nothing. `start`, then `step` after each step and `epoch` after each epoch, `stop`.

    `row` is a row of history.csv; its `seconds` are of training alone.
    """

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """A training of so many epochs of so many steps begins; `done` in earlier sessions."""

    def step(self, step: Step) -> None:
        """A step was made."""

    def epoch(self, row: Mapping[str, float]) -> None:
        """An epoch has ended and was evaluated."""

    def say(self, line: str) -> None:
        """A message in between."""

    def stop(self) -> None:
        """The training has ended, be it early or by an error."""


class Several(Progress):
    """Passes everything on to each of several; all that were started are stopped, come what may."""

    def __init__(self, progresses: Sequence[Progress]) -> None:
        self._all = tuple(progresses)

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Where one cannot start, those before it are stopped."""
        with ExitStack() as undo:
            for progress in self._all:
                progress.start(name, epochs, steps, done)
                undo.callback(progress.stop)
            undo.pop_all()

    def step(self, step: Step) -> None:
        """To each, in their order."""
        for progress in self._all:
            progress.step(step)

    def epoch(self, row: Mapping[str, float]) -> None:
        """To each, in their order."""
        for progress in self._all:
            progress.epoch(row)

    def say(self, line: str) -> None:
        """To each, in their order."""
        for progress in self._all:
            progress.say(line)

    def stop(self) -> None:
        """The last one first, and the others even if it fails."""
        with ExitStack() as stack:
            for progress in self._all:
                stack.callback(progress.stop)


class Pace:
    """Images a second of the epoch that runs."""

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
        """By the time until the last step; None before the first one."""
        seconds = self._last - self._began
        return self._images / seconds if self._images and seconds > 0 else None

    def end(self, row: Mapping[str, float]) -> float | None:
        """Of the epoch that ends, by its seconds of training; the next one begins.

        Of an epoch begun in an earlier session, by the steps and the time of this one.
        """
        rate = self.so_far()
        if rate is not None and self._whole and row["seconds"] > 0:
            rate = self._images / row["seconds"]
        self._begin()
        return rate


def held_out(row: Mapping[str, Any]) -> str | None:
    """The part beside training that the row has figures of."""
    return next((part for part in ("validation", "test") if f"{part}_accuracy" in row), None)


def duration(seconds: float) -> str:
    """Minutes and seconds: 45 s, 3 min 20 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
