"""Train a list of recipes on a machine that is lent for minutes, and leave small files of each.

    python -m benchmarks.gpu.train --seconds 540 --data DATA --out FOLDER large:0:400 ...

A job is RECIPE:SEED:SECONDS. RECIPE is a name or a TOML file; a job is skipped where less than
SECONDS are left of --seconds. Each job is a process of its own, timed by the rules of the record
(docs/protocol.md). The files of a finished job are written before the next one begins:

    runs.zip                 the run folders without weights, each with a row.json
    RECIPE-seedS.weights.NN  the weights in parts, for the jobs named by --keep
    RECIPE-seedS.soft.npz    for the same, log-probabilities of the training images: (2, N, K)
                             float16, of the images and of their mirror images
    log.txt                  the messages of the trainings

Needs no network. `benchmarks.gpu.unpack` makes run folders of the files.
"""

import argparse
import io
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

from fashionlab.bench.accuracy import measured
from fashionlab.data import load
from fashionlab.engines import get
from fashionlab.evaluation.predictions import log_probabilities
from fashionlab.recipes import build
from fashionlab.runs import Run

PART = 15 * 10**6  # bytes of a part of the weights
ATTEMPTS = 3
BATCH = 2_000  # images predicted at once
WEIGHTS = "weights.safetensors"


def train(job: str, data: str, place: Path, log: Path, seconds: float) -> float | None:
    """Return the seconds by the rules of the record; None where the run was late or failed.

    A run that fails is resumed in another process, and its seconds are the sum.
    """
    recipe, seed, _ = job.split(":")
    request = {"recipe": recipe, "seed": int(seed), "data": data, "out": str(place)}
    began = time.monotonic()
    for attempt in range(ATTEMPTS):
        with log.open("a") as file:
            file.write(f"\n{job}\n")
            file.flush()
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "fashionlab.bench.race", json.dumps(request)],
                    stdout=subprocess.PIPE,
                    stderr=file,
                    timeout=seconds - (time.monotonic() - began),
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return None
        if done.returncode == 0:
            whole = time.monotonic() - began
            return whole if attempt else float(json.loads(done.stdout)["seconds"])
        request["resume"] = True
    return None


def pack(places: dict[Path, float], out: Path) -> None:
    """Write all finished run folders so far to one file, without their weights."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for place, seconds in places.items():
            run = Run(place)
            row = {**measured(run), "seconds": f"{seconds:.2f}"}
            file.writestr(f"{place.name}/row.json", json.dumps(row))
            for path in sorted(p for p in place.iterdir() if p.is_file() and p.name != WEIGHTS):
                file.write(path, f"{place.name}/{path.name}")
    partial = out / "runs.zip.partial"
    partial.write_bytes(archive.getvalue())
    partial.replace(out / "runs.zip")


def keep(place: Path, data: str, out: Path) -> None:
    """Write the weights in parts, and the log-probabilities of the training images."""
    content = (place / WEIGHTS).read_bytes()
    for i, start in enumerate(range(0, len(content), PART)):
        (out / f"{place.name}.weights.{i:02d}").write_bytes(content[start : start + PART])
    run = Run(place)
    recipe, training = run.recipe, load(data)[0]
    model = build(recipe, get(recipe.engine), training.image_shape, training.classes)
    run.give_weights(model)
    views = (training.images, np.ascontiguousarray(training.images[:, :, ::-1]))
    soft = [
        log_probabilities(
            model.predict(view, batch_size=BATCH, verbose=0), recipe.output_activation
        )
        for view in views
    ]
    np.savez_compressed(
        out / f"{place.name}.soft.npz",
        log_probabilities=np.stack(soft).astype(np.float16),
        weights_sha256=run.weights_sha256(),
        train_sha256=training.sha256,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="+", metavar="RECIPE:SEED:SECONDS")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", nargs="*", default=[], metavar="RECIPE:SEED")
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    options.out.mkdir(parents=True, exist_ok=True)
    finished: dict[Path, float] = {}
    for job in options.jobs:
        recipe, seed, needed = job.split(":")
        left = until - time.monotonic()
        if left < float(needed):
            print(f"{job} is skipped: {left:.0f} s are left", flush=True)
            continue
        place = Path("runs/gpu") / f"{Path(recipe).stem}-seed{seed}"
        seconds = train(job, options.data, place, options.out / "log.txt", left)
        if seconds is None:
            print(f"{job} did not end: see log.txt", flush=True)
            continue
        finished[place] = seconds
        pack(finished, options.out)
        row = measured(Run(place))
        print(f"{job}: {row['part']} accuracy {row['accuracy']}, {seconds:.1f} s", flush=True)
        if f"{recipe}:{seed}" in options.keep:
            keep(place, options.data, options.out)


if __name__ == "__main__":
    main()
