"""The tables of docs/scale.md: studies and batch labelling by many workers."""

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks import tables


def _table(
    lines: Sequence[str], rows: Sequence[Mapping[str, str]], module: str, said: str = ""
) -> str:
    """Return a table's lines with how and where its figures were measured, and by which module."""
    by = f"Written by `python -m benchmarks.{module}`."
    return "\n".join([*lines, "", f"{said}{tables.where(rows)}. {by}"])


def kills() -> str:
    """Return what came of studies that were disturbed, from kills.csv."""
    rows = tables.read("kills")
    lines = ["| killed | times | trials | the same study | most epochs lost by a trial |"]
    lines.append("|---|---|---|---|---|")
    for row in rows:
        same = "yes" if row["same"] == "True" else "no"
        lost = row["most_epochs_lost"] or "–"
        lines.append(f"| {row['killed']} | {row['kills']} | {row['trials']} | {same} | {lost} |")
    return _table(lines, rows, "scale.kills")


def driver() -> str:
    """Return the driver's time for a job and the bytes of one, from driver.csv."""
    rows = tables.read("driver")
    lines = ["| | after, or in a turn | mean ± standard deviation | n |", "|---|---|---|---|"]
    for row in rows:
        spread = f" ± {float(row['deviation']):.2g}" if row["n"] != "1" else ""
        of = f"{int(row['of']):,}" if row["of"] != "1" else "–"
        value = f"{float(row['mean']):,.3g}{spread} {row['unit']}"
        lines.append(f"| {row['quantity']} | {of} | {value} | {row['n']} |")
    return _table(lines, rows, "scale.driver")


def sweep() -> str:
    """Return the seconds of a study by one process and by two, from sweep.csv."""
    rows = tables.read("sweep")
    turns = sorted({row["turn"] for row in rows})
    seconds = {
        workers: [float(row["seconds"]) for row in rows if row["workers"] == workers]
        for workers in ("1", "2")
    }
    ratios = [one / two for one, two in zip(seconds["1"], seconds["2"], strict=True)]
    lines = ["| processes | seconds | times as fast |", "|---|---|---|"]
    lines.append(f"| 1 | {median(seconds['1']):.1f} | 1 |")
    spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    lines.append(f"| 2 | {median(seconds['2']):.1f} | {spread} |")
    said = (
        f"A study of {rows[0]['trials']} equal trials of `mlp`, {rows[0]['epochs']} epochs each, a "
        f"core a process; medians of {len(turns)} turns; "
    )
    return _table(lines, rows, "scale.sweep", said)


def labelling() -> str:
    """Return the images a second of batch labelling next to a bare loop, from labelling.csv."""
    rows = tables.read("labelling")
    lines = ["| | images/s | of the bare loop, % | memory, MB | rows | same bytes |"]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        share = f"{100 * float(row['share_of_bare']):.0f}"
        same = {"True": "yes", "False": "no"}.get(row["same_bytes"], "–")
        count = f"{int(row['rows']):,}" if row["rows"] else "–"
        rate = f"{float(row['images_a_second']):,.0f}"
        memory = f"{float(row['peak_mb']):,.0f}"
        lines.append(f"| {row['what']} | {rate} | {share} | {memory} | {count} | {same} |")
    said = f"{int(rows[0]['images']):,} images, one turn; "
    return _table(lines, rows, "labelling.labelling", said)


def parallel() -> str:
    """Return the images a second of one model on two workers, from parallel.csv."""
    rows = tables.read("parallel")
    lines = ["| recipe | | images/s | of one thread | weights apart | test accuracy |"]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        low, high = int(row["slowest"]), int(row["fastest"])
        rate = f"{int(row['images_per_second']):,} ({low:,} to {high:,})"
        apart = "–" if row["way"] == "one thread" else f"{float(row['weights_apart']):.2g}"
        lines.append(
            f"| {row['recipe']} | {row['way']} | {rate} | {float(row['ratio']):.2f} | {apart} "
            f"| {float(row['test_accuracy']):.2%} |"
        )
    first = rows[0]
    said = (
        f"Medians of {first['turns']} turns of {first['epochs']} epochs, range in brackets; "
        f"batches of {' and '.join(sorted({row['batch_size'] for row in rows}))}; "
    )
    return _table(lines, rows, "engine.parallel", said)
