"""The table about the audit: labels that were flipped on purpose, and found."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean, stdev

import numpy as np

from benchmarks import tables
from benchmarks.training.audit_readings import CONTROLS, DECISIONS, FIRST
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.progress.progress import duration
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER


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
            values = [scale * float(row[column]) for row in own]
            return f"{mean(values):.{digits}f} ± {stdev(values):.{digits}f}"

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
        "the probability of the given label less the largest other one. Mean ± standard deviation "
        f"of n draws. {tables.where(rows)}. Written by `python -m "
        "benchmarks.training.label_audit`.",
    ]
    return "\n".join(lines)


def audit_time() -> str:
    """Return how long an audit takes, from audit_time.csv."""
    rows = tables.read("audit_time")
    times = [f"{duration(float(row['seconds']))} ({row['form']})" for row in rows]
    return (
        f"An audit of all {int(rows[0]['images']):,} images takes {' or '.join(times)}, n = 1; "
        f"{tables.where(rows)}. Written by `python -m benchmarks.training.audit_time`."
    )


def audit_readings() -> str:
    """Return what two readings of the suspects say, from audit_fashion_mnist.csv."""
    rows = tables.read("audit_fashion_mnist")
    read = [row for row in rows if row["reading_a"]]
    first = [row for row in read if row["rank"] and int(row["rank"]) <= FIRST]
    groups = {
        f"first {FIRST // 2} of the list": first[: FIRST // 2],
        f"first {FIRST} of the list": first,
        "all suspects of the test part": [
            row for row in read if row["suspect"] == "yes" and row["part"] == "test"
        ],
        f"{CONTROLS} images that are not listed": [row for row in read if not row["rank"]],
    }
    lines = [
        "| images | read | wrong: A, B, both | ambiguous | broken | sound "
        "| wrong or broken by both | agreement | Cohen's kappa |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, own in groups.items():
        pairs = [(row["reading_a"], row["reading_b"]) for row in own]
        lines.append(
            f"| {name} | {len(own)} | {_counts(pairs, 'wrong')} | {_counts(pairs, 'ambiguous')} "
            f"| {_counts(pairs, 'broken')} | {_counts(pairs, 'sound')} | "
            f"{sum({*pair} <= {'wrong', 'broken'} for pair in pairs)} "
            f"| {100 * mean(a == b for a, b in pairs):.0f} % | {_kappa(pairs):.2f} |"
        )
    return "\n".join([*lines, "", _ceiling(rows)])


def _counts(pairs: Sequence[tuple[str, str]], decision: str) -> str:
    a, b = (sum(pair[i] == decision for pair in pairs) for i in (0, 1))
    return f"{a}, {b}, {sum(pair == (decision, decision) for pair in pairs)}"


def _kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the agreement beyond chance (Cohen 1960): (p - e) / (1 - e)."""
    n = len(pairs)
    a, b = (Counter(pair[i] for pair in pairs) for i in (0, 1))
    expected = sum(a[decision] * b[decision] for decision in DECISIONS) / n**2
    return (mean(x == y for x, y in pairs) - expected) / (1 - expected) if expected < 1 else 1.0


def _ceiling(rows: Sequence[dict[str, str]]) -> str:
    """Return the shipped model's accuracy on the test images that no reading objects to."""
    log_probabilities, labels = Run(FOLDER).predictions()
    correct = log_probabilities.argmax(axis=1) == labels
    sound = np.ones(len(labels), bool)
    for row in rows:
        if row["part"] == "test" and row["reading_a"]:
            sound[int(row["index"])] = row["reading_a"] == row["reading_b"] == "sound"
    out = np.flatnonzero(~sound)
    shares = [
        f"{k / n:.2%} ({wilson_interval(k, n)[0]:.2%} to {wilson_interval(k, n)[1]:.2%})"
        for k, n in ((correct.sum(), len(labels)), (correct[sound].sum(), sound.sum()))
    ]
    wrong, wrong_out = (~correct).sum(), (~correct[out]).sum()
    return (
        f"The shipped model's accuracy is {shares[0]} on all {len(labels):,} test images, the "
        f"score, and {shares[1]} on the {sound.sum():,} that nobody had to read or that both "
        f"readings call sound. It is wrong on {wrong_out} of the {len(out)} others: they are "
        f"{wrong_out / wrong:.0%} of its {wrong} errors. Written by `python -m "
        "benchmarks.training.audit_readings`."
    )
