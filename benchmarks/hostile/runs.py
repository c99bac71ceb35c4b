"""Change each file of a run, and of a checkpoint, and read, show, export and resume what is left.

    python -m benchmarks.hostile.runs [--changes 200]

Each file is changed at 200 random bytes, cut short, and each JSON field is swapped for each other
JSON type; the manifest of a checkpoint is written again for what was changed, as an attacker would.
What a change leads to is an answer or an error of fashionlab's own; anything else is counted, and
shown, and ends the command with status 1. Writes results/hostile_runs.csv.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np

from benchmarks import tables
from benchmarks.hostile.changes import bytes_changed, cut, fields_swapped, peak_mb
from fashionlab.bench.accuracy import measured
from fashionlab.cli.evaluation import print_metrics
from fashionlab.data import synthetic
from fashionlab.errors import LONGEST, FashionlabError
from fashionlab.export.formats import export_safetensors
from fashionlab.export.portable_model import export_onnx
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES, Recipe
from fashionlab.report.run.page import render
from fashionlab.runs import Run, checkpoints, layout
from fashionlab.runs.checkpoints import ARRAYS, MANIFEST, STATE
from fashionlab.training import plan, train

CHANGES = 200
DATA = synthetic.draw(120, 60)
RECIPE: Recipe = replace(
    RECIPES["report-mlp"],
    name="hostile",
    engine="scratch",
    epochs=3,
    batch_size=40,
    test_each_epoch=False,
    validation_fraction=0.2,
    restore_best_weights=True,
    model={"units": (8,), "dropout": 0.2},
    output_activation="linear",
)
JSON_FILES = ("config.json", "environment.json", "model.json", "protocol.json", "metrics.json")
EXPORTED = ("config.json", layout.PREDICTIONS, layout.WEIGHTS)  # what an export reads
PAGE_FILES = (*JSON_FILES, layout.HISTORY, layout.PREDICTIONS, layout.EXAMPLES)


class Stop(Progress):
    """Stops a training after an epoch, as a kill would."""

    def epoch(self, row: object) -> None:
        """Stop after the second epoch."""
        if isinstance(row, dict) and row["epoch"] == 2:
            raise MemoryError


def make(folder: Path) -> tuple[Path, Path]:
    """Train two small runs, one to its end and one that has begun; return (run, begun)."""
    train(RECIPE, DATA, folder / "run", seed=0)
    with suppress(MemoryError):
        train(RECIPE, DATA, folder / "begun", seed=0, progress=Stop())
    return folder / "run", folder / "begun"


def use(folder: Path, exports: bool) -> None:
    """Read a run in every way in which commands do; raise the first error of fashionlab's own."""
    run = Run(folder)
    ways: list[Callable[[], object]] = [
        lambda: render(run),
        lambda: print_metrics(folder, as_json=False),
        lambda: print_metrics(folder, as_json=True),
        lambda: measured(run),
        lambda: plan(folder),
    ]
    if exports:
        ways += [
            lambda: export_safetensors(run, folder.parent / "out.safetensors"),
            lambda: export_onnx(run, DATA, folder.parent / "out.onnx"),
        ]
    errors = []
    for read in ways:
        try:
            with redirect_stdout(StringIO()):
                read()
        except FashionlabError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def resume(folder: Path) -> None:
    """Go on with a training that has begun, by what its folder says."""
    planned = plan(folder)
    train(planned.recipe, DATA, folder, planned.seed, resume=True)


def changed(path: Path, times: int, seed: int) -> Iterator[bytes]:
    """Yield the changes of a file; below CHANGES as large a share of the swaps of its fields."""
    content = path.read_bytes()
    yield from bytes_changed(content, times, seed)
    yield from cut(content, max(1, times // 10), seed)
    if path.suffix == ".json":
        swaps = list(fields_swapped(content))
        taken = np.random.default_rng(seed).permutation(len(swaps))
        yield from (swaps[i] for i in taken[: -(-len(swaps) * times // CHANGES)])


class Tally:
    """What the changes of one file led to."""

    def __init__(self, file: str) -> None:
        self.file, self.changes, self.refused = file, 0, 0
        self.others: list[str] = []
        self._began = time.perf_counter()

    def of(self, do: Callable[[], None]) -> None:
        """Count what `do` leads to."""
        self.changes += 1
        try:
            do()
        except FashionlabError as error:
            self.refused += 1
            if len(str(error)) > 2 * LONGEST or "\n" in str(error):
                self.others.append(f"a message that is no line: {str(error)[:80]!r}")
        except Exception:  # what is looked for
            self.others.append(traceback.format_exc())

    def row(self) -> dict[str, object]:
        """Return the row of the results."""
        return {
            "file": self.file,
            "changes": self.changes,
            "refused": self.refused,
            "other_exceptions": len(self.others),
            "peak_mb": round(peak_mb()),
            "seconds": f"{time.perf_counter() - self._began:.1f}",
        }


def attack_run(run: Path, name: str, times: int, scratch: Path) -> Tally:
    """Change one file of a finished run."""
    tally, copy = Tally(name), scratch / "copy"
    for content in changed(run / name, times, seed=len(name)):
        shutil.copytree(run, copy)
        (copy / name).write_bytes(content)
        tally.of(lambda: use(copy, exports=name in EXPORTED))
        shutil.rmtree(copy)
    return tally


def attack_begun(begun: Path, name: str, times: int, scratch: Path, forged: bool) -> Tally:
    """Change one file of a training that has begun; with `forged` manifests fit the change."""
    work = layout.work_folder(begun)
    newest = checkpoints.saved(work)[-1].relative_to(work)
    place = newest / name if name in (ARRAYS, STATE, MANIFEST) else Path(name)
    tally, copy = Tally(f"begun/{place}{' (forged)' * forged}"), scratch / "attacked"
    for content in changed(work / place, times, seed=len(name)):
        target = layout.work_folder(copy)
        shutil.copytree(work, target)
        (target / place).write_bytes(content)
        if forged:
            (target / newest / MANIFEST).write_bytes(manifest(target / newest))
        tally.of(lambda: resume(copy))
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
    return tally


def manifest(folder: Path) -> bytes:
    """Return the manifest that fits a checkpoint's files."""
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in (ARRAYS, STATE)
    ]
    return "".join(lines).encode()


def attacks(folder: Path, times: int) -> Iterator[Tally]:
    """Yield the result of each file."""
    run, begun = make(folder)
    for name in (*PAGE_FILES, layout.WEIGHTS):
        yield attack_run(run, name, times, folder)
    for name in ("config.json", "environment.json", MANIFEST, ARRAYS, STATE):
        yield attack_begun(begun, name, times, folder, forged=False)
    for name in (ARRAYS, STATE):
        yield attack_begun(begun, name, times, folder, forged=True)


def main() -> None:
    """Write results/hostile_runs.csv; exit with status 1 where another exception came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES, help="random bytes of each file")
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    bad: Iterable[str] = ()
    with tempfile.TemporaryDirectory() as folder:
        for tally in attacks(Path(folder), arguments.changes):
            rows.append({**tally.row(), **tables.machine()})
            tables.write("hostile_runs", rows)
            print(json.dumps({k: v for k, v in rows[-1].items() if k in tally.row()}), flush=True)
            for text in dict.fromkeys(tally.others[:3]):
                print(text, file=sys.stderr)
            bad = [*bad, *tally.others]
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
