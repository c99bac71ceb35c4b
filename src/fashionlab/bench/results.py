"""Rows of measured trainings, in a CSV file that grows from one session to the next."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fashionlab import files
from fashionlab.environment import processor
from fashionlab.errors import InvalidValueError
from fashionlab.runs import Run

Row = Mapping[str, Any]
SETTINGS = 12  # digits of the recipe's hash
FOLDER = Path("benchmarks/results")  # of a source checkout


def default_out(name: str, whole: bool) -> Path:
    """Where rows go: the repository's results only from a whole measurement."""
    return (FOLDER if whole and FOLDER.is_dir() else Path("runs")) / f"{name}.csv"


def settings(recipe: Mapping[str, Any]) -> str:
    """A hash of all fields of a recipe."""
    text = json.dumps(recipe, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:SETTINGS]


def facts(run: Run) -> dict[str, Any]:
    """What a run was, and where: the columns that every result has."""
    environment = run.environment()
    versions = environment["versions"]
    return {
        "recipe": run.recipe.name,
        "settings": settings(asdict(run.recipe)),
        "engine": run.recipe.engine,
        "seed": run.seed,
        "parameters": run.parameters,
        "epochs": len(run.history()),
        "data": run.data["train"].name,
        "cpu": processor(environment),
        "cpus": environment["cpus"],
        "python": environment["python"],
        "versions": " ".join(f"{k} {v}" for k, v in versions.items() if k != "fashionlab"),
        "commit": environment["commit"],
    }


def add(path: Path, row: Row, same: Sequence[str]) -> None:
    """Write the row into the file, in the place of one that has the same values in `same`.

    Rows of the same recipe in other settings go: they are no longer what the name says. Raises
    InvalidValueError where the file has other columns.
    """
    known = read(path) if path.exists() else []
    if known and list(known[0]) != list(row):
        raise InvalidValueError(
            f"{path} must have the columns {', '.join(row)}; it has {', '.join(known[0])}, "
            "choose another --out"
        )
    text = {name: str(value) for name, value in row.items()}
    kept = [
        old
        for old in known
        if any(old[name] != text[name] for name in same)
        and (old["recipe"] != text["recipe"] or old["settings"] == text["settings"])
    ]
    rows = sorted([*kept, text], key=lambda r: (r["recipe"], r["cpu"], int(r["seed"])))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(text))
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, out.getvalue().encode())


def read(path: Path) -> list[dict[str, str]]:
    """The rows as text."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def of(rows: Iterable[Mapping[str, str]], **values: str) -> list[Mapping[str, str]]:
    """The rows with these values."""
    return [row for row in rows if all(row[name] == value for name, value in values.items())]
