"""Where results lie and how they are written: a CSV file per benchmark, a row per run."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fashionlab.environment import processor

RESULTS = Path(__file__).parent / "results"


def write(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """All rows so far; called after each, so that a stopped benchmark leaves what it has."""
    with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(name: str) -> list[dict[str, str]]:
    """The rows as text."""
    with (RESULTS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def machine(environment: Mapping[str, Any]) -> dict[str, object]:
    """The columns that say where a row was measured, from `fashionlab.environment`."""
    versions = environment["versions"]
    return {
        "cpu": processor(environment),
        "cpus": environment["cpus"],
        "python": environment["python"],
        "versions": " ".join(f"{k} {v}" for k, v in versions.items() if k != "fashionlab"),
        "blas": environment["blas"],
        "commit": environment["commit"],
    }


def where(rows: Sequence[Mapping[str, str]]) -> str:
    """Machines and versions of rows, for the line under a table."""
    machines = sorted({f"{row['cpu']}, {row['cpus']} cores" for row in rows})
    versions = sorted({f"Python {row['python']}, {row['versions']}" for row in rows})
    return f"{'; '.join(machines)}; {'; '.join(versions)}"
