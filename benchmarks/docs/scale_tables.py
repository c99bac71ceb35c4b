"""The tables of docs/scale.md: studies and batch labelling by many workers."""

from benchmarks import tables


def kills() -> str:
    """Return what came of studies that were disturbed, from kills.csv."""
    rows = tables.read("kills")
    lines = ["| killed | times | trials | the same study | most epochs lost by a trial |"]
    lines.append("|---|---|---|---|---|")
    for row in rows:
        same = "yes" if row["same"] == "True" else "no"
        lost = row["most_epochs_lost"] or "–"
        lines.append(f"| {row['killed']} | {row['kills']} | {row['trials']} | {same} | {lost} |")
    return "\n".join(
        [*lines, "", f"{tables.where(rows)}. Written by `python -m benchmarks.scale.kills`."]
    )


def driver() -> str:
    """Return the driver's time for a job and the bytes of one, from driver.csv."""
    rows = tables.read("driver")
    lines = ["| | after, or in a turn | mean ± standard deviation | n |", "|---|---|---|---|"]
    for row in rows:
        spread = f" ± {float(row['deviation']):.2g}" if row["n"] != "1" else ""
        of = f"{int(row['of']):,}" if row["of"] != "1" else "–"
        value = f"{float(row['mean']):,.3g}{spread} {row['unit']}"
        lines.append(f"| {row['quantity']} | {of} | {value} | {row['n']} |")
    return "\n".join(
        [*lines, "", f"{tables.where(rows)}. Written by `python -m benchmarks.scale.driver`."]
    )
