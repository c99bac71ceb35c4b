"""Kill trainings with SIGKILL, resume them, and compare the results with an uninterrupted run.

    python -m benchmarks.engine.crash_test

Some are killed at a random moment, some in a system call that writes the run folder: before the
call, or after half of the bytes of a write. On scratch this is done for every such call of a whole
training in turn; on Keras, whose checkpoints are written by the same code, for every call of the
middle third. Every killed training must be readable, lose no more than the steps of one interval,
and end with the same files after `resume`. Writes results/crash_test.csv; exit status 1 where one
does not.

Each training is a process of its own, forked from one that has imported the engines.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
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

MOMENTS = 50  # random ones, for each engine
ENGINES = ("scratch", "keras")
INTERVAL = 3  # steps between checkpoints
SEED = 0  # of the random moments
CALLS = ("open", "write", "fsync", "close", "mkdir", "rename", "replace")
os.environ.setdefault("KERAS_BACKEND", "torch")  # for the process that imports it for all others
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["keras", "fashionlab.training"])


def recipe(engine: str) -> Recipe:
    """Return a recipe with all kinds of state: dropout, schedule, average, best epoch, Adam."""
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
    """A progress that reports each step to the parent process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Send the number of steps done before."""
        self._steps = steps
        self._pipe.send(done)

    def step(self, step: Step) -> None:
        """Send the number of steps done so far."""
        self._pipe.send((step.epoch - 1) * self._steps + step.step)


class DeadlyOs:
    """A replacement for `os` that kills this process in call number `deadly`; 0 only counts.

    The kill comes before the call, or after half of the bytes of a write.
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
    """Train or resume in this process; send the steps, and at the end the number of calls."""
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
    """The end of a training process."""

    killed: bool
    steps: int  # the last that it sent
    calls: int  # 0 where it was killed
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
    """Return what must be equal: SHA-256 of weights, predictions, metrics, and history but time."""
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
    """The judgement on one kill."""

    killed: bool  # else it had ended before
    readable: bool
    lost: int  # steps that must be done again
    same: bool  # as the uninterrupted run, after the resume
    clean: bool  # nothing but the finished run is left


def judge(engine: str, folder: Path, expected: dict[str, str], outcome: Outcome) -> Verdict:
    """Inspect what a killed training left, resume it, and compare."""
    work, readable, saved = work_folder(folder), True, 0
    if not folder.exists() and work.exists():
        damaged: list[str] = []
        found = checkpoints.newest(work, damaged.append)
        readable, saved = not damaged, found.steps if found else 0
    lost = 0 if folder.exists() else outcome.steps - saved
    ended = run(engine, folder)
    left = {p.name for p in folder.iterdir()} if folder.exists() else set()
    left |= {p.name for p in folder.parent.glob(f"{work.name}*")}
    return Verdict(
        outcome.killed,
        readable,
        lost,
        not ended.killed and fingerprint(folder) == expected,
        not [n for n in left if n.startswith((".", "checkpoint", work.name))],
    )


def verdicts(
    engine: str, place: Path, moments: int, calls: Callable[[int], Iterable[int]]
) -> Iterator[tuple[str, Verdict]]:
    """Kill and judge trainings of an engine, at `moments` random moments and in given calls.

    `calls` returns the calls, given the number of calls of a whole training. A training that ended
    before its moment does not count and is replaced, but its results must be the same too.
    """
    whole = run(engine, place / "whole")
    expected = fingerprint(place / "whole")
    again = run(engine, place / "again")  # its time does not include a first compilation
    if fingerprint(place / "again") != expected:
        raise SystemExit(f"{engine}: two uninterrupted runs differ")
    folder, killed = place / "killed", 0
    rng = np.random.default_rng(SEED)
    while killed < moments:
        outcome = run(engine, folder, delay=float(rng.uniform(0, again.seconds)))
        verdict = judge(engine, folder, expected, outcome)
        shutil.rmtree(folder)
        if verdict.killed or not verdict.same:
            killed += 1
            yield "random moment", verdict
    for call in calls(whole.calls):
        outcome = run(engine, folder, deadly=call)
        yield "call that writes", judge(engine, folder, expected, outcome)
        shutil.rmtree(folder)


def deadly_calls(engine: str, calls: int) -> range:
    """Return the calls in which the whole test kills."""
    return range(1, calls + 1) if engine == "scratch" else range(calls // 3, 2 * calls // 3)


def main() -> None:
    """Run the whole test."""
    from benchmarks import tables

    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()

    judged: dict[tuple[str, str], list[Verdict]] = {}
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as place:
            for kind, verdict in verdicts(
                engine, Path(place), MOMENTS, partial(deadly_calls, engine)
            ):
                judged.setdefault((engine, kind), []).append(verdict)
                rows = [
                    {
                        "engine": engine,
                        "killed_at": kind,
                        "killed": sum(v.killed for v in of_kind),
                        "unreadable": sum(not v.readable for v in of_kind),
                        "interval_steps": INTERVAL,
                        "most_steps_lost": max(v.lost for v in of_kind),
                        "other_results": sum(not v.same for v in of_kind),
                        "left_behind": sum(not v.clean for v in of_kind),
                        **tables.machine(),
                    }
                    for (engine, kind), of_kind in judged.items()
                ]
                tables.write("crash_test", rows)
                print(engine, kind, verdict, flush=True)
    everything = [verdict for of_kind in judged.values() for verdict in of_kind]
    print(f"{sum(v.killed for v in everything)} killed")
    sys.exit(not all(v.readable and v.lost <= INTERVAL and v.same and v.clean for v in everything))


if __name__ == "__main__":
    main()
