"""Measure how long Fashion-MNIST takes from its files into a Dataset, with its hash.

    python -m benchmarks.data.loading [--turns 10]

From the four gzip files, as they lie in Debian's package: the first time, when the training images
are unpacked into the cache, and again; from the same as plain IDX, CSV and npz. Each in a process
of its own, after the imports, in turn. Writes results/loading.csv.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, stdev

from benchmarks import tables
from benchmarks.hostile.changes import peak_mb
from fashionlab.data import load
from fashionlab.data.convert import convert
from fashionlab.data.fashion_mnist import SHA256


def measure(place: str) -> None:
    """Print the seconds of a load with both hashes, and the peak memory in MB."""
    began = time.perf_counter()
    train, test = load(place or None, fetch=False)
    hashes = {"train": train.sha256, "test": test.sha256}
    print(time.perf_counter() - began, peak_mb())
    if hashes != SHA256:
        sys.exit("the data are not Fashion-MNIST")


def main() -> None:
    """Measure all in turn, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        measure(arguments.one)
        return
    parts = load(fetch=False).all
    with tempfile.TemporaryDirectory() as folder:
        forms = {"idx": "plain IDX", "csv": "CSV", "npz": "npz"}
        for form in forms:
            target = Path(folder, "fm.npz" if form == "npz" else form)
            convert(parts, target, None if form == "npz" else form)
        places = {  # a cache, emptied each time or not, and a place
            "gzip, unpacked for the first time": ("", True),
            "gzip, unpacked before": ("", False),
            **{
                f"{shown}, {'read for the first time' if first else 'again'}": (
                    str(Path(folder, "fm.npz" if form == "npz" else form)),
                    first,
                )
                for form, shown in forms.items()
                for first in ((True, False) if form == "csv" else (False,))
            },
        }
        found: dict[str, list[list[float]]] = {name: [] for name in places}
        for _ in range(arguments.turns):
            for name, (place, first) in places.items():
                with tempfile.TemporaryDirectory() as empty:
                    cache = empty if first else str(Path(folder, "cache"))
                    found[name].append(_once(place, cache))
        found = {name: results[1:] for name, results in found.items()}  # the first fills the cache
    tables.write("loading", [_row(name, results) for name, results in found.items()])


def _once(place: str, cache: str) -> list[float]:
    command = [sys.executable, "-m", __spec__.name, "--one", place]
    environment = {**os.environ, "FASHIONLAB_CACHE": cache}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [float(number) for number in done.stdout.split()]


def _row(name: str, results: list[list[float]]) -> dict[str, object]:
    seconds, peaks = zip(*results, strict=True)
    row = {
        "files": name,
        "n": len(results),
        "seconds": f"{mean(seconds):.3f}",
        "seconds_std": f"{stdev(seconds):.3f}",
        "slowest": f"{max(seconds):.3f}",
        "peak_mb": f"{max(peaks):.0f}",
        **tables.machine(),
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
