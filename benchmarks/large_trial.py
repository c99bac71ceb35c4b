"""`large` on a processor, a few epochs of a few images: does it train, and how long would it take?

    python benchmarks/large_trial.py [--images 1280] [--epochs 2]

Trains on the first images of Fashion-MNIST's training set and measures on the 1,000 after them; the
test set is not touched. Writes results/large_trial.csv.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import readme
import tables

from fashionlab.bench.accuracy import accuracy
from fashionlab.data import load
from fashionlab.progress import Lines
from fashionlab.recipes import get

MEASURED_ON = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_280)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    images = replace(load()[0], name=f"the first {options.images:,} images of fashion-mnist/train")
    parts = (
        images.take(np.arange(options.images)),
        images.take(options.images + np.arange(MEASURED_ON), part="test"),
    )
    recipe = replace(get("large"), epochs=options.epochs, warmup_epochs=0.5)
    out = tables.RESULTS / "large_trial.csv"
    place = Path("runs/large_trial")
    accuracy(recipe, parts, 1, folder=place, out=out, progress=Lines(print), say=print)
    print(readme.large_trial())


if __name__ == "__main__":
    main()
