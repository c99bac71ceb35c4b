"""Time the page of the shipped run, 10,000 test images, and its size: results/page_time.csv.

    python -m benchmarks.training.page_time [--repeats 3]

Timed is the whole command `fashionlab report`, from its start: the first page of a run, which also
measures simple baselines and what explains the run (by Keras), and the next ones, for which both
were kept. `load` is the machine's load average over a minute before.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import tables
from fashionlab.runs import layout
from fashionlab.shipped import FOLDER


def main() -> None:
    """Measure; a row a page is kept as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    rows: list[dict[str, object]] = []
    for repeat in range(parser.parse_args().repeats):
        with tempfile.TemporaryDirectory() as name:
            run = Path(shutil.copytree(FOLDER, Path(name) / "run"))
            (run / layout.EXPLANATION).unlink()
            environment = {**os.environ, "FASHIONLAB_CACHE": name}
            for page in ("first", "next"):
                load = os.getloadavg()[0]
                command = [str(Path(sys.executable).with_name("fashionlab")), "report", str(run)]
                began = time.perf_counter()
                subprocess.run(
                    [*command, "--data", "fashion-mnist"],
                    env=environment,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                rows.append(
                    {
                        "repeat": repeat,
                        "page": page,
                        "seconds": f"{time.perf_counter() - began:.1f}",
                        "bytes": (run / "report.html").stat().st_size,
                        "load": f"{load:.1f}",
                    }
                )
                print(rows[-1])
                tables.write("page_time", [row | tables.machine() for row in rows])


if __name__ == "__main__":
    main()
