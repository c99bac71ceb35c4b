"""Train from a file far larger than the memory allowed, and check it; next to training from memory.

    python -m benchmarks.data.larger_than_memory FOLDER [--images 8000000] [--turns 3]

Writes the data into FOLDER first, where they are not: Fashion-MNIST's training images, repeated,
each time in another order, as one plain IDX file (6.3 GB for 8 million), and its test images.
Training on the engine scratch, which takes the most images a second, so that reading has the least
time; an epoch of all images from the file, and several of 600,000 (0.47 GB) that are in memory as
an array, for about as long, in turn, each in a process of its own. Before each turn the system's
cache of the file is dropped, so that it is read from the disk. Memory is the largest that the
process has had, from its start: Python, imports, and the pages of the map. Writes
results/larger_than_memory.csv.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from benchmarks import tables
from benchmarks.hostile.changes import peak_mb
from fashionlab import files
from fashionlab.data import Dataset, Parts, load, write_idx
from fashionlab.data.forms.idx import idx_header
from fashionlab.recipes import Recipe, get, override
from fashionlab.training import train

IN_MEMORY = 600_000  # images
EPOCHS_IN_MEMORY = 10
BATCH = 512
EPOCH = {"epochs": 1, "batch_size": BATCH, "warmup_epochs": 0, "moving_average": None}


def prepare(folder: Path, images: int) -> None:
    """Write the four files, unless they are there."""
    place = folder / "train-images-idx3-ubyte"
    if place.exists() and place.stat().st_size == 16 + images * 784:
        return
    folder.mkdir(parents=True, exist_ok=True)
    train_part, test = load()
    rng = np.random.default_rng(0)
    labels, left = [], images
    with files.writing(place) as file:
        file.write(idx_header((images, 28, 28)))
        while left:
            order = rng.permutation(len(train_part))[:left]
            file.write(train_part.images[order].tobytes())
            labels.append(train_part.labels[order])
            left -= len(order)
    write_idx(folder / "train-labels-idx1-ubyte", np.concatenate(labels))
    write_idx(folder / "t10k-images-idx3-ubyte", test.images)
    write_idx(folder / "t10k-labels-idx1-ubyte", test.labels)


def drop_cache(path: Path) -> None:
    """Let the system forget what it has read of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _plain(name: str) -> Recipe:
    """Return a recipe for one epoch without augmentation, which would take more than reading."""
    return replace(override(get(name), EPOCH), augment={})


def measure(what: str, folder: Path, recipe: str) -> None:
    """Print images a second of the epoch, seconds in all and the peak memory in MB."""
    began = time.perf_counter()
    if what == "check":
        from fashionlab.data.check import check

        checked = check(load(folder).all)
        print(sum(map(len, checked.parts)) / (time.perf_counter() - began), end=" ")
    else:
        data = load(folder)
        if what == "memory":
            whole, rows = data.train, slice(IN_MEMORY)
            names, part = whole.class_names, whole.part
            images, labels = np.array(whole.images[rows]), whole.labels[rows]
            data = Parts(Dataset(images, labels, names, whole.name, part, "memory"), data.test)
        epochs = EPOCHS_IN_MEMORY if what == "memory" else 1
        with tempfile.TemporaryDirectory() as out:
            run = train(replace(_plain(recipe), epochs=epochs), data, Path(out, "run"))
            seconds = sum(row["seconds"] for row in run.history())
        print(epochs * len(data.train) / seconds, end=" ")
    print(time.perf_counter() - began, peak_mb())


def main() -> None:
    """Measure all in turn, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=8_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--recipe", default="net")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.one, arguments.folder, arguments.recipe)
        return
    prepare(arguments.folder, arguments.images)
    found: dict[str, list[list[float]]] = {"memory": [], "file": [], "check": []}
    rows = []
    for turn in range(arguments.turns):
        for what, results in found.items():
            if what == "check" and turn:
                continue
            drop_cache(arguments.folder / "train-images-idx3-ubyte")
            command = [sys.executable, "-m", __spec__.name, str(arguments.folder), "--one", what]
            command += ["--recipe", arguments.recipe]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results.append([float(number) for number in done.stdout.split()])
            print(what, results[-1], flush=True)
        rows = [row(what, arguments, results) for what, results in found.items() if results]
        tables.write("larger_than_memory", rows)


def row(what: str, arguments: argparse.Namespace, results: list[list[float]]) -> dict[str, object]:
    """Return the row of one of the three."""
    rates, seconds, peaks = zip(*results, strict=True)
    return {
        "what": {"memory": "train from memory", "file": "train from the file"}.get(what, what),
        "recipe": "" if what == "check" else f"{arguments.recipe}, scratch, batch {BATCH}",
        "images": IN_MEMORY if what == "memory" else arguments.images,
        "n": len(results),
        "images_a_second": f"{mean(rates):.0f}",
        "images_a_second_std": f"{stdev(rates):.0f}" if len(rates) > 1 else "",
        "seconds_in_all": f"{mean(seconds):.1f}",
        "peak_mb": f"{max(peaks):.0f}",
        **tables.machine(),
    }


if __name__ == "__main__":
    main()
