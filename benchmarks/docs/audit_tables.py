"""The table about the audit: labels that were flipped on purpose, and found."""

from statistics import mean

from benchmarks import tables


def label_audit() -> str:
    """Return how many of the flipped labels come first, from label_audit.csv."""
    rows = tables.read("label_audit")
    lines = [
        "| flipped | audit | precision, %, by self-confidence | by the margin "
        "| area, by self-confidence | by the margin | seconds | n |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, form in dict.fromkeys((row["kind"], row["form"]) for row in rows):
        own = [row for row in rows if (row["kind"], row["form"]) == (kind, form)]

        def shown(column: str, scale: float, digits: int, own=own) -> str:
            return f"{scale * mean(float(row[column]) for row in own):.{digits}f}"

        lines.append(
            f"| {kind} | {form} | {shown('precision_self_confidence', 100, 1)} "
            f"| {shown('precision_margin', 100, 1)} | {shown('area_self_confidence', 1, 4)} "
            f"| {shown('area_margin', 1, 4)} | {shown('seconds', 1, 0)} | {len(own)} |"
        )
    first = rows[0]
    lines += [
        "",
        f"{int(first['flipped']):,} of Fashion-MNIST's {int(first['images']):,} training labels "
        "were flipped, to any other class, or to one that the shipped model confuses with it. "
        "Precision is the share of flipped ones among as many labels as were flipped, the first "
        "in the order: it is the recall too. Area is that under the receiver curve. The margin is "
        "the probability of the given label less the largest other one. n is the number of draws; "
        f"other work was running. {tables.where(rows)}. Written by `python -m "
        "benchmarks.training.label_audit`.",
    ]
    return "\n".join(lines)
