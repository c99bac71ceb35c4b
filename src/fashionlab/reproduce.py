"""The main job: the course report's three systems, trained and set beside its own figures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fashionlab.data import Dataset
from fashionlab.engines import get
from fashionlab.errors import StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES, Recipe
from fashionlab.report.page import refuse_foreign, write_page
from fashionlab.training import finished_run, train

SYSTEMS = ("report-net", "report-mlp", "report-cnn")

# Epochs that together take about a minute on two cores; the third system's is half of it.
QUICK_EPOCHS = {"report-net": 20, "report-mlp": 4, "report-cnn": 1}


def reproduce(
    out: Path,
    data: tuple[Dataset, Dataset],
    *,
    seed: int = 0,
    engine: str | None = None,
    quick: bool = False,
    say: Callable[[str], None] = lambda line: None,
    progress: Progress | None = None,
) -> Path:
    """Write a run folder per system and the page `out`/report.html; returns the page.

    `engine` replaces the recipes' own. A finished run of the same recipe, data and seed in `out` is
    used as it is, and `say` is told so; one that was stopped goes on from its last checkpoint.
    Before any training it raises RunError where one of other settings or a foreign page is in the
    way, and MissingDependencyError where an engine is not installed.
    """
    page = out / "report.html"
    refuse_foreign(page)
    planned = [_recipe(name, engine, quick) for name in SYSTEMS]
    for needed in {recipe.engine for recipe in planned}:
        get(needed)
    folders = [out / f"{recipe.name}-seed{seed}" for recipe in planned]
    finished = [finished_run(*pair, data, seed) for pair in zip(planned, folders, strict=True)]
    runs = []
    for recipe, folder, done in zip(planned, folders, finished, strict=True):
        if done:
            say(f"{folder} is finished; it is used as it is")
        try:
            runs.append(done or train(recipe, data, folder, seed, progress, resume=True))
        except StoppedError as stopped:
            again = "fashionlab reproduce, with the same options"
            raise StoppedError(stopped.kept, stopped.status, again) from None
    notes = []
    if quick:
        notes.append(
            "A quick look: "
            + ", ".join(
                f"{recipe.name} {recipe.epochs} of {RECIPES[recipe.name].epochs} epochs"
                for recipe in planned
            )
            + ". For the report's own number of epochs run `fashionlab reproduce` without --quick."
        )
    title = "Three systems, reproduced beside their report"
    return write_page(runs, page, title=title, notes=notes)


def _recipe(name: str, engine: str | None, quick: bool) -> Recipe:
    recipe = RECIPES[name]
    return replace(
        recipe,
        epochs=QUICK_EPOCHS[name] if quick else recipe.epochs,
        engine=engine or recipe.engine,
    )
