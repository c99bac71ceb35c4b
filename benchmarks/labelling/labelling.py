"""Label a large file by `fashionlab predict --out`, next to a bare loop over it, and kill that.

    python -m benchmarks.labelling.labelling FOLDER [--images 1000000] [--turns 1] [--only WHAT ...]

Writes the images into FOLDER first, where they are not: Fashion-MNIST's training images, repeated,
each time in another order, as one npy file (784 MB for a million). In turn: a loop of
`Predictor.probabilities` with onnxruntime's own number of threads, whose time is that of the loop
alone; the command with local workers and on Ray, whose time is that of the whole command; the
command whose driver is killed with SIGKILL at two random moments, with the time of all three; and
a pipeline of Ray Data that writes probabilities only. All by the shipped model. Memory is the
largest sum over a process and all that it has started of their proportional set sizes (PSS),
looked at four times a second. `same_bytes`: whether all files are those of the first undisturbed
command. Writes results/labelling.csv.
"""

import argparse
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.lib import format as npy

from benchmarks import tables
from fashionlab.data import load

COMMAND = [sys.executable, "-c", "from fashionlab.cli import main; main()", "predict"]
BARE = """
import sys, time
import numpy as np
from fashionlab.portable import Predictor
images = np.load(sys.argv[1], mmap_mode="r")
predictor = Predictor()
began = time.perf_counter()
for first in range(0, len(images), 16384):
    predictor.probabilities(images[first : first + 16384])
print(time.perf_counter() - began)
"""
RAY_DATA = """
import sys
import numpy as np
import ray
from fashionlab.portable import Predictor

class Label:
    def __init__(self, path):
        self.images = np.load(path, mmap_mode="r")
        self.predictor = Predictor(threads=1)

    def __call__(self, batch):
        row = batch["id"]
        found = self.predictor.probabilities(self.images[row])
        columns = {f"probability_{k}": column for k, column in enumerate(found.T)}
        return {"row": row, "class": found.argmax(axis=1), **columns}

path, sink, batch = sys.argv[1], sys.argv[2], 16384
# the third for the tasks that read and write: they wait forever where two actors hold all
ray.init(address="local", num_cpus=3, include_dashboard=False, configure_logging=False)
rows = len(np.load(path, mmap_mode="r"))
ids = ray.data.range(rows, override_num_blocks=-(-rows // batch))
pool = ray.data.ActorPoolStrategy(size=2)
found = ids.map_batches(
    Label, fn_constructor_args=(path,), batch_size=batch, compute=pool, num_cpus=1
)
found.write_parquet(sink)
"""
LOOK_S = 0.25
KILLS = 2
SCRIPTS = {"bare loop": BARE, "Ray Data, 2 workers": RAY_DATA}
OPTIONS = {  # of the command
    "local, 2 workers": ["--workers", "2"],
    "local, 2 workers, killed twice": ["--workers", "2"],
    "ray, 2 workers": ["--workers", "2", "--on", "ray"],
}
WHATS = ["bare loop", *OPTIONS, "Ray Data, 2 workers"]


def prepare(folder: Path, images: int) -> Path:
    """Write the file, unless it is there; return it."""
    path = folder / f"images-{images}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train = load().train.images
        out = npy.open_memmap(path, "w+", np.uint8, (images, 28, 28))
        rng = np.random.default_rng(0)
        for first in range(0, images, len(train)):
            out[first : first + len(train)] = train[rng.permutation(len(train))[: images - first]]
        out.flush()
    return path


def tree(pid: int) -> list[int]:
    """Return a process and all that it has started, and they."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            after = place.read_text().rpartition(")")[2].split()
            parents[int(place.parent.name)] = int(after[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def pss_mb(pids: list[int]) -> float:
    """Return the sum of the proportional set sizes of processes."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def run(command: list[str], kill_after: float | None = None) -> tuple[float, float, str]:
    """Run a command, or kill it after so many seconds; return seconds, peak memory and output."""
    began, peak = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, pss_mb(tree(process.pid)))
            if kill_after is not None and time.perf_counter() - began > kill_after:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(LOOK_S)
        out = process.stdout.read() if process.stdout and kill_after is None else ""
    if process.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{command} has ended with status {process.returncode}")
    return time.perf_counter() - began, peak, out


def hashes(sink: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a sink."""
    files = [path for path in sorted(sink.iterdir()) if path.name[0] != "."]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows_in(sink: Path) -> int:
    """Return the number of rows of all files; RuntimeError where a row is there twice."""
    rows = [pq.read_table(path, columns=["row"])["row"] for path in sorted(sink.glob("*.parquet"))]
    numbers = np.concatenate([column.to_numpy() for column in rows])
    if len(np.unique(numbers)) < len(numbers):
        raise RuntimeError(f"{sink} has a row twice")
    return len(numbers)


def main() -> None:
    """Measure all in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=WHATS, choices=WHATS)
    arguments = parser.parse_args()
    path = prepare(arguments.folder, arguments.images)
    chance, rows = np.random.default_rng(0), []
    first: dict[str, str] = {}
    bare = usual = 0.0
    for turn in range(arguments.turns):
        for what in arguments.only:
            sink = arguments.folder / "out"
            shutil.rmtree(sink, ignore_errors=True)
            if what in SCRIPTS:
                seconds, peak, out = run(
                    [sys.executable, "-c", SCRIPTS[what], str(path), str(sink)]
                )
                if what == "bare loop":
                    seconds = bare = float(out)
            else:
                command = [*COMMAND, str(path), "--out", str(sink), *OPTIONS[what]]
                seconds = peak = 0.0
                kills = KILLS if "killed" in what else 0
                for _ in range(kills):
                    moment = chance.uniform(0.1, 0.4) * usual
                    used, most, _ = run(command, moment)
                    seconds, peak = seconds + used, max(peak, most)
                used, most, _ = run(command)
                seconds, peak = seconds + used, max(peak, most)
                usual = usual or seconds
            row = {
                "turn": turn,
                "what": what,
                "images": arguments.images,
                "seconds": f"{seconds:.1f}",
                "images_a_second": f"{arguments.images / seconds:.0f}",
                "share_of_bare": f"{bare / seconds:.3f}",
                "peak_mb": f"{peak:.0f}",
                "rows": "" if what == "bare loop" else rows_in(sink),
                "same_bytes": "",
            }
            if what in OPTIONS:
                found = hashes(sink)
                first = first or found
                row["same_bytes"] = found == first
                manifest = json.loads((sink / "_manifest.json").read_text())
                if manifest["rows"] != row["rows"]:
                    raise RuntimeError(f"the manifest has {manifest['rows']} rows")
            rows.append({**row, **tables.machine()})
            print({**row}, flush=True)
            tables.write("labelling", rows)


if __name__ == "__main__":
    main()
