"""The results: a CSV file per benchmark, a row per run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fashionlab.bench import results
from fashionlab.environment import machine

__all__ = ["RESULTS", "machine", "machines", "read", "versions", "where", "write"]

RESULTS = Path(__file__).parent / "results"


def write(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Write all rows so far; after each row, so that an interrupted benchmark keeps what it has."""
    results.write(RESULTS / f"{name}.csv", rows)


def read(name: str) -> list[dict[str, str]]:
    """Return the rows as text."""
    return results.read(RESULTS / f"{name}.csv")


def where(rows: Sequence[Mapping[str, str]]) -> str:
    """Return machines and versions of rows, for the line under a table."""
    return f"{machines(rows)}; {versions(rows)}"


def machines(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the machines of rows."""
    return "; ".join(sorted({f"{row['cpu']}, {row['cpus']} cores" for row in rows}))


def versions(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the versions of rows."""
    return "; ".join(sorted({f"Python {row['python']}, {row['versions']}" for row in rows}))
