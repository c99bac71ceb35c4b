"""Train the report's models on scratch and on every installed peer, in turn, and measure.

A turn: each contestant, in an order that rotates, trains for the case's steps and predicts the test
images, while the others wait; the bare matrix products are measured in the same turn.
"""

import csv
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from fashionlab.bench import table
from fashionlab.bench.cases import CASES, CLASSES, SIDE, Case
from fashionlab.bench.contestants import CONTESTANTS, PRODUCTS, SCRATCH, Contestant
from fashionlab.bench.process import Worker
from fashionlab.data import Dataset
from fashionlab.environment import environment, processor
from fashionlab.errors import InvalidValueError, WorkerError

TURNS = 5
REST = 0.1  # seconds before a contestant starts: the threads of the last one stop waiting busily
QUICK = (2, 20)  # turns, steps
RESULTS = Path("benchmarks/results/speed.csv")  # of a source checkout
TRIED = Path("runs/speed.csv")  # a measurement that is not the whole one
ENVIRONMENTS = Path(".peers")  # made by benchmarks/peers.sh
# By how much mean losses may differ: over the first steps, and over a turn. From the same weights
# only rounding differs, 2e-4 after 20 steps; with relu and Adam it grows to 4e-3 after 300.
SAME_FIRST, SAME_LATER = 1e-3, 2e-2


@dataclass
class Measured:
    """What a measurement found."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # who is missing, stopped or differs

    def text(self) -> str:
        """The table, and the remarks below it."""
        return "\n".join([table.text(table.summaries(self.rows)), "", *self.remarks]).strip("\n")


def speed(
    data: tuple[Dataset, Dataset],
    *,
    models: Sequence[str] = (),
    optimizers: Sequence[str] = (),
    peers: Sequence[str] = (),
    turns: int | None = None,
    steps: int | None = None,
    quick: bool = False,
    out: Path | None = None,
    environments: Path = ENVIRONMENTS,
    say: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Measure, and write a row per model, optimizer, contestant and turn to the CSV file `out`.

    An empty choice is all; scratch is always measured. `steps` is the most that a turn has, and a
    case's own number never exceeded; `quick` is two turns of 20. A smaller set is repeated up to
    the images needed.
    `environments` holds the peers' own virtual environments. The file is written after each turn.

    Raises InvalidValueError for a name that is not known or a number below 1, WorkerError where
    scratch itself or the bare products fail; a peer that fails is remarked upon.
    """
    chosen = _chosen("model", models, CASES)
    known = tuple(dict.fromkeys(o for case in CASES.values() for o in case.optimizers))
    wanted = _chosen("optimizer", optimizers, known)
    names = _chosen("peer", peers, [name for name in CONTESTANTS if name != SCRATCH.name])
    turns = _positive("turns", turns, QUICK[0] if quick else TURNS)
    steps = _positive("steps", steps, QUICK[1] if quick else None)
    if data[0].image_shape != (SIDE, SIDE):
        raise InvalidValueError(
            f"the measured models take images of {SIDE} x {SIDE}; received {data[0].image_shape}"
        )
    if data[0].classes > CLASSES:
        raise InvalidValueError(
            f"the measured models know {CLASSES} classes; received {data[0].classes}"
        )
    pairs = [(CASES[m], o) for m in chosen for o in wanted if o in CASES[m].optimizers]
    if not pairs:
        raise InvalidValueError(
            f"no chosen model trains with {', '.join(wanted)}: full-batch has sgd alone"
        )
    out = out or TRIED
    out.parent.mkdir(parents=True, exist_ok=True)
    measured, installed = Measured(), [SCRATCH]
    for name in names:
        missing = CONTESTANTS[name].missing(environments)
        if missing:
            measured.remarks.append(f"{name}: {missing}")
        else:
            installed.append(CONTESTANTS[name])
    for remark in measured.remarks:
        say(remark)
    with tempfile.TemporaryDirectory(prefix="fashionlab-") as temporary:
        folder = Path(temporary)
        size = max(case.batch * _steps(case, steps) for case, _ in pairs)
        _write_arrays(data, size, folder)
        for case, optimizer in pairs:
            able = [c for c in installed if c.convolutions or not case.convolution]
            with ExitStack() as stack:
                round_ = _Round(case, optimizer, _steps(case, steps), folder, measured, say)
                round_.start(able, environments, stack)
                for turn in range(turns):
                    rows = round_.turn(turn, data[0].name)
                    measured.rows += rows
                    _write_rows(measured.rows, out)
                    figures = (f"{r['contestant']} {r['images_a_second']:,}" for r in rows)
                    say(f"{case.name}, {optimizer}, turn {turn + 1}: {', '.join(figures)}")
    return measured


def default_out(whole: bool) -> Path:
    """Where the rows go: the repository's results only from the whole measurement."""
    return RESULTS if whole and RESULTS.parent.is_dir() else TRIED


def _chosen(what: str, names: Sequence[str], known: Any) -> list[str]:
    for name in names:
        if name not in known:
            raise InvalidValueError(f"{what} must be one of {', '.join(known)}; received {name!r}")
    return [name for name in known if not names or name in names]


def _positive(what: str, value: int | None, default: Any) -> Any:
    if value is not None and value < 1:
        raise InvalidValueError(f"{what} must be at least 1; received {value}")
    return default if value is None else value


def _steps(case: Case, steps: int | None) -> int:
    return case.steps if steps is None else min(steps, case.steps)


def _write_arrays(data: tuple[Dataset, Dataset], size: int, folder: Path) -> None:
    """The images, shuffled once, at least `size` of them; the workers read them from files."""
    training, test = data
    order = np.random.default_rng(0).permutation(len(training))
    if len(order) < size:
        order = np.resize(order, size)
    np.save(folder / "images.npy", training.images[order])
    np.save(folder / "labels.npy", training.labels[order])
    np.save(folder / "test_images.npy", test.images)
    np.save(folder / "test_labels.npy", test.labels)


class _Round:
    """A case with one optimizer: its processes, and the turns."""

    def __init__(
        self,
        case: Case,
        optimizer: str,
        steps: int,
        folder: Path,
        measured: Measured,
        say: Callable[[str], None],
    ) -> None:
        self.case, self.optimizer, self.steps = case, optimizer, steps
        self.folder, self.measured, self.say = folder, measured, say
        self.machine = environment()
        self.threads = self.machine["cpus"]
        self.batches = len(np.load(folder / "labels.npy", mmap_mode="r")) // case.batch
        self.workers: dict[str, Worker] = {}
        self.loaded: dict[str, dict[str, Any]] = {}
        self.differing: dict[str, str] = {}  # from the first steps on

    def start(self, able: Sequence[Contestant], environments: Path, stack: ExitStack) -> None:
        """Start and load every contestant, one after the other."""
        for contestant in (PRODUCTS, *able):
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
        del first[PRODUCTS.name]
        self.differing = differences(first, SAME_FIRST)
        for name, remark in self.differing.items():
            self._remark(f"{name}, first steps: {remark}; not ranked")

    def _ask(self, name: str, do: str, **arguments: Any) -> dict[str, Any] | None:
        """None, and a remark, where a peer fails."""
        try:
            return self.workers[name].ask(do, **arguments)
        except WorkerError as error:
            if name in (SCRATCH.name, PRODUCTS.name):
                raise
            del self.workers[name]
            self._remark(str(error))
            return None

    def turn(self, turn: int, data: str) -> list[dict[str, Any]]:
        """A row per contestant."""
        names = [*self.workers]
        shift = turn % len(names)
        first = turn * self.steps % (self.batches - self.steps + 1)
        rows: dict[str, dict[str, Any]] = {}
        products = 0.0
        for name in names[shift:] + names[:shift]:
            time.sleep(REST)
            trained = self._ask(name, "train", first=first, steps=self.steps)
            if trained and name == PRODUCTS.name:
                products = trained["seconds"] / self.steps
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
                "products_seconds_a_step": _rounded(products),
                "agrees": "no" if name in differing else "yes",
                **self._where(name),
            }
            for name in names
            if name in rows
        ]

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

    def _where(self, name: str) -> dict[str, Any]:
        loaded = self.loaded[name]
        return {
            "form": loaded["form"],
            "cpu": processor(self.machine),
            "cpus": self.machine["cpus"],
            "python": loaded["python"],
            "versions": loaded["versions"],
            "blas": self.machine["blas"],
            "commit": self.machine["commit"],
        }

    def _remark(self, text: str, keep: bool = True) -> None:
        line = f"{self.case.name}, {self.optimizer}: {text}"
        if keep:
            self.measured.remarks.append(line)
        self.say(line)


def differences(losses: dict[str, float], tolerance: float) -> dict[str, str]:
    """Those whose loss is not that of the others, the median, with a word on it."""
    numbers = [loss for loss in losses.values() if math.isfinite(loss)]
    common = median(numbers) if numbers else math.nan
    return {
        name: f"loss {loss:.5g}, the others' {common:.5g}"
        for name, loss in losses.items()
        if not abs(loss - common) <= tolerance * abs(common)  # also not a number
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _write_rows(rows: Sequence[dict[str, Any]], path: Path) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)
