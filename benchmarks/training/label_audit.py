"""Flip labels of the training images on purpose and let the audit find them.

python -m benchmarks.training.label_audit [SEEDS]

Writes results/label_audit.csv, a row for each kind of flip, form of the audit and seed. 5 % of the
labels are flipped: to any other class, or along the usual confusions, to a class drawn from the
shipped model's errors on the test images of the same class. An order is measured by its precision
at the true number, which is its recall too, and by the area under the receiver curve.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import tables
from fashionlab.audit import FOLDS, recipe_for
from fashionlab.audit.folds import folds
from fashionlab.audit.predictions import trained_folds
from fashionlab.data import Dataset, load
from fashionlab.evaluation.label_audit import audit_labels
from fashionlab.evaluation.metrics import confusion_matrix
from fashionlab.progress import Lines
from fashionlab.runs import Run
from fashionlab.shipped import run_folder

SHARE = 0.05  # of the labels that are flipped
KINDS = ("uniform", "usual confusions")
FORMS = {"quick": 1, f"{FOLDS} folds": FOLDS}


def main(seeds: int) -> None:
    """Measure every kind, form and seed; a row is kept as soon as it is there."""
    train, _ = load(fetch=False)
    rows: list[dict[str, object]] = []
    for seed in range(seeds):
        for form, count in FORMS.items():
            for kind in KINDS:
                labels = flipped(train, kind, seed)
                rows.append(measured(train, labels, kind, form, count, seed))
                tables.write("label_audit", rows)
                print(rows[-1], flush=True)


def flipped(train: Dataset, kind: str, seed: int) -> NDArray[np.uint8]:
    """Return the labels (N,) with SHARE of them wrong."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    labels, classes = train.labels.copy(), train.classes
    rows = rng.choice(len(labels), round(SHARE * len(labels)), replace=False)
    if kind == "uniform":
        labels[rows] = (labels[rows] + rng.integers(1, classes, len(rows))) % classes
        return labels
    predictions, true = Run(run_folder("shipped")).predictions()
    errors = confusion_matrix(true, predictions.argmax(axis=1), classes).astype(float)
    np.fill_diagonal(errors, 0)
    errors /= errors.sum(axis=1, keepdims=True)
    labels[rows] = [rng.choice(classes, p=errors[k]) for k in labels[rows]]
    return labels


def measured(
    train: Dataset, labels: NDArray[np.uint8], kind: str, form: str, count: int, seed: int
) -> dict[str, object]:
    """Audit the flipped labels and say how many of them come first."""
    part, recipe = replace(train, labels=labels), recipe_for(len(train), quick=count == 1)
    began = time.perf_counter()
    fold_of = folds(labels, train.class_names, count, seed) if count > 1 else None
    log_probabilities = np.empty((len(labels), train.classes), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        progress = Lines(lambda line: print(line, file=sys.stderr, flush=True))
        for fold in trained_folds(recipe, [part], fold_of, seed, Path(folder), progress):
            log_probabilities[fold.rows] = fold.log_probabilities()
    seconds = time.perf_counter() - began
    probabilities = np.exp(log_probabilities.astype(np.float64))
    found = audit_labels(probabilities, labels)
    wrong = labels != train.labels
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = 0
    row: dict[str, object] = {"kind": kind, "form": form, "seed": seed, "images": len(labels)}
    row |= {"flipped": int(wrong.sum()), "suspects": int(found.is_suspect.sum())}
    orders = {
        "self_confidence": found.self_confidence,
        "margin": found.self_confidence - others.max(axis=1),
    }
    for name, scores in orders.items():
        row[f"precision_{name}"] = round(precision(scores, wrong), 4)
        row[f"area_{name}"] = round(area(scores, wrong), 4)
    row |= {"estimated_noise": round(found.noise, 4), "seconds": round(seconds, 1)}
    row |= {"epochs": recipe.epochs, **tables.machine()}
    return row


def precision(scores: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    """Return the share of wrong labels among as many of the lowest scores as there are wrong."""
    return float(wrong[np.argsort(scores, kind="stable")[: wrong.sum()]].mean())


def area(scores: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    """Return the probability that a wrong label has a lower score than a right one."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    count = int(wrong.sum())
    above = ranks[wrong].sum() - count * (count + 1) / 2
    return float(above / (count * (len(scores) - count)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
