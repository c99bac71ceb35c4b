"""Put a finished run into the package as its shipped model.

    python -m benchmarks.training.ship runs/accuracy/medium-seed0

It must be seed 0 of a named recipe as it is now, trained from a clean commit on all training images
of Fashion-MNIST. It is not the best of several seeds: the test set would have chosen it. What
explains its predictions is measured with it, where that is not done. Its portable model is exported
afterwards; docs/model.md has the commands.
"""

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from fashionlab.data import load
from fashionlab.recipes import RECIPES
from fashionlab.report.measure.explanation import measure_explanation
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER, LARGEST


def objections(run: Run) -> list[str]:
    """Return the reasons why a run must not be shipped."""
    environment, named = run.environment(), RECIPES.get(run.recipe.name)
    as_it_is = named and json.loads(json.dumps(asdict(named)))
    size = sum(path.stat().st_size for path in run.folder.iterdir())
    checks = {
        "not a named recipe as it is now": json.loads(json.dumps(asdict(run.recipe))) == as_it_is,
        f"seed {run.seed}, not 0": run.seed == 0,
        "not Fashion-MNIST": run.data["train"].name == "fashion-mnist",
        "images were held out": (run.protocol() or {}).get("images_held_out") == 0,
        "the test set was read more than once": (run.protocol() or {}).get("test_set_read") == 1,
        f"commit {environment['commit']}": not str(environment["commit"]).endswith("+changes"),
        f"{size:,} bytes, more than {LARGEST:,}": size <= LARGEST,
    }
    return [why for why, holds in checks.items() if not holds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    run = Run(parser.parse_args().run)
    accuracy = run.metrics().accuracy  # raises where its files contradict each other
    if run.explanation() is None:
        measure_explanation(run, load(fetch=False), log=print)
    if why := objections(run):
        sys.exit(f"{run.folder} must not be shipped: {'; '.join(why)}")
    new = FOLDER.with_name("new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(run.folder, new)
    shutil.rmtree(FOLDER, ignore_errors=True)
    new.rename(FOLDER)
    print(f"{run.recipe.name}, test accuracy {accuracy:.2%}: {FOLDER}")


if __name__ == "__main__":
    main()
