"""Train the course report's systems over several seeds: the README's first table.

    python -m benchmarks.training.report_systems [--seeds 5] [--runs runs/report-systems]

Trains each recipe as it is, on the real Fashion-MNIST, and writes a row per run to
results/report_systems.csv. report-net has 140 full-batch iterations here, where the course report's
log ends. Finished runs in the folder are used as they are, so that an interrupted benchmark
resumes.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks import tables
from fashionlab.data import load
from fashionlab.progress import for_stderr
from fashionlab.recipes import get
from fashionlab.runs import Run
from fashionlab.training import train

RECIPES = {
    "report-net": replace(get("report-net"), epochs=140),
    "report-mlp": get("report-mlp"),
    "report-cnn": get("report-cnn"),
}


def row(run: Run) -> dict[str, object]:
    """Return the row of a run, from what it stored."""
    metrics, training = run.metrics(), run.training_figures()
    return {
        "recipe": run.recipe.name,
        "seed": run.seed,
        "epochs": training["epochs"],
        "parameters": run.parameters,
        "first_loss": f"{run.history()[0]['loss']:.4f}",  # full batch: before any step
        "training_accuracy": f"{training['accuracy']:.4f}",
        "test_accuracy": f"{metrics.accuracy:.4f}",
        "log_loss": f"{metrics.log_loss:.4f}",
        "seconds_an_epoch": f"{training['seconds_an_epoch']:.3f}",
        **tables.machine(run.environment()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=Path("runs/report-systems"))
    options = parser.parse_args()
    data = load()
    rows = []
    for seed in range(options.seeds):
        for name, recipe in RECIPES.items():
            folder = options.runs / f"{name}-seed{seed}"
            run = train(recipe, data, folder, seed, for_stderr(print), resume=True)
            rows.append(row(run))
            print(f"{name} seed {seed}: test accuracy {run.metrics().accuracy:.4f}", flush=True)
            tables.write("report_systems", rows)


if __name__ == "__main__":
    main()
