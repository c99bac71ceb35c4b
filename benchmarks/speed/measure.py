"""Train the course report's models on scratch and on every installed peer, and time them.

A turn: each contestant, in an order that rotates, trains for the case's steps and predicts the test
images, while the others wait; the bare matrix products and the processor's multiply-add peak are
timed in the same turn.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed import peak, table
from benchmarks.speed.cases import CASES, CLASSES, SIDE, Case
from benchmarks.speed.contestants import CONTESTANTS, ENVIRONMENTS, PRODUCTS, SCRATCH
from benchmarks.speed.turns import Turns
from fashionlab.bench import results
from fashionlab.data import Dataset
from fashionlab.errors import InvalidValueError

TURNS = 5
QUICK = (2, 20)  # turns, steps


@dataclass
class Measured:
    """The rows of a measurement, and what it could not measure."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # who is missing, stopped or differs

    def text(self) -> str:
        """Return the table, and the remarks below it."""
        return "\n".join([table.text(table.summaries(self.rows)), "", *self.remarks]).strip("\n")


def measure(
    data: tuple[Dataset, Dataset],
    *,
    models: Sequence[str] = (),
    optimizers: Sequence[str] = (),
    peers: Sequence[str] = (),
    turns: int | None = None,
    steps: int | None = None,
    quick: bool = False,
    out: Path,
    environments: Path = ENVIRONMENTS,
    say: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Measure, and write a row per model, optimizer, contestant and turn to the CSV file `out`.

    An empty choice is all; scratch is always measured. `steps` is the most of a turn, and never
    more than the case's own number; `quick` is two turns of 20. A small data set is repeated up to
    the images needed. `environments` holds the peers' own virtual environments. The file is written
    after each turn.

    Raises InvalidValueError for an unknown name or a number below 1, WorkerError where scratch
    itself or the bare products fail; a peer that fails is named in the remarks.
    """
    chosen = _chosen("model", models, CASES)
    known = tuple(dict.fromkeys(o for case in CASES.values() for o in case.optimizers))
    wanted = _chosen("optimizer", optimizers, known)
    names = _chosen("peer", peers, [name for name in CONTESTANTS if name != SCRATCH.name])
    turns = positive("turns", turns, QUICK[0] if quick else TURNS)
    steps = positive("steps", steps, QUICK[1] if quick else None)
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
    measured, installed = Measured(), [SCRATCH]
    for name in names:
        missing = CONTESTANTS[name].missing(environments)
        if missing:
            measured.remarks.append(f"{name}: {missing}")
        else:
            installed.append(CONTESTANTS[name])
    with tempfile.TemporaryDirectory(prefix="fashionlab-") as temporary:
        folder = Path(temporary)
        program = peak.build(folder)
        if program is None:
            measured.remarks.append("the processor's peak: no C compiler (install gcc)")
        for remark in measured.remarks:
            say(remark)
        size = max(case.batch * steps_of(case, steps) for case, _ in pairs)
        write_arrays(data, size, folder)
        for case, optimizer in pairs:
            able = [c for c in installed if c.convolutions or not case.convolution]
            with ExitStack() as stack:
                timed = Turns(
                    case, optimizer, steps_of(case, steps), folder, measured.remarks, say, program
                )
                timed.start([PRODUCTS, *able], environments, stack)
                for turn in range(turns):
                    rows = timed.turn(turn, data[0].name)
                    measured.rows += rows
                    results.write(out, measured.rows)
                    figures = (f"{r['contestant']} {r['images_a_second']:,}" for r in rows)
                    say(f"{case.name}, {optimizer}, turn {turn + 1}: {', '.join(figures)}")
    return measured


def _chosen(what: str, names: Sequence[str], known: Any) -> list[str]:
    for name in names:
        if name not in known:
            raise InvalidValueError(f"{what} must be one of {', '.join(known)}; received {name!r}")
    return [name for name in known if not names or name in names]


def positive(what: str, value: int | None, default: Any) -> Any:
    """Return the value, or the default for None; InvalidValueError where it is below 1."""
    if value is not None and value < 1:
        raise InvalidValueError(f"{what} must be at least 1; received {value}")
    return default if value is None else value


def steps_of(case: Case, steps: int | None) -> int:
    """Return the steps a turn: the case's own, or fewer."""
    return case.steps if steps is None else min(steps, case.steps)


def write_arrays(data: tuple[Dataset, Dataset], size: int, folder: Path) -> None:
    """Write at least `size` images, shuffled once, to files that the workers read."""
    training, test = data
    order = np.random.default_rng(0).permutation(len(training))
    if len(order) < size:
        order = np.resize(order, size)
    np.save(folder / "images.npy", training.images[order])
    np.save(folder / "labels.npy", training.labels[order])
    np.save(folder / "test_images.npy", test.images)
    np.save(folder / "test_labels.npy", test.labels)
