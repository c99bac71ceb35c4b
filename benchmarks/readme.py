"""Writes the README's tables from benchmarks/results; a test holds the README equal to them.

python benchmarks/readme.py
"""

from collections import defaultdict
from pathlib import Path

import tables

from fashionlab.evaluation.intervals import mean_std, wilson_interval
from fashionlab.report import formatting
from fashionlab.report.reference import REFERENCES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEST_IMAGES = 10_000


def report_systems() -> str:
    """The report's systems beside the report, from report_systems.csv."""
    rows = tables.read("report_systems")
    runs = defaultdict(list)
    for row in rows:
        runs[row["recipe"]].append(row)
    halves = []
    lines = [
        "| recipe | parameters | test accuracy, % (mean ± standard deviation; lowest to highest) "
        "| the report's | time an epoch | the report's |",
        "|---|---|---|---|---|---|",
    ]
    for recipe, of_recipe in runs.items():
        reference = REFERENCES[recipe]
        accuracies = [100 * float(row["test_accuracy"]) for row in of_recipe]
        mean, deviation = mean_std(accuracies)
        seconds, _ = mean_std(float(row["seconds_an_epoch"]) for row in of_recipe)
        low, high = wilson_interval(round(100 * mean), TEST_IMAGES)
        halves.append(f"±{50 * (high - low):.1f} at {mean:.0f} %")
        lines.append(
            f"| `{recipe}`, {of_recipe[0]['epochs']} epochs | {int(of_recipe[0]['parameters']):,} "
            f"| {mean:.2f} ± {deviation:.2f}; {min(accuracies):.2f} to {max(accuracies):.2f} "
            f"| {100 * reference.test_accuracy:.2f} | {formatting.seconds(seconds)} "
            f"| {formatting.seconds(reference.seconds_an_epoch)} |"
        )
    machines = sorted({f"{row['cpu']}, {row['cpus']} cores" for row in rows})
    versions = sorted({f"Python {row['python']}, {row['versions']}" for row in rows})
    seeds = sorted({len(of_recipe) for of_recipe in runs.values()})
    lines += [
        "",
        f"n = {' or '.join(map(str, seeds))} seeds; {'; '.join(machines)}; {'; '.join(versions)}. "
        "Written by `make bench` (`benchmarks/report_systems.py`). The 95 % interval of one run's "
        f"{TEST_IMAGES:,} test images is {', '.join(halves)}.",
    ]
    return "\n".join(lines)


TABLES = {"report_systems": report_systems}


def filled(text: str) -> str:
    """The README's text with every table written anew between its two markers."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        if not 0 <= text.find(start) < text.find(end):
            raise SystemExit(f"README.md must hold the lines {start.strip()} and {end.strip()}")
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = before + start + table() + end + after
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
