"""Commands that read finished runs: evaluate, report."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashionlab.cli.options import Data, Json, RunFolder, parts_of, reads_data
from fashionlab.cli.output import kept, say, show, show_json
from fashionlab.cli.robustness import robustness_answer, robustness_of, show_robustness
from fashionlab.cli.selective import selective_answer, show_selective
from fashionlab.errors import InvalidValueError
from fashionlab.shipped import outputs
from fashionlab.text import printable

if TYPE_CHECKING:
    from fashionlab.evaluation.robustness import Robustness
    from fashionlab.runs import Remaining, Run

NO_DATA = Data()


@reads_data
def evaluate(
    run: RunFolder,
    without: Annotated[
        Path | None,
        typer.Option(help="Also the accuracy without the test images that this list leaves out."),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also the accuracy under 15 corruptions of the test images, in 5 strengths: "
            "measured once, and kept in the run folder.",
        ),
    ] = False,
    data: Data = NO_DATA,
    as_json: Json = False,
) -> None:
    """Compute a run's metrics from its stored predictions."""
    if not robustness and (data.place or data.reading):
        raise InvalidValueError(
            "--data, and the options by which data are read, are for --robustness, which shows the "
            "test images to the model again; give it, or leave them out"
        )
    measured = robustness_of(run, data) if robustness else None
    print_metrics(run, as_json, without, measured)


def print_metrics(
    folder: Path,
    as_json: bool,
    without: Path | None = None,
    robustness: "Robustness | None" = None,
) -> None:
    """Print a finished run's metrics, for `evaluate` and `train`."""
    from fashionlab.runs import Run, standing

    run = Run(folder)
    rest = _remaining(run, without) if without else None
    metrics, training = run.metrics(), run.training_figures()
    if as_json:
        answer = {
            **metrics.to_json(),
            "accuracy_without_copies": run.accuracy_without_copies(),
            "protocol": run.protocol() or {},
            "training": training,
            "weights_sha256": run.weights_sha256(),
            **selective_answer(run),
        }
        if rest:
            answer["without"] = asdict(rest)
        if robustness:
            answer["robustness"] = robustness_answer(robustness)
        show_json(answer, indent=2)
        return
    low, high = metrics.accuracy_interval
    show(
        f"{folder}: {run.recipe.name}, {run.parameters:,} parameters, "
        f"trained on {run.data['train'].name}, seed {run.seed}"
    )
    show(f"weights SHA-256 {run.weights_sha256()}{_chosen_epoch(run)}")
    show(
        f"test accuracy {metrics.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"log loss {metrics.log_loss:.4f}"
    )
    if rest:
        low, high = rest.accuracy_interval
        show(
            f"without the {rest.left_out:,} test images that {without} leaves out: accuracy "
            f"{rest.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}) on {rest.images:,}; the "
            "score is that on all test images"
        )
    show(
        f"training accuracy {training['accuracy']:.2%}, loss {training['loss']:.4f} in the last of "
        f"{training['epochs']} epochs, {training['seconds_an_epoch']:.2f} s an epoch"
    )
    for line in standing(run):
        show(line)
    names = list(map(printable, run.class_names))
    columns = (metrics.precision, metrics.recall, metrics.f1, metrics.correct, metrics.support)
    width = max(13, *map(len, names))
    head = ("precision", "recall", "F1", "correct", "of")
    show(f"{'class':<{width}} " + " ".join(f"{text:>9}" for text in head))
    for name, *values, correct, support in zip(names, *columns, strict=True):
        shares = " ".join(f"{value:>9.4f}" for value in values)
        show(f"{name:<{width}} {shares} {correct:>9,} {support:>9,}")
    means = (metrics.macro_precision, metrics.macro_recall, metrics.macro_f1)
    shares = " ".join(f"{value:>9.4f}" for value in means)
    total = f"{sum(metrics.correct):>9,} {sum(metrics.support):>9,}"
    show(f"{'mean, or sum':<{width}} {shares} {total}")
    show_selective(run)
    if robustness:
        show_robustness(robustness)


def _remaining(run: "Run", without: Path) -> "Remaining":
    from fashionlab.data.suspects import read_suspects
    from fashionlab.runs import remaining

    return remaining(run, read_suspects(without))


def _chosen_epoch(run: "Run") -> str:
    from fashionlab.training import best_epoch

    monitor = run.recipe.monitor
    if not run.recipe.restore_best_weights:
        return ""
    return f", of epoch {best_epoch(run.history(), monitor)}, best {monitor}"


@reads_data
def report(
    run: RunFolder,
    out: Annotated[Path | None, typer.Option(help="The page; RUN/report.html by default.")] = None,
    map_by: Annotated[
        str | None,
        typer.Option("--map", help="The map of the test set: pca (default), t-sne or umap."),
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Write the model card instead: RUN/README.md.")
    ] = False,
    data: Data = NO_DATA,
) -> None:
    """Write one HTML page about a finished run, or its model card."""
    from fashionlab.report import write_card, write_page
    from fashionlab.runs import Run

    finished, folder = Run(run), outputs(run)
    if card:
        written = write_card(finished, out or folder / "README.md").resolve()
    else:
        parts = parts_of(finished, data)
        page = out or folder / "report.html"
        written = write_page(finished, page, parts, method=map_by, log=say).resolve()
    with kept(written):
        show(str(written) if card else written.as_uri())
