"""Find the learning rate of the course report's first system, on held-out training images.

    python -m benchmarks.training.report_net_rate

The course report does not print the rate. Each rate trains report-net on 50,000 training images,
with seeds other than those of the published runs; the other 10,000 are evaluated after steps 120
to 150. Full-batch descent oscillates from step to step here, as in the report's log, so that all of
these steps count: the best rate has the smallest mean distance from the report's test accuracy. Its
mean training loss after 50, 60, ... 140 steps should then be near the report's too.

Writes a row per run to results/report_net_rate.csv; runs in two processes of one thread each.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from itertools import product

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported, below

import numpy as np

from benchmarks import tables
from fashionlab.data import load, one_hot, split
from fashionlab.engines import get as get_engine
from fashionlab.recipes import build, get
from fashionlab.report.paper import PAPER_RESULTS

RATES = (0.35, 0.5, 0.7, 1.0)
SEEDS = (10, 11, 12)
REPORT_LOSSES = (2.68, 1.60, 2.79, 2.30, 2.12, 2.40, 1.92, 2.32, 1.85, 2.38)  # 50, 60, ... 140
REPORT_TEST_ACCURACY = PAPER_RESULTS["report-net"].test_accuracy


def measured(rate: float, seed: int) -> dict[str, object]:
    """Return the row of one run."""
    training, held_out = split(load()[0], 1 / 6, seed=0)
    targets, expected = (one_hot(part.labels, part.classes) for part in (training, held_out))
    recipe = replace(get("report-net"), learning_rate=rate)
    model = build(recipe, get_engine("scratch"), training.image_shape, training.classes, seed)
    losses, accuracies = [], []
    for step in range(1, 151):
        history = model.fit(training.images, targets, batch_size=len(training), verbose=0).history
        losses += history["loss"]  # before the step
        if step >= 120:
            accuracies.append(model.evaluate(held_out.images, expected)[1])
    return {
        "rate": rate,
        "seed": seed,
        "loss_before": f"{losses[0]:.2f}",
        "late_loss": f"{np.mean(losses[50:141:10]):.3f}",
        "report_late_loss": f"{np.mean(REPORT_LOSSES):.3f}",
        "held_out_accuracy": f"{np.mean(accuracies):.4f}",
        "held_out_deviation": f"{np.std(accuracies):.4f}",
        "distance": f"{np.mean(np.abs(np.array(accuracies) - REPORT_TEST_ACCURACY)):.4f}",
        "share_72_to_78": f"{np.mean([0.72 <= a <= 0.78 for a in accuracies]):.3f}",
    }


def main() -> None:
    """Measure all rates with all seeds."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(2) as pool:
        runs = [pool.submit(measured, *pair) for pair in product(RATES, SEEDS)]
        for run in as_completed(runs):
            rows = sorted([*rows, run.result()], key=lambda row: (row["rate"], row["seed"]))
            print(run.result(), flush=True)
            tables.write("report_net_rate", rows)


if __name__ == "__main__":
    main()
