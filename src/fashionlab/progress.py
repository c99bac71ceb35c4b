"""What a training tells while it runs, and an estimate of the time that is left."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
LINES = 15  # about as many lines are printed for a training of many epochs


class Progress:
    """Says nothing. `start` once, then each epoch `steps` around its batches and `epoch`, `stop`.

    `row` is a row of history.csv.
    """

    def start(self, name: str, epochs: int, steps: int) -> None:
        """A training of so many epochs begins, each of so many steps."""

    def steps(self, batches: Iterable[T]) -> Iterator[T]:
        """The batches, counted as they are taken."""
        yield from batches

    def epoch(self, row: Mapping[str, float]) -> None:
        """An epoch has ended."""

    def stop(self) -> None:
        """The training has ended, be it by an error."""


class Lines(Progress):
    """A line of text for an epoch; where there are many, for one in so many."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def start(self, name: str, epochs: int, steps: int) -> None:
        """Begin the clock."""
        self._name, self._epochs = name, epochs
        self._every = -(-epochs // LINES)
        self._began = time.perf_counter()

    def epoch(self, row: Mapping[str, float]) -> None:
        """Figures and the time left, as the mean of the epochs so far goes on."""
        done = int(row["epoch"])
        if done % self._every and done not in (1, self._epochs):
            return
        left = (time.perf_counter() - self._began) / done * (self._epochs - done)
        self._say(
            f"{self._name} epoch {done}/{self._epochs}: {_figures(row)}, "
            f"{row['seconds']:.1f} s, about {duration(left)} left"
        )


class Bar(Progress):
    """A moving bar on a terminal, with the last epoch's figures beside it."""

    def start(self, name: str, epochs: int, steps: int) -> None:
        """Draw the empty bar."""
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._epochs, self._steps, self._done = epochs, steps, 0
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self._task = self._bar.add_task(name, total=epochs * steps, note="starting")
        self._began = time.perf_counter()
        self._accuracy = ""
        self._bar.start()

    def steps(self, batches: Iterable[T]) -> Iterator[T]:
        """Move the bar at each step."""
        for batch in batches:
            yield batch
            self._done += 1
            self._show()

    def epoch(self, row: Mapping[str, float]) -> None:
        """The epoch's last step is not seen in `steps`, since nothing is asked after it."""
        self._done = int(row["epoch"]) * self._steps
        part = _held_out(row)
        self._accuracy = f", {part} accuracy {row[f'{part}_accuracy']:.4f}" if part else ""
        self._show()

    def _show(self) -> None:
        passed = time.perf_counter() - self._began
        total = self._epochs * self._steps
        if self._done < total:
            epoch = self._done // self._steps + 1
            left = duration(passed / self._done * (total - self._done))
            note = f"epoch {epoch}/{self._epochs}, {left} left"
        else:
            note = f"{self._epochs} epochs in {duration(passed)}"
        self._bar.update(self._task, completed=self._done, note=note + self._accuracy)

    def stop(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()


def for_stderr(say: Callable[[str], None]) -> Progress:
    """A bar where standard error is a terminal, else lines."""
    return Bar() if sys.stderr.isatty() else Lines(say)


def _figures(row: Mapping[str, Any]) -> str:
    text = f"loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}"
    part = _held_out(row)
    return f"{text}, {part} accuracy {row[f'{part}_accuracy']:.4f}" if part else text


def _held_out(row: Mapping[str, Any]) -> str | None:
    """The part beside training that the row has figures of."""
    return next((part for part in ("validation", "test") if f"{part}_accuracy" in row), None)


def duration(seconds: float) -> str:
    """Minutes and seconds: 45 s, 3 min 20 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
