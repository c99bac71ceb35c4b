"""The best recipes of a study, as `train` takes them."""

from pathlib import Path

from fashionlab import files
from fashionlab.recipes import to_toml
from fashionlab.tuning.choosing import described
from fashionlab.tuning.driver import Study

BEST = "best.toml"


def write_best(study: Study, out: Path) -> dict[int, Path]:
    """Write the recipe of the best trial, best.toml; of a Pareto front also each trial-N.toml.

    N counts from 1. Returns the files by the trials' numbers, from 0, the most accurate first; none
    where no trial has finished.
    """
    written = {}
    for i, number in enumerate(study.best):
        outcome = study.outcomes[number]
        path = out / (BEST if i == 0 else f"trial-{number + 1}.toml")
        name = f"{study.source.recipe.name}-tuned" + ("" if i == 0 else f"-{number + 1}")
        comment = (
            f"Trial {number + 1} of {len(study.outcomes)}: accuracy {outcome.accuracy:.2%} of "
            f"{len(study.data.test):,} held-out images\n"
            f"{described(study.choosing.space, outcome.kept)}"
        )
        values = {"name": name} | {k: v for k, v in study.changes(number).items() if k != "name"}
        files.write(path, to_toml(study.source.base.name, values, comment).encode())
        written[number] = path
    return written
