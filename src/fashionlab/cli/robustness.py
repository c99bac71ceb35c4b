"""Accuracy under corruptions in `evaluate`: measured or read, as lines, and as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionlab.cli.options import Data, data_of
from fashionlab.cli.output import say, show

if TYPE_CHECKING:
    from fashionlab.evaluation.robustness import Robustness


def robustness_of(folder: Path, data: Data) -> "Robustness":
    """Return a run's accuracy under corruptions: the record in its folder, or measured now.

    Lines on the work go to standard error. Nothing is downloaded. Raises RunError for a damaged
    record, DataNotFoundError where the run's data are not here, InvalidValueError for other data.
    """
    from fashionlab.runs import Run

    run = Run(folder)
    if (found := run.robustness()) is not None:
        say(f"robustness: as measured before, in {folder}")
        return found
    from fashionlab.report.measure.robustness import measure_robustness

    test = data_of(folder, data).load(fetch=False).test
    return measure_robustness(run, test, log=lambda line: say(f"robustness: {line}"))


def robustness_answer(measured: "Robustness") -> dict[str, Any]:
    """Return the accuracies as JSON values."""
    return {
        "images": measured.images,
        "seed": measured.seed,
        "clean_accuracy": measured.clean_accuracy,
        "clean_interval": measured.clean_interval,
        "mean": measured.mean,
        "corruptions": [
            {
                "name": one.name,
                "unit": one.unit,
                "strengths": one.strengths,
                "correct": one.correct,
                "accuracy": accuracies.tolist(),
            }
            for one, accuracies in zip(measured.corruptions, measured.accuracies, strict=True)
        ],
    }


def show_robustness(measured: "Robustness") -> None:
    """Print a table of the accuracies, a row a corruption, and their mean."""
    low, high = measured.clean_interval
    show(
        f"accuracy under corruptions, on {measured.images:,} test images, which as they are have "
        f"{measured.clean_accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})"
    )
    strengths = range(1, measured.accuracies.shape[1] + 1)
    show(_row("corruption, strength", [*map(str, strengths), "mean"]))
    for one, row in zip(measured.corruptions, measured.accuracies, strict=True):
        show(_row(one.name, [f"{x:.1%}" for x in (*row, row.mean())]))
    columns = measured.accuracies.mean(axis=0)
    show(_row("mean", [f"{x:.1%}" for x in (*columns, measured.mean)]))


def _row(name: str, cells: list[str]) -> str:
    return f"{name:<20} " + " ".join(f"{cell:>7}" for cell in cells)
