"""The tables about hostile data and changed files: of the results called hostile_..."""

from benchmarks import tables


def runs() -> str:
    """Return the table of the changed files of a run and of a checkpoint."""
    return _table("hostile_runs", "python -m benchmarks.hostile.runs")


def models() -> str:
    """Return the table of the changed portable models."""
    return _table("hostile_models", "python -m benchmarks.hostile.models")


def data() -> str:
    """Return the table of the hostile and wrong data, all of which have to be refused."""
    rows = tables.read("hostile_data")
    lines = [
        "| form | kinds | refused by a line that names the file | accepted | other exceptions | "
        "slowest, s | most memory, MB | files left |",
        "|---|---|---|---|---|---|---|---|",
    ]
    commands = next(row for row in rows if row["form"] == "commands")
    kinds = [row for row in rows if row is not commands]
    for form in dict.fromkeys(row["form"] for row in kinds):
        runs = [row for row in kinds if row["form"] == form]  # without and with -O
        numbers = {
            name: max(float(row[name]) for row in runs)
            for name in ("n", "accepted", "other_exceptions", "slowest_s", "largest_mb")
        }
        clear = min(int(row["refused"]) - int(row["unclear"]) for row in runs)
        left = max(int(row["left_behind"]) for row in runs)
        lines.append(
            f"| {form} | {numbers['n']:.0f} | {clear} | {numbers['accepted']:.0f} | "
            f"{numbers['other_exceptions']:.0f} | {numbers['slowest_s']:.2f} | "
            f"{numbers['largest_mb']:.0f} | {left} |"
        )
    total = sum(int(row["n"]) for row in kinds if not row["python_flags"])
    lines += [
        "",
        f"{total} kinds, each with and without `python -O`; memory is what is beyond the files' "
        f"own size. Of {commands['n']} commands (`info`, `check`, `convert`, `train`, `predict`, "
        f"given one kind of each form) {commands['refused']} ended with status 2 and a line. "
        f"{tables.where(rows)}. Written by `python -m benchmarks.hostile.data`.",
    ]
    return "\n".join(lines)


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
