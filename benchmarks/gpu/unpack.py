"""Make run folders and results of the files that `benchmarks.gpu.train` left.

    python -m benchmarks.gpu.unpack FOLDER --commit COMMIT [--runs runs/gpu] [--trials-of large]

A run whose weights were kept becomes a run folder, whose hash is checked. Each run of a
recipe of the record gets its row in results/record.csv, each run of `large` also in
results/accuracy.csv; soft predictions that were kept go to results/RECIPE.soft.npz. With
--trials-of the runs are trials on data of `benchmarks.gpu.held_out`, and get their rows in
results/choices.csv. COMMIT is the commit of the sources on the lent machine, which has no
checkout.
"""

import argparse
import hashlib
import json
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.gpu import train
from benchmarks.training import choices
from fashionlab import files
from fashionlab.bench import accuracy, record, results
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run


def extract(archive: zipfile.ZipFile, name: str, place: Path, commit: str) -> None:
    """Write all but the weights of the run folder `place`."""
    place.mkdir(parents=True)
    for member in archive.namelist():
        if member.startswith(f"{name}/") and not member.endswith("row.json"):
            content = archive.read(member)
            if member.endswith("environment.json"):
                environment = json.loads(content) | {"commit": commit}
                content = f"{json.dumps(environment, indent=2)}\n".encode()
            files.write(place / Path(member).name, content)


def weights(folder: Path, name: str, sha256: str) -> bytes | None:
    """Return the parts joined; None where they were not kept or are not complete."""
    content = b"".join(p.read_bytes() for p in sorted(folder.glob(f"{name}.weights.*")))
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def add_results(row: dict[str, Any], soft: Path) -> None:
    """Write the rows of `fashionlab bench accuracy` and `record`, and the soft predictions."""
    named = RECIPES.get(row["recipe"])
    if not named or row["settings"] != results.settings(asdict(named)):
        print(f"  not as the recipe {row['recipe']} is now: no result")
        return
    for name, same, recipes in (
        ("record", record.SAME, record.GPU_RECIPES.values()),
        ("accuracy", accuracy.SAME, ("large",)),
    ):
        if row["recipe"] in recipes:
            columns = tables.read(name)[0]
            results.add(tables.RESULTS / f"{name}.csv", {c: row[c] for c in columns}, same)
    if soft.is_file():
        files.write(tables.RESULTS / f"{row['recipe']}.soft.npz", soft.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--trials-of", choices=list(RECIPES))
    options = parser.parse_args()
    trials = {}
    with (
        zipfile.ZipFile(options.folder / "runs.zip") as archive,
        tempfile.TemporaryDirectory() as scratch,
    ):
        for name in dict.fromkeys(member.split("/")[0] for member in archive.namelist()):
            row = json.loads(archive.read(f"{name}/row.json")) | {"commit": options.commit}
            print(f"{name}: {row['part']} accuracy {row['accuracy']}, {row['seconds']} s")
            content = weights(options.folder, name, row["weights_sha256"])
            place = (Path(scratch) if content is None else options.runs) / name
            extract(archive, name, place, options.commit)
            if content is not None:
                files.write(place / train.WEIGHTS, content)
            metrics = Run(place).metrics()
            if options.trials_of:
                of = {"recipe": options.trials_of, "trial": f"{options.commit[:7]}-{name}"}
                trial = choices.trial(Run(place), metrics.accuracy, sum(metrics.support))
                trials[of["trial"]] = trial | of
            else:
                add_results(row, options.folder / f"{name}.soft.npz")
    if trials:
        choices.add(trials)


if __name__ == "__main__":
    main()
