"""Bar: a live line on a terminal."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fashionlab.progress.progress import Pace, Progress, Step, duration, held_out
from fashionlab.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

PAUSE = 0.2  # seconds between two refreshes, which take a millisecond or two each
WIDTHS = (5, 20)  # lowest and highest width of the bar in columns; the text has the rest


class Bar(Progress):
    """A moving bar on a terminal, followed by metrics: on a narrow one, the most important."""

    def __init__(self, console: "Console | None" = None) -> None:
        self._console = console
        self._bar: RichProgress | None = None

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Draw the bar, filled as far as earlier sessions came."""
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._name, self._epochs, self._steps = printable(name), epochs, steps
        self._before = self._made = done
        self._held_out = ""
        self._last: Step | None = None
        self._column = BarColumn(WIDTHS[0])
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            self._column,
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console or Console(stderr=True),
            auto_refresh=False,  # no second thread; `_draw` refreshes
            # Printed text still reaches a file; without a console there is no standard output.
            redirect_stdout=bool(sys.stdout and sys.stdout.isatty()),
        )
        self._task = self._bar.add_task(self._name, total=epochs * steps, completed=done, note="")
        self._began, self._pace = time.perf_counter(), Pace()
        self._bar.start()
        self._draw([(0, f"epoch {done // steps + 1}/{epochs}")])

    def step(self, step: Step) -> None:
        """Move the bar, unless it was refreshed a moment ago."""
        self._pace.step(step)
        self._last, self._made = step, (step.epoch - 1) * self._steps + step.step
        if time.perf_counter() >= self._due:
            self._draw(self._running(step, self._pace.so_far()))

    def epoch(self, row: Mapping[str, float]) -> None:
        """Show the accuracy on other images, which stays until the next epoch has its own."""
        epoch, split = int(row["epoch"]), held_out(row)
        if split:
            shown = {"validation": "val"}.get(split, split)
            self._held_out = f"{shown} {row[f'{split}_accuracy']:.3f}"
        rate = row.get("learning_rate", 0.0)
        last = Step(epoch, self._steps, 0, row["loss"], row["accuracy"], rate)
        self._last, self._made = last, epoch * self._steps
        self._draw(self._running(last, self._pace.end(row)))

    def say(self, line: str) -> None:
        """Print the line above the bar, if there is one yet."""
        line = printable(line)
        if self._bar:
            self._bar.console.print(
                line, markup=False, emoji=False, highlight=False, soft_wrap=True
            )
        else:
            print(line, file=sys.stderr)  # noqa: T201

    def stop(self) -> None:
        """Leave the bar as far as the training came, with the time of this session."""
        if not self._bar:
            return
        epochs, passed = self._made // self._steps, time.perf_counter() - self._began
        parts = [(0, f"{epochs}/{self._epochs} epochs, {duration(passed)}")]
        try:
            self._draw(parts + (self._results(self._last) if self._last else []))
        finally:
            self._bar.stop()
            self._bar = None

    def _running(self, step: Step, pace: float | None) -> list[tuple[int, str]]:
        passed = time.perf_counter() - self._began
        left = passed / (self._made - self._before) * (self._epochs * self._steps - self._made)
        return [
            (0, f"epoch {step.epoch}/{self._epochs}"),
            *self._results(step),
            (6, f"lr {step.learning_rate:.2g}"),
            (5, f"{pace:,.0f} img/s" if pace else ""),
            (1, f"{_clock(left)} left"),
        ]

    def _results(self, step: Step) -> list[tuple[int, str]]:
        return [
            (3, f"loss {step.loss:.3f}"),
            (2, f"accuracy {step.accuracy:.3f}"),
            (4, self._held_out),
        ]

    def _draw(self, parts: Sequence[tuple[int, str]]) -> None:
        """Draw the texts in order, without those of the highest ranks where room is short."""
        if not self._bar:
            return
        room = self._bar.console.width - len(self._name) - 2  # two gaps between three columns
        kept = [part for part in parts if part[1]]
        while len(note := " ".join(text for _, text in kept)) > room - WIDTHS[0] and len(kept) > 1:
            kept.remove(max(kept))
        self._column.bar_width = max(WIDTHS[0], min(WIDTHS[1], room - len(note)))
        self._bar.update(self._task, completed=self._made, note=note, refresh=True)
        self._due = time.perf_counter() + PAUSE


def _clock(seconds: float) -> str:
    """Format seconds as 0:45, 3:20 or 1:02:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
