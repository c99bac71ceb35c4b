"""The files that a study leaves: the best recipes, as `train` takes them, and its page."""

from pathlib import Path

from fashionlab import files
from fashionlab.recipes import to_toml
from fashionlab.tuning.choosing import described
from fashionlab.tuning.tune import Study

BEST, PAGE = "best.toml", "index.html"


def write_best(study: Study, out: Path) -> list[Path]:
    """Write the recipe of the best trial, best.toml; of a Pareto front also each trial-N.toml.

    N counts from 1. Returns the files, the most accurate first; none where no trial has finished.
    """
    written = []
    for i, number in enumerate(study.best):
        outcome = study.outcomes[number]
        path = out / (BEST if i == 0 else f"trial-{number + 1}.toml")
        name = f"{study.source.recipe.name}-tuned" + ("" if i == 0 else f"-{number + 1}")
        comment = (
            f"Trial {number + 1} of {len(study.outcomes)}: accuracy {outcome.accuracy:.2%} of "
            f"{len(study.data.test):,} held-out images\n"
            f"{described(study.choosing.space, outcome.kept)}"
        )
        values = study.changes(number) | {"name": name}
        files.write(path, to_toml(study.source.base.name, values, comment).encode())
        written.append(path)
    return written
