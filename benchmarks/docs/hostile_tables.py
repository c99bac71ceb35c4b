"""The tables about changed files, from hostile_runs.csv and hostile_models.csv."""

from benchmarks import tables


def runs() -> str:
    """Return the table of the changed files of a run and of a checkpoint."""
    return _table("hostile_runs", "python -m benchmarks.hostile.runs")


def models() -> str:
    """Return the table of the changed portable models."""
    return _table("hostile_models", "python -m benchmarks.hostile.models")


def _table(name: str, command: str) -> str:
    rows = tables.read(name)
    lines = [
        "| file | changes | refused by a line | answered | other exceptions or crashes |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        changes, refused = int(row["changes"]), int(row["refused"])
        others = int(row["other_exceptions"]) + int(row.get("crashes") or 0)
        answered = changes - refused - others
        lines.append(f"| {row['file']} | {changes:,} | {refused:,} | {answered:,} | {others} |")
    total = sum(int(row["changes"]) for row in rows)
    peak = max(int(row["peak_mb"]) for row in rows)
    lines += [
        "",
        f"{total:,} changes, at most {peak:,} MB of memory in the process; {tables.where(rows)}. "
        f"Written by `{command}`.",
    ]
    return "\n".join(lines)
