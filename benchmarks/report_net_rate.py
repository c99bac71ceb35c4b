"""Which learning rate had the report's first system? Its training log decides, not the test set.

    python benchmarks/report_net_rate.py

The report prints the training loss every 10 full-batch iterations, but not the rate. This trains
report-net at several rates, with seeds other than those of the published runs and on a third of the
training images, and writes the same points to results/report_net_rate.csv, beside the report's.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from fashionlab.data import Batches, load
from fashionlab.engines import engine
from fashionlab.recipes import get

RATES = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
SEEDS = (10, 11, 12)
IMAGES = 20_000
ITERATIONS = 141  # the loss of iteration n + 1 is the one after n steps
# After 0, 10, ... 140 steps; the scan mixes the order of a few.
REPORT_LOSSES = (
    *(21.46, 5.63, 4.95, 2.38, 3.04, 2.68, 1.60, 2.79, 2.30, 2.12, 2.40, 1.92, 2.32, 1.85, 2.38),
)
REPORT_ACCURACY = 0.7506  # of training, after 140 steps
RESULT = Path(__file__).parent / "results" / "report_net_rate.csv"


def main() -> None:
    training, _ = load()
    rows = np.random.default_rng(0).permutation(len(training))[:IMAGES]
    batches = Batches(training.take(rows), None, 0)
    images, targets = next(batches.epoch(0))
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["rate", "seed", "after_steps", "loss", "accuracy", "report_loss"])
        for rate in RATES:
            for seed in SEEDS:
                recipe = replace(get("report-net"), learning_rate=rate)
                model = recipe.build(
                    engine("scratch"), training.image_shape, training.classes, seed
                )
                history = model.fit(
                    images, targets, batch_size=IMAGES, epochs=ITERATIONS, verbose=0
                ).history
                for i, reported in enumerate(REPORT_LOSSES):
                    loss, accuracy = (history[key][10 * i] for key in ("loss", "accuracy"))
                    writer.writerow(
                        [rate, seed, 10 * i, f"{loss:.4f}", f"{accuracy:.4f}", reported]
                    )
                file.flush()
                distance = np.abs(np.log(np.array(history["loss"][10::10]) / REPORT_LOSSES[1:]))
                late = np.mean(history["loss"][50::10]), np.mean(history["accuracy"][121:])
                print(
                    f"rate {rate}, seed {seed}: mean loss after 50 to 140 steps {late[0]:.2f} "
                    f"(report {np.mean(REPORT_LOSSES[5:]):.2f}), accuracy in the last 20 "
                    f"{late[1]:.4f} (report, after 140: {REPORT_ACCURACY}), mean distance of the "
                    f"losses' logarithms {distance.mean():.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
