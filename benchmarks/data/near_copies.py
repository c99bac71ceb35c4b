"""List what `fashionlab data check` finds in Fashion-MNIST. Writes results/data_check.csv.

python -m benchmarks.data.near_copies
"""

import sys
import time

from benchmarks import tables
from fashionlab.data import load
from fashionlab.data.check import check


def main() -> None:
    """Check the real data and write a row for each pair of near-copies."""
    parts = load(fetch=False).all
    began = time.perf_counter()
    checked = check(parts)
    seconds = time.perf_counter() - began
    rows = []
    for finding in checked.findings:
        for group in finding.pictures:
            first, second = group
            rows.append(
                {
                    "finding": finding.kind,
                    "first": f"{first.part} {first.index}",
                    "second": f"{second.part} {second.index}",
                    "first_label": _label(parts, first),
                    "second_label": _label(parts, second),
                    "distance": f"{checked.distance(group):.2f}",
                    "verdict": checked.verdict,
                    "known_set": checked.identity.text,
                    "seconds": f"{seconds:.1f}",
                    **tables.machine(),
                }
            )
    if not rows:
        sys.exit("nothing was found")
    tables.write("data_check", rows)
    print(checked.verdict, f"{len(rows)} pairs, {seconds:.1f} s")


def _label(parts, place) -> str:
    part = next(part for part in parts if part.part == place.part)
    return part.class_names[part.labels[place.index]]


if __name__ == "__main__":
    main()
