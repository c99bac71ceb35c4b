"""Lines: text where no terminal is."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from fashionlab.progress.progress import Pace, Progress, Step, duration, held_out

LINES = 15  # about as many lines are printed for a training of many epochs


class Lines(Progress):
    """A line of text for an epoch; where there are many, for one in so many."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._unsaid: str | None = None

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Begin the clock."""
        self._name, self._epochs, self._steps, self._before = name, epochs, steps, done
        self._every = -(-epochs // LINES)
        self._unsaid = None
        self._began, self._pace = time.perf_counter(), Pace()

    def step(self, step: Step) -> None:
        """Count its images."""
        self._pace.step(step)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Figures and the time left, as the mean of this session's steps so far goes on."""
        epoch, rate = int(row["epoch"]), self._pace.end(row)
        speed = f"{rate:,.0f} images/s, " if rate else ""
        line = f"{self._name} epoch {epoch}/{self._epochs}: {_figures(row)}, {speed}"
        line += f"{row['seconds']:.1f} s"
        first = self._before // self._steps + 1
        if epoch % self._every and epoch not in (first, self._epochs):
            self._unsaid = line
            return
        made = epoch * self._steps - self._before
        passed = time.perf_counter() - self._began
        left = passed / made * (self._epochs - epoch) * self._steps
        self._unsaid = None
        self._say(f"{line}, about {duration(left)} left")

    def say(self, line: str) -> None:
        """A line of its own."""
        self._say(line)

    def stop(self) -> None:
        """Of a training that stopped early, the last epoch has its line too."""
        if self._unsaid:
            self._say(self._unsaid)
            self._unsaid = None


def _figures(row: Mapping[str, Any]) -> str:
    text = f"loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}"
    if part := held_out(row):
        text += f", {part} accuracy {row[f'{part}_accuracy']:.4f}"
    return f"{text}, learning rate {row['learning_rate']:.3g}" if "learning_rate" in row else text
