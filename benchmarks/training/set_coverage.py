"""Measure how often prediction sets of the shipped model hold the truth: results/set_coverage.csv.

    python -m benchmarks.training.set_coverage runs/medium-held-out

RUN is the run that calibrates the shipped model, exported (`fashionlab export RUN`). Each of ten
draws takes half of the images that RUN held out, computes the quantiles from its probabilities of
them, carries them over to the shipped model as `export` does, and measures that model's sets on all
test images. A row for each draw, level and kind: quantiles of all images, or class by class.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import tables
from fashionlab.data import Dataset, load, split
from fashionlab.evaluation.calibration import LEAST
from fashionlab.evaluation.conformal import LEVELS, carried, coverage, limits, members, quantiles
from fashionlab.portable import Predictor
from fashionlab.runs import Run
from fashionlab.runs.layout import MODEL

DRAWS = 10


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    run = Run(parser.parse_args().run)
    training, test = load()
    kept, held_out = split(training, run.recipe.validation_fraction, run.seed)
    by, shipped = Predictor(run.folder / MODEL), Predictor()
    log_probabilities = _log(by, held_out)  # (n, K)
    both = _log(by, kept), _log(shipped, kept)
    probabilities = shipped.probabilities(test.images)  # (N, K)
    rows: list[dict[str, object]] = []
    for draw in range(DRAWS):
        half = np.random.default_rng(draw).permutation(len(held_out))[: len(held_out) // 2]
        found = quantiles(log_probabilities[half], held_out.labels[half])
        found = carried(found, *both, kept.labels)
        for level in LEVELS:
            for by_class in (False, True):
                sets = members(probabilities, limits(found, level, by_class))
                measured = coverage(sets, test.labels)
                rows.append(
                    {
                        "level": level,
                        "kind": "by class" if by_class else "all",
                        "draw": draw,
                        "held_out": len(half),
                        "images": len(test),
                        "coverage": round(measured.coverage, 4),
                        "size": round(measured.size, 4),
                        "empty": round(measured.empty, 4),
                        **{
                            f"coverage_{name}": round(share or 0, 4)
                            for name, share in zip(
                                test.class_names, measured.coverage_by_class, strict=True
                            )
                        },
                        "model_sha256": shipped.sha256,
                        **tables.machine(),
                    }
                )
    tables.write("set_coverage", rows)


def _log(model: Predictor, part: Dataset) -> NDArray[np.float64]:
    return np.log(np.maximum(np.float64(model.probabilities(part.images)), LEAST))


if __name__ == "__main__":
    main()
