"""A run as a notebook shows it."""

from typing import TYPE_CHECKING

from fashionlab import notebook
from fashionlab.errors import FashionlabError

if TYPE_CHECKING:
    from fashionlab.runs.reader import Run

NAMES = 120  # characters of all class names


def html(run: "Run") -> str:
    """Return a run's name, accuracy, classes, data and parameters; a damaged run's error."""
    try:
        metrics, recipe = run.metrics(), run.recipe
        low, high = metrics.accuracy_interval
        train, classes = run.data["train"], len(run.class_names)
        height, width, *channels = run.image_shape
        names = ", ".join(run.class_names)
        facts = {
            "Accuracy": f"{100 * metrics.accuracy:.2f} % of {sum(metrics.support):,} test images, "
            f"95 % interval {100 * low:.2f} to {100 * high:.2f} %",
            "Data": f"{train.name}, {train.images:,} training images, {height} × {width} pixels, "
            f"{'in colour' if channels else 'grey'}",
            "Classes": f"{classes}: {names if len(names) <= NAMES else f'{names[: NAMES - 1]}…'}",
            "Parameters": f"{run.parameters:,}",
            "Folder": str(run.folder),
        }
        return notebook.block(f"{recipe.name}, seed {run.seed}", notebook.facts(facts))
    except FashionlabError as error:
        return notebook.failure(error)
