"""The timing of one model with one optimizer, round-robin over the contestants' processes."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.speed import peak
from benchmarks.speed.cases import Case
from benchmarks.speed.contestants import PRODUCTS, SCRATCH, Contestant
from benchmarks.speed.process import Worker
from benchmarks.speed.products import multiply_adds
from fashionlab.environment import machine
from fashionlab.errors import WorkerError

REST = 0.1  # seconds before a contestant starts: the threads of the last one stop waiting busily
# By how much mean losses may differ: over the first steps, and over a turn. From the same weights
# only rounding differs, 2e-4 after 20 steps; with relu and Adam it grows to 4e-3 after 300.
SAME_FIRST, SAME_LATER = 1e-3, 2e-2


class Turns:
    """A case with one optimizer: its processes, timed turn by turn."""

    def __init__(
        self,
        case: Case,
        optimizer: str,
        steps: int,
        folder: Path,
        remarks: list[str],
        say: Callable[[str], None],
        peak_program: Path | None = None,
    ) -> None:
        self.case, self.optimizer, self.steps = case, optimizer, steps
        self.folder, self.remarks, self.say = folder, remarks, say
        self.peak_program = peak_program
        self.machine = machine()
        self.threads = self.machine["cpus"]
        self.batches = len(np.load(folder / "labels.npy", mmap_mode="r")) // case.batch
        self.workers: dict[str, Worker] = {}
        self.loaded: dict[str, dict[str, Any]] = {}
        self.differing: dict[str, str] = {}  # from the first steps on

    def start(self, able: Sequence[Contestant], environments: Path, stack: ExitStack) -> None:
        """Start and load each contestant, one after the other."""
        for contestant in able:
            python = contestant.python(environments) or sys.executable
            self._remark(f"{contestant.name}: loading", keep=False)
            worker = Worker(contestant, python, self.folder, self.threads)
            stack.callback(worker.close)
            self.workers[contestant.name] = worker
            loaded = self._ask(
                contestant.name,
                "load",
                module=contestant.module,
                case=self.case.name,
                optimizer=self.optimizer,
                folder=str(self.folder),
                threads=self.threads,
                steps=self.steps,
            )
            if loaded:
                self.loaded[contestant.name] = loaded
        first = {name: loaded["loss"] for name, loaded in self.loaded.items()}
        first.pop(PRODUCTS.name, None)
        self.differing = differences(first, SAME_FIRST)
        for name, remark in self.differing.items():
            self._remark(f"{name}, first steps: {remark}; not ranked")

    def _ask(self, name: str, do: str, **arguments: Any) -> dict[str, Any] | None:
        """Return the answer of a process; None, with a remark, where a peer fails."""
        try:
            return self.workers[name].request(do, **arguments)
        except WorkerError as error:
            if name in (SCRATCH.name, PRODUCTS.name):
                raise
            del self.workers[name]
            self._remark(str(error))
            return None

    def turn(self, turn: int, data: str) -> list[dict[str, Any]]:
        """Time each contestant once; return a row for each."""
        names = [*self.workers]
        shift = turn % len(names)
        first = turn * self.steps % (self.batches - self.steps + 1)
        rows: dict[str, dict[str, Any]] = {}
        products, most = 0.0, None
        for name in names[shift:] + names[:shift]:
            time.sleep(REST)
            trained = self._ask(name, "train", first=first, steps=self.steps)
            if trained and name == PRODUCTS.name:
                products = trained["seconds"] / self.steps
                most = self._peak()
            elif trained and (row := self._row(name, trained)):
                rows[name] = row
        differing = differences({name: row["loss"] for name, row in rows.items()}, SAME_LATER)
        for name, remark in differing.items():
            self._remark(f"{name}, turn {turn + 1}: {remark}; not ranked")
        differing |= self.differing
        return [
            {
                "model": self.case.name,
                "optimizer": self.optimizer,
                "contestant": name,
                "turn": turn,
                "data": data,
                "batch": self.case.batch,
                "steps": self.steps,
                "threads": self.threads,
                **rows[name],
                "multiply_adds_a_step": multiply_adds(self.case),
                "products_seconds_a_step": _rounded(products),
                "peak_multiply_adds_a_second": most,
                "agrees": "no" if name in differing else "yes",
                **self.where(name),
            }
            for name in names
            if name in rows
        ]

    def rates(self) -> dict[str, int]:
        """Return the images a second in training of each contestant, timed once."""
        rates = {}
        for name in [*self.workers]:
            time.sleep(REST)
            if trained := self._ask(name, "train", first=0, steps=self.steps):
                rates[name] = round(self.steps * self.case.batch / trained["seconds"])
        return rates

    def _peak(self) -> float | None:
        """Return the multiply-adds a second that all threads can do at most, or None."""
        if self.peak_program is None:
            return None
        return _rounded(peak.measure(self.peak_program, self.threads)[0])

    def _row(self, name: str, trained: dict[str, Any]) -> dict[str, Any] | None:
        predicted = self._ask(name, "predict", times=self.case.predictions)
        memory = self._ask(name, "memory") if predicted else None
        if not predicted or not memory:
            return None
        seconds = trained["seconds"]
        return {
            "images_a_second": round(self.steps * self.case.batch / seconds),
            "prediction_images_a_second": round(predicted["images"] / predicted["seconds"]),
            "loss": _rounded(trained["loss"]),
            "test_accuracy": round(predicted["accuracy"], 4),
            "peak_memory_mb": round(memory["peak_memory_mb"]),
            "seconds_a_step": _rounded(seconds / self.steps),
        }

    def where(self, name: str) -> dict[str, Any]:
        """Return the columns that say in which form, by which libraries and where it was."""
        loaded = self.loaded[name]
        return {
            "form": loaded["form"],
            **self.machine,
            "python": loaded["python"],
            "versions": loaded["versions"],
        }

    def _remark(self, text: str, keep: bool = True) -> None:
        line = f"{self.case.name}, {self.optimizer}: {text}"
        if keep:
            self.remarks.append(line)
        self.say(line)


def differences(losses: dict[str, float], tolerance: float) -> dict[str, str]:
    """Return the contestants whose loss deviates from the median, with a message for each."""
    numbers = [loss for loss in losses.values() if math.isfinite(loss)]
    common = median(numbers) if numbers else math.nan
    return {
        name: f"loss {loss:.5g}, the others' {common:.5g}"
        for name, loss in losses.items()
        if not abs(loss - common) <= tolerance * abs(common)  # also not a number
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
