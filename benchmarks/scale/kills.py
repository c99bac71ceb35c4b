"""Kill the driver of a study, and the nodes of a Ray cluster under one; compare what comes out.

    python -m benchmarks.scale.kills [driver] [nodes] [--trials 40]

driver  20 times at a random moment: `fashionlab tune` of a grid is killed by SIGKILL and begun
        again with --resume.
nodes   one of two nodes of a Ray cluster on this machine is killed every 10 s, without warning,
        and another one joins, until all trials are done.

The study must be that of an undisturbed run, trial by trial: values, accuracies after each epoch,
weights; no trial may lose more than an epoch. Writes results/kills.csv, in which a part that is not
asked for keeps its row; exit status 1 where one does not hold.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import optuna

from benchmarks import tables
from fashionlab.data import Parts, load
from fashionlab.jobs import start
from fashionlab.recipes import get
from fashionlab.runs import Run, recorded_history
from fashionlab.training import job
from fashionlab.tuning import Axis, Choosing, Source, Study, tune

KILLS, EVERY = 20, 10.0  # of the driver; seconds between those of nodes
RETRIES = 20
ATTEMPTS = "ATTEMPTS"  # the variable that names the file where trials note that they begin
SEED = 0
RECIPE = """
base = "mlp"
epochs = 8
[space]
learning_rate = [0.001, 0.002, 0.004]
batch_size = [256, 512]
model.dropout = [0.0, 0.1]
"""


def begun(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Train a trial; note that it begins, with the epochs that are done, and each of its epochs."""
    folder = Path(arguments["folder"])

    def note(**values: Any) -> None:
        with Path(os.environ[ATTEMPTS]).open("a") as file:
            file.write(f"{json.dumps({'run': folder.name, **values})}\n")

    class Noting(job.Pruning):
        def epoch(self, row: Mapping[str, float]) -> None:
            super().epoch(row)
            note(epoch=int(row["epoch"]))

    note(begins=len(recorded_history(folder)))
    pruning, job.Pruning = job.Pruning, Noting  # type: ignore[misc]
    try:
        return job.run(arguments)
    finally:
        job.Pruning = pruning  # type: ignore[misc]


def compared(folder: Path, trials: int) -> list[Any]:
    """Return all that must be the same of a study: all but seconds."""
    url = f"sqlite:///{folder}/study.db"
    read = optuna.load_study(study_name=folder.name, storage=url).trials
    if len(read) != trials:
        return [len(read)]
    return [
        (
            t.number,
            t.state,
            t.params,
            t.user_attrs["curve"],
            t.user_attrs["accuracy"],
            Run(folder / "trials" / t.user_attrs["folder"]).weights_sha256(),
        )
        for t in read
    ]


def driver(place: Path) -> dict[str, object]:
    """Return the row of a study whose driver was killed."""
    (place / "grid.toml").write_text(RECIPE)
    command = [sys.executable, "-c", "from fashionlab.cli import main; main()", "tune", "grid.toml"]
    command += ["--sampler", "grid", "--no-prune", "--workers", "2", "--data", "fashion-mnist"]
    began = time.perf_counter()
    subprocess.run([*command, "--out", "a"], cwd=place, check=True, capture_output=True)
    undisturbed = time.perf_counter() - began
    rng, kills = random.Random(SEED), 0  # noqa: S311  of moments
    print(f"undisturbed: {undisturbed:.0f} s", flush=True)
    while kills < KILLS:
        run = subprocess.Popen(
            [*command, "--out", "b", "--resume"],
            cwd=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            run.wait(rng.uniform(0.5, 10.0))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            kills += 1
        _, said = run.communicate()
        written = len(list((place / "b" / "trials").glob("*"))) if (place / "b").exists() else 0
        print(f"{kills} kills, {written} folders", flush=True)
        if run.returncode not in (0, -signal.SIGKILL):
            sys.exit(said)
        if run.returncode == 0:
            break
    subprocess.run([*command, "--out", "b", "--resume"], cwd=place, check=True, capture_output=True)
    trials = 12
    same = compared(place / "a", trials) == compared(place / "b", trials)
    return {"killed": "driver", "trials": trials, "kills": kills, "same": same}


def nodes(place: Path, data: Parts, trials: int) -> dict[str, object]:
    """Return the row of a study on a cluster whose nodes were killed."""
    source = Source(get("mlp"), {"epochs": 12})
    axes = (Axis("learning_rate", 2e-4, 2e-2, log=True), Axis("model.dropout", 0.0, 0.5))
    choosing = Choosing(axes, "random", window=2, prune=False)

    def study(name: str, **where: Any) -> Study:
        given = {"place": "fashion-mnist", "out": place / name, **where}
        return tune(source, data, choosing, trials, **given)

    study("serial", executor=lambda: start("local", 1, cores=1))
    print("the serial study is done", flush=True)
    from ray.cluster_utils import Cluster

    os.environ[ATTEMPTS] = str(place / "attempts")
    os.environ["PYTHONPATH"] = f"{Path.cwd()}{os.pathsep}{Path.cwd() / 'src'}"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    alive = [cluster.add_node(num_cpus=1) for _ in range(2)]
    kills, work, job.WORK = 0, job.WORK, f"{__spec__.name}:begun"
    try:
        with ThreadPoolExecutor(1) as threads:  # Ray's nodes want this, the main one
            disturbed = threads.submit(
                study,
                "cluster",
                executor=lambda: start(
                    f"ray://{cluster.address}", 2, cores=1, retries=RETRIES, say=print
                ),
                say=lambda line: print(line, flush=True),
            )
            while not wait([disturbed], EVERY).done:
                cluster.remove_node(alive.pop(0), allow_graceful=False)
                kills += 1
                alive.append(cluster.add_node(num_cpus=1))
            disturbed.result()
    finally:
        job.WORK = work
        cluster.shutdown()
    notes = [json.loads(line) for line in (place / "attempts").read_text().splitlines()]
    seen: dict[str, int] = {}  # the newest epoch of each run
    again, lost = 0, []
    for note in notes:
        if "begins" in note and note["run"] in seen:
            again += 1
            lost.append(seen[note["run"]] - note["begins"])
        seen[note["run"]] = max(seen.get(note["run"], 0), note.get("epoch", 0))
    same = compared(place / "serial", trials) == compared(place / "cluster", trials)
    return {
        "killed": "node",
        "trials": trials,
        "kills": kills,
        "same": same,
        "begun_again": again,
        "most_epochs_lost": max(lost, default=0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["driver", "nodes"])
    parser.add_argument("--trials", type=int, default=40)
    options = parser.parse_args()
    data = load("fashion-mnist", fetch=False)
    rows: list[dict[str, object]] = []
    if (tables.RESULTS / "kills.csv").exists():
        again = [part.rstrip("s") for part in options.parts]
        rows += [row for row in tables.read("kills") if row["killed"] not in again]
    for part in options.parts:
        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            row = (
                driver(Path(place))
                if part == "driver"
                else nodes(Path(place), data, options.trials)
            )
        row = {"begun_again": "", "most_epochs_lost": "", **row}
        columns = ("killed", "trials", "kills", "same", "begun_again", "most_epochs_lost")
        rows.append({name: row[name] for name in columns})
        rows[-1] |= {"seconds": round(time.perf_counter() - began), **tables.machine()}
        print(rows[-1], flush=True)
        tables.write("kills", rows)
    if not all(
        str(row["same"]) == "True" and int(str(row["most_epochs_lost"] or 0)) <= 1 for row in rows
    ):
        sys.exit("a study that was disturbed has come out otherwise")


if __name__ == "__main__":
    main()
