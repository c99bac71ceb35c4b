"""Lines: plain text where there is no terminal."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from fashionlab.progress.progress import Pace, Progress, Step, duration, held_out

LINES = 15  # about as many are printed for a training of many epochs


class Lines(Progress):
    """A line of text per epoch; where there are many, per several epochs."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._pending: str | None = None

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Start the clock."""
        self._name, self._epochs, self._steps, self._before = name, epochs, steps, done
        self._every = -(-epochs // LINES)
        self._pending = None
        self._began, self._pace = time.perf_counter(), Pace()

    def step(self, step: Step) -> None:
        """Count the step's images."""
        self._pace.step(step)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Print metrics and the time left, estimated from the steps of this session."""
        epoch, rate = int(row["epoch"]), self._pace.end(row)
        speed = f"{rate:,.0f} images/s, " if rate else ""
        line = f"{self._name} epoch {epoch}/{self._epochs}: {_metrics(row)}, {speed}"
        line += f"{row['seconds']:.1f} s"
        first = self._before // self._steps + 1
        if epoch % self._every and epoch not in (first, self._epochs):
            self._pending = line
            return
        made = epoch * self._steps - self._before
        passed = time.perf_counter() - self._began
        left = passed / made * (self._epochs - epoch) * self._steps
        self._pending = None
        self._say(f"{line}, about {duration(left)} left")

    def say(self, line: str) -> None:
        """Print the message on a line of its own."""
        self._say(line)

    def stop(self) -> None:
        """Print the last epoch's line, if the training stopped early."""
        if self._pending:
            self._say(self._pending)
            self._pending = None


def _metrics(row: Mapping[str, Any]) -> str:
    text = f"loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}"
    if split := held_out(row):
        text += f", {split} accuracy {row[f'{split}_accuracy']:.4f}"
    return f"{text}, learning rate {row['learning_rate']:.3g}" if "learning_rate" in row else text
