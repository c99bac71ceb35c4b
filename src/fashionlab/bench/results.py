"""The rows of measurements in CSV files: common columns, reading, writing."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fashionlab import files
from fashionlab.environment import machine
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.runs import Run, border

Row = Mapping[str, Any]
SETTINGS = 12  # digits of the recipe's hash
LARGEST = 64 * 2**20  # bytes of a file
FOLDER = Path("benchmarks/results")  # of a source checkout


def default_out(name: str, whole: bool) -> Path:
    """Return the file for rows: in the repository's results only for a whole measurement."""
    return (FOLDER if whole and FOLDER.is_dir() else Path("runs")) / f"{name}.csv"


def settings(recipe: Mapping[str, Any]) -> str:
    """Return a hash of all fields of a recipe."""
    text = json.dumps(recipe, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:SETTINGS]


def facts(run: Run) -> dict[str, Any]:
    """Return the columns that the rows of all runs have: what was trained, and where."""
    where = machine(run.environment())
    del where["blas"]
    return {
        "recipe": run.recipe.name,
        "settings": settings(asdict(run.recipe)),
        "engine": run.recipe.engine,
        "seed": run.seed,
        "parameters": run.parameters,
        "epochs": len(run.history()),
        "data": run.data["train"].name,
        **where,
    }


def add(path: Path, row: Row, same: Sequence[str]) -> None:
    """Write the row into the file, in place of a row with the same values in the columns `same`.

    Rows of the same recipe in other settings are removed: they are no longer what the name says.
    Raises InvalidValueError where the file has other columns, DataFormatError where it is no table.
    """
    known = read(path) if path.exists() else []
    if known and list(known[0]) != list(row):
        raise InvalidValueError(
            f"{path} must have the columns {', '.join(row)}; received {', '.join(known[0])}; "
            "choose another --out"
        )
    text = {name: str(value) for name, value in row.items()}
    kept = [
        old
        for old in known
        if any(old[name] != text[name] for name in same)
        and (old["recipe"] != text["recipe"] or old["settings"] == text["settings"])
    ]
    with border(path, DataFormatError, "choose another --out or remove it"):
        rows = sorted([*kept, text], key=lambda r: (r["recipe"], r["cpu"], int(r["seed"])))
    write(path, rows)


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows, in the place of a file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, files.csv_text(rows).encode())


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows as text; DataFormatError where the file is no table."""
    with border(path, DataFormatError, "choose another --out or remove it"):
        text = io.StringIO(files.read(path, LARGEST).decode(), newline="")
        rows = list(csv.DictReader(text, strict=True))
        if any(not isinstance(cell, str) for row in rows for cell in row.values()):
            raise ValueError("a row must have a cell for each column")
        return rows


def of(rows: Iterable[Mapping[str, str]], **values: str) -> list[Mapping[str, str]]:
    """Return the rows with these values."""
    return [row for row in rows if all(row.get(name) == value for name, value in values.items())]
