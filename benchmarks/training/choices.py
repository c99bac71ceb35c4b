"""Write what was tried on held-out images before a recipe was fixed: results/choices.csv.

    fashionlab train RECIPE --validation-fraction 0.1667 --out runs/choices/NAME [other fields]
    python -m benchmarks.training.choices runs/choices/*

A row for each of these runs, with the fields that decide its accuracy; rows of other runs stay.
Test accuracy is not among the columns.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import tables
from fashionlab.runs import Run

FIELDS = ("batch_size", "optimizer", "learning_rate", "label_smoothing", "moving_average")
OPTIONS = ("model", "augment", "optimizer_options")


def row(run: Run) -> dict[str, object]:
    """Return the row of a run: its recipe and its validation accuracy."""
    protocol = run.protocol() or {}
    if not protocol.get("images_held_out"):
        sys.exit(f"{run.folder} holds nothing out: its figures must not decide anything")
    return trial(run, protocol["validation_accuracy"], protocol["images_held_out"])


def trial(run: Run, accuracy: float, held_out: int) -> dict[str, object]:
    """Return the row of a run with `accuracy` on `held_out` images of the training set."""
    recipe, protocol = asdict(run.recipe), run.protocol()
    return {
        "trial": run.folder.name,
        "recipe": recipe["name"],
        "validation_accuracy": f"{accuracy:.4f}",
        "images_held_out": held_out,
        "seed": run.seed,
        "parameters": run.parameters,
        "epochs": protocol["epochs"],
        "precision": recipe["precision"],
        **{name: recipe[name] for name in FIELDS},
        **{name: _text(recipe[name]) for name in OPTIONS},
        **tables.machine(run.environment()),
    }


def _text(options: dict[str, Any]) -> str:
    return " ".join(f"{k}={str(v).replace(' ', '')}" for k, v in options.items() if v is not False)


def add(rows: dict[str, dict[str, object]]) -> None:
    """Write these rows, by the trial's name, into the file."""
    known = tables.read("choices") if (tables.RESULTS / "choices.csv").exists() else []
    kept = [dict[str, object](old) for old in known if old["trial"] not in rows]
    tables.write("choices", sorted([*kept, *rows.values()], key=lambda r: str(r["trial"])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    add({str(r["trial"]): r for r in map(row, map(Run, parser.parse_args().runs))})


if __name__ == "__main__":
    main()
