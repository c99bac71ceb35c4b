"""Training next to another process that keeps a core busy: `python -m benchmarks.speed --busy`.

Each contestant trains for a turn's steps alone, and then next to a process that counts. PyTorch's
threads wait for each other by spinning; with OMP_WAIT_POLICY=PASSIVE they sleep, which is measured
too.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.cases import CASES
from benchmarks.speed.contestants import CONTESTANTS, ENVIRONMENTS, SCRATCH
from benchmarks.speed.measure import QUICK, TURNS, positive, steps_of, write_arrays
from benchmarks.speed.turns import REST, Turns
from fashionlab.bench import results
from fashionlab.data import Dataset

CASE, OPTIMIZER = "784-512-256-10", "adam"
PASSIVE = ("OMP_WAIT_POLICY", "PASSIVE")
COUNTS = "while True: pass"

PAIRS = [CONTESTANTS[name] for name in ("torch", "keras-torch")]
CHOSEN = [
    SCRATCH,
    *PAIRS,
    *(replace(c, name=f"{c.name} (passive)", variables=(*c.variables, PASSIVE)) for c in PAIRS),
]


@contextmanager
def busy_process() -> Iterator[subprocess.Popen[bytes]]:
    """Keep one core busy."""
    process = subprocess.Popen([sys.executable, "-c", COUNTS])
    try:
        time.sleep(REST)
        yield process
    finally:
        process.kill()
        process.wait()


def measure_busy(
    data: tuple[Dataset, Dataset],
    *,
    turns: int | None = None,
    steps: int | None = None,
    quick: bool = False,
    environments: Path = ENVIRONMENTS,
    out: Path,
    say: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Measure, and write a row per contestant and turn to the CSV file `out` after each turn.

    Raises InvalidValueError for a number below 1, WorkerError where scratch itself fails.
    """
    case, rows = CASES[CASE], []
    turns = positive("turns", turns, QUICK[0] if quick else TURNS)
    steps = steps_of(case, positive("steps", steps, QUICK[1] if quick else None))
    with tempfile.TemporaryDirectory(prefix="fashionlab-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        write_arrays(data, case.batch * steps, folder)
        timed = Turns(case, OPTIMIZER, steps, folder, [], say)
        able = [c for c in CHOSEN if c.missing(environments) is None]
        timed.start(able, environments, stack)
        for turn in range(turns):
            alone = timed.rates()
            with busy_process():
                beside = timed.rates()
            rows += [
                {
                    "model": CASE,
                    "optimizer": OPTIMIZER,
                    "contestant": name,
                    "turn": turn,
                    "batch": case.batch,
                    "steps": steps,
                    "threads": timed.threads,
                    "images_a_second": alone[name],
                    "busy_images_a_second": beside[name],
                    **timed.where(name),
                }
                for name in alone
                if name in beside
            ]
            results.write(out, rows)
            figures = (f"{name} {alone[name]:,} to {rate:,}" for name, rate in beside.items())
            say(f"turn {turn + 1}: {', '.join(figures)}")
    return rows


Row = Mapping[str, object]  # of speed_busy.csv, as measured or as read


def shares(rows: Sequence[Row]) -> dict[str, tuple[float, float, float]]:
    """Return each contestant's median images/s alone and next to a busy process, and their ratio.

    The ratio is the median of the turns'.
    """
    found = {}
    for name in dict.fromkeys(str(row["contestant"]) for row in rows):
        own = [row for row in rows if row["contestant"] == name]
        alone = [float(str(row["images_a_second"])) for row in own]
        busy = [float(str(row["busy_images_a_second"])) for row in own]
        ratios = [b / a for a, b in zip(alone, busy, strict=True)]
        found[name] = median(alone), median(busy), median(ratios)
    return found


def text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal."""
    lines = [
        f"{CASE}, {OPTIMIZER}: images/s in training alone, next to a busy process, and the share"
    ]
    lines += [
        f"  {name:<24}{alone:>10,.0f}{busy:>10,.0f}{share:>7.0%}"
        for name, (alone, busy, share) in shares(rows).items()
    ]
    return "\n".join(lines)
