"""Time the accuracy of the shipped model under all corruptions: results/robustness_time.csv.

    python -m benchmarks.training.robustness_time [--repeats 3]

Timed are the 75 settings and the images as they are, from loaded images to counts, on all cores;
next to them the corruptions alone, which use one. `load` is the machine's load average over a
minute before the repeat: others may share its cores.
"""

import argparse
import os
import time

import numpy as np

from benchmarks import tables
from fashionlab.data import load
from fashionlab.evaluation.corruptions import CORRUPTIONS
from fashionlab.evaluation.robustness import IMAGES, robustness
from fashionlab.portable.classifier import classifier
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER


def main() -> None:
    """Measure; a row a repeat is kept as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    test = load("fashion-mnist").test
    probabilities = classifier(Run(FOLDER), print)
    some = test.images[:IMAGES]
    rows: list[dict[str, object]] = []
    for repeat in range(repeats):
        busy = os.getloadavg()[0]
        began = time.perf_counter()
        for place, one in enumerate(CORRUPTIONS):
            for strength in one.strengths:
                one.apply(some, strength, np.random.default_rng([0, place]))
        corrupted = time.perf_counter()
        found = robustness(lambda x: probabilities(x).argmax(axis=1), test.images, test.labels)
        seconds = time.perf_counter() - corrupted
        row: dict[str, object] = {"repeat": repeat, "images": found.images}
        row |= {"settings": found.accuracies.size, "seconds": f"{seconds:.1f}"}
        row |= {"seconds_corruptions": f"{corrupted - began:.2f}", "load": f"{busy:.1f}"}
        rows.append(row | {"mean_accuracy": f"{found.mean:.4f}"} | tables.machine())
        tables.write("robustness_time", rows)
        print({name: row[name] for name in ("seconds", "seconds_corruptions", "load")})


if __name__ == "__main__":
    main()
