"""Time an audit of all 70,000 images of Fashion-MNIST: results/audit_time.csv.

    python -m benchmarks.training.audit_time

The whole command is timed, from the shell to the page: five networks, and the quick one of one.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import tables
from fashionlab.audit import FOLDS

FORMS = {f"{FOLDS} folds": (), "quick": ("--quick",)}


def main() -> None:
    """Measure both forms; a row is kept as soon as it is there."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    program = Path(sys.executable).with_name("fashionlab")
    rows: list[dict[str, object]] = []
    for form, options in FORMS.items():
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "audited")
            began = time.perf_counter()
            subprocess.run([program, "audit", "fashion-mnist", *options, "--out", out], check=True)
            seconds = time.perf_counter() - began
            summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        row: dict[str, object] = {"form": form, "images": summary["images"]}
        row |= {"suspects": summary["suspects"], "seconds": f"{seconds:.0f}"}
        rows.append(row | tables.machine())
        tables.write("audit_time", rows)


if __name__ == "__main__":
    main()
