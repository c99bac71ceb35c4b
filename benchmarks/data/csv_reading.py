"""Measure how fast Kaggle's form of Fashion-MNIST is read, and with how much memory.

    python -m benchmarks.data.csv_reading [--turns 5]

The training part is written as CSV, plain and gzip: 60,000 rows of 785 columns. It is read block by
block as a data set is unpacked into the cache, or into one array; and by pandas as it does by
default, with the type that fits, and with its other engine. Each then sums all numbers, in a
process of its own, and all take turns. Memory is the largest that the process has had, and what
that is above the largest after the imports. Writes results/csv_reading.csv.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from benchmarks import tables
from benchmarks.hostile.changes import peak_mb
from fashionlab.data import load
from fashionlab.data.forms.tables import table
from fashionlab.data.options import ReadOptions


def blocks(path: Path) -> int:
    """Read block by block; return the sum of all pixels and labels."""
    read = table.read(path, ReadOptions())
    return sum(int(block.images.sum()) + int(np.sum(block.labels)) for block in read)


def array(path: Path) -> int:
    """Read all blocks into one array."""
    images, labels = zip(*table.read(path, ReadOptions()), strict=True)
    return int(np.concatenate(images).sum()) + int(np.concatenate(labels).sum())


def pandas(path: Path, **options: str) -> int:
    """Read a data frame."""
    import pandas

    return int(pandas.read_csv(path, **options).sum().sum())


READERS: dict[str, Callable[[Path], int]] = {
    "fashionlab, by blocks": blocks,
    "fashionlab, one array": array,
    "pandas": pandas,
    "pandas, dtype uint8": lambda path: pandas(path, dtype="uint8"),
    "pandas, engine pyarrow": lambda path: pandas(path, engine="pyarrow"),
}


def measure(reader: str, path: Path) -> None:
    """Print seconds, those of the processor, memory in MB, that above the imports, and the sum."""
    if reader.startswith("pandas"):
        import pandas  # noqa: F401
        import pyarrow.csv  # noqa: F401
    imported, began, used = peak_mb(), time.perf_counter(), time.process_time()
    total = READERS[reader](path)
    seconds, of_cpu = time.perf_counter() - began, time.process_time() - used
    print(seconds, of_cpu, peak_mb(), peak_mb() - imported, total)


def row(reader: str, path: Path, results: list[list[float]]) -> dict[str, object]:
    """Return the row of one reader of one file."""
    seconds, of_cpu, peaks, reading, _ = zip(*results, strict=True)
    return {
        "reader": reader,
        "file": path.name,
        "megabytes": f"{path.stat().st_size / 1e6:.1f}",
        "n": len(results),
        "seconds": f"{mean(seconds):.2f}",
        "seconds_std": f"{stdev(seconds):.2f}" if len(seconds) > 1 else "",
        "cpu_seconds": f"{mean(of_cpu):.2f}",
        "peak_mb": f"{max(peaks):.0f}",
        "reading_mb": f"{max(reading):.0f}",
        "pandas": version("pandas"),
        **tables.machine(),
    }


def main() -> None:
    """Measure all readers in turn, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.one[0], Path(arguments.one[1]))
        return
    train, _ = load()
    # Kaggle's file has numbers for labels.
    numbered = replace(train, class_names=tuple(map(str, range(train.classes))))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in (Path(folder, "fashion-mnist_train.csv"), Path(folder, "train.csv.gz")):
            table.write(path, numbered)
            results: dict[str, list[list[float]]] = {reader: [] for reader in READERS}
            for _ in range(arguments.turns):
                for reader, found in results.items():
                    command = [sys.executable, "-m", __spec__.name, "--one", reader, str(path)]
                    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                    found.append([float(number) for number in done.stdout.split()])
            if len({numbers[-1] for found in results.values() for numbers in found}) > 1:
                sys.exit("the readers disagree")
            for reader, found in results.items():
                rows.append(row(reader, path, found))
                print(rows[-1], flush=True)
            tables.write("csv_reading", rows)


if __name__ == "__main__":
    main()
