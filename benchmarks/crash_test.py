"""Kill trainings with SIGKILL, resume them, and compare what comes out with the uninterrupted run.

    python benchmarks/crash_test.py [KILLS]

Half of the kills come at a random moment, half inside a system call that writes the run folder:
before each call of a save in turn, and in the middle of each write. Every killed training must be
readable, lose no more than the steps of one interval, and end with the same files after
`resume`. Writes results/crash_test.csv; exit status 1 where one does not.

Each training is a process of its own, forked from one that has imported the engines already.
"""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from fashionlab import files
from fashionlab.data import synthetic
from fashionlab.progress import Progress, Step
from fashionlab.recipes import RECIPES, Recipe
from fashionlab.runs import Run, checkpoints
from fashionlab.runs.layout import work_folder
from fashionlab.training import train

KILLS = 200  # of both engines together
ENGINES = ("scratch", "keras")
INTERVAL = 3  # steps between checkpoints
CALLS = ("open", "write", "fsync", "close", "mkdir", "rename", "replace")
os.environ.setdefault("KERAS_BACKEND", "torch")  # for the process that imports it for all others
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["keras", "crash_test"])


def recipe(engine: str) -> Recipe:
    """All that has a state: dropout, augmentation, schedule, moving average, best epoch, Adam."""
    return replace(
        RECIPES["report-cnn"],
        name=f"crash-{engine}",
        engine=engine,
        epochs=3,
        batch_size=32,
        output_activation="linear",
        model={"filters": 4, "kernel": 3, "units": (16,), "dropout": 0.3},
        augment={"flip": True, "shift": 2},
        schedule="cosine",
        warmup_epochs=1,
        moving_average=0.9,
        validation_fraction=0.2,
        restore_best_weights=True,
    )


class Reporter(Progress):
    """Tells the parent process of each step as it is made."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """The training begins."""
        self._steps = steps
        self._pipe.send(done)

    def step(self, step: Step) -> None:
        """The number of steps made so far."""
        self._pipe.send((step.epoch - 1) * self._steps + step.step)


class DeadlyOs:
    """Stands in the place of `os`: kills this process in call number `deadly`; 0 only counts.

    Before the call, or in a write after half of its bytes.
    """

    def __init__(self, deadly: int) -> None:
        self.deadly, self.calls = deadly, 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: object) -> object:
            self.calls += 1
            if self.calls == self.deadly:
                if name == "write":
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2])  # type: ignore
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        return call


def trainee(engine: str, folder: Path, deadly: int, pipe: Connection) -> None:
    """In a process of its own: train, or go on; tell the steps, and at the end the calls made."""
    files.os = DeadlyOs(deadly)  # type: ignore[attr-defined]
    train(
        recipe(engine),
        synthetic.draw(240, 80),
        folder,
        progress=Reporter(pipe),
        resume=True,
        checkpoint_steps=INTERVAL,
    )
    pipe.send(f"{files.os.calls}")  # type: ignore[attr-defined]


@dataclass
class Outcome:
    """What became of a training process."""

    killed: bool
    steps: int  # the last that it told of
    calls: int  # where it came to its end
    seconds: float  # after its training began


def run(engine: str, folder: Path, deadly: int = 0, delay: float | None = None) -> Outcome:
    """Train in a new process, killed in a call or `delay` seconds after the training began."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=trainee, args=(engine, folder, deadly, theirs))
    process.start()
    theirs.close()
    steps, calls = 0, 0
    began = time.perf_counter()
    try:
        first = True
        while True:
            if delay is not None and not first:
                left = began + delay - time.perf_counter()
                if left <= 0 or not ours.poll(left):
                    process.kill()
                    delay = None
            message = ours.recv()
            if first:
                began, first = time.perf_counter(), False
            if isinstance(message, str):
                calls = int(message)
            else:
                steps = message
    except EOFError:
        process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise SystemExit(f"{folder}: a training ended with status {process.exitcode}")
    return Outcome(process.exitcode != 0, steps, calls, time.perf_counter() - began)


def fingerprint(folder: Path) -> dict[str, str]:
    """What must be the same: SHA-256 of the weights, predictions and figures; history but time."""
    finished = Run(folder)
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in finished.history()]
    contents = {
        "weights": (folder / "weights.safetensors").read_bytes(),
        "history": json.dumps(history).encode(),
        "metrics": (folder / "metrics.json").read_bytes(),
        "predictions": np.ascontiguousarray(finished.predictions()[0]).tobytes(),
    }
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


@dataclass
class Verdict:
    """Of one kill."""

    killed: bool  # or it had ended before
    readable: bool
    lost: int  # steps that were made and must be made again
    same: bool  # as the uninterrupted run, after it was resumed
    clean: bool  # nothing but the finished run is left


def judge(engine: str, folder: Path, expected: dict[str, str], outcome: Outcome) -> Verdict:
    """Look at what a killed training left, let it go on, and compare."""
    work, readable, saved = work_folder(folder), True, 0
    if not folder.exists() and work.exists():
        damaged: list[str] = []
        found = checkpoints.newest(work, damaged.append)
        readable, saved = not damaged, found.steps if found else 0
    lost = 0 if folder.exists() else outcome.steps - saved
    ended = run(engine, folder)
    left = {p.name for p in folder.iterdir()} if folder.exists() else set()
    return Verdict(
        outcome.killed,
        readable,
        lost,
        not ended.killed and fingerprint(folder) == expected,
        not work.exists() and not [n for n in left if n.startswith((".", "checkpoint", "lock"))],
    )


def verdicts(engine: str, kills: int, place: Path, seed: int = 0) -> dict[str, list[Verdict]]:
    """Kill and judge so many trainings of an engine."""
    whole = run(engine, place / "whole")
    expected = fingerprint(place / "whole")
    again = run(engine, place / "again")  # its time does not include a first compilation
    if fingerprint(place / "again") != expected:
        raise SystemExit(f"{engine}: two uninterrupted runs differ")
    rng = np.random.default_rng(seed)
    moments = rng.uniform(0, again.seconds, kills - kills // 2)
    # Calls that are evenly spread over the whole training; with many kills, each one of a save.
    calls = np.unique(np.linspace(1, whole.calls, kills // 2).astype(int))
    found: dict[str, list[Verdict]] = {"random moment": [], "call of a save": []}
    for kind, plans in (
        ("random moment", [{"delay": float(moment)} for moment in moments]),
        ("call of a save", [{"deadly": int(call)} for call in calls]),
    ):
        for plan in plans:
            folder = place / "killed"
            outcome = run(engine, folder, **plan)  # type: ignore[arg-type]
            found[kind].append(judge(engine, folder, expected, outcome))
            shutil.rmtree(folder)
    return found


def main() -> None:
    import tables

    from fashionlab.environment import environment

    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    rows: list[dict[str, object]] = []
    failed = False
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as place:
            for kind, judged in verdicts(engine, kills // len(ENGINES), Path(place)).items():
                rows.append(
                    {
                        "engine": engine,
                        "killed_at": kind,
                        "trainings": len(judged),
                        "killed": sum(v.killed for v in judged),
                        "unreadable": sum(not v.readable for v in judged),
                        "interval_steps": INTERVAL,
                        "most_steps_lost": max(v.lost for v in judged),
                        "other_results": sum(not v.same for v in judged),
                        "left_behind": sum(not v.clean for v in judged),
                        **tables.machine(environment()),
                    }
                )
                failed |= not all(
                    v.readable and v.lost <= INTERVAL and v.same and v.clean for v in judged
                )
                print(rows[-1], flush=True)
                tables.write("crash_test", rows)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
