"""Makes run folders and results of what train.py left on a lent machine.

    python benchmarks/gpu/unpack.py FOLDER [--runs runs/gpu]

A run whose weights were kept becomes a run folder, with their hash as it was there. Each run of a
named recipe gets its row in results/accuracy.csv, and in results/record.csv where the record has
its recipe. What was trained without a checkout gets this one's commit.
"""

import argparse
import hashlib
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import tables
import train

from fashionlab import files
from fashionlab.bench import accuracy, record, results
from fashionlab.environment import environment
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run


def run_folder(name: str, archive: zipfile.ZipFile, folder: Path, place: Path, row: dict) -> bool:
    """Write the run folder `place`; False where its weights were not kept."""
    weights = b"".join(p.read_bytes() for p in sorted(folder.glob(f"{name}.weights.*")))
    if hashlib.sha256(weights).hexdigest() != row["weights_sha256"]:
        return False
    place.mkdir(parents=True)
    for member in archive.namelist():
        if member.startswith(f"{name}/") and not member.endswith("row.json"):
            content = archive.read(member)
            if member.endswith("environment.json"):
                content = json.dumps(json.loads(content) | {"commit": row["commit"]}).encode()
            files.write(place / Path(member).name, content)
    files.write(place / train.WEIGHTS, weights)
    Run(place).metrics()
    return True


def add_results(row: dict[str, object]) -> None:
    """Rows as `fashionlab bench accuracy` and `fashionlab bench record` write them."""
    seconds = row.pop("seconds")
    named = RECIPES.get(str(row["recipe"]))
    if not named or row["settings"] != results.settings(asdict(named)) or row["part"] != "test":
        return
    if row["recipe"] in record.GPU_RECIPES.values():
        out = tables.RESULTS / "record.csv"
        columns = list(results.read(out)[0])
        results.add(out, {c: {**row, "seconds": seconds}[c] for c in columns}, record.SAME)
    if row["recipe"] not in record.GPU_RECIPES.values() or row["recipe"] == "large":
        results.add(tables.RESULTS / "accuracy.csv", row, accuracy.SAME)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/gpu"))
    options = parser.parse_args()
    commit = environment()["commit"]
    with zipfile.ZipFile(options.folder / "runs.zip") as archive:
        names = dict.fromkeys(member.split("/")[0] for member in archive.namelist())
        for name in names:
            row = json.loads(archive.read(f"{name}/row.json"))
            row["commit"] = row["commit"] or commit
            place = options.runs / name
            whole = run_folder(name, archive, options.folder, place, row)
            print(
                f"{name}: {row['part']} accuracy {row['accuracy']}, {row['seconds']} s, "
                f"{place if whole else 'without weights'}"
            )
            add_results(row)


if __name__ == "__main__":
    main()
