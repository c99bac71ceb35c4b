"""The main job: train the course report's three systems and compare them with its results."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fashionlab.data import Dataset
from fashionlab.engines import engine as library
from fashionlab.errors import StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES, Recipe
from fashionlab.report.page import refuse_foreign, write_page
from fashionlab.training import finished_run, train

SYSTEMS = ("report-net", "report-mlp", "report-cnn")

# Epochs that take about a minute together on two cores, half of it for the third system.
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
    used as it is, with a line to `say`; an unfinished one resumes from its last checkpoint. Raises,
    before any training, RunError where a run of other settings or a foreign page is in the way,
    and MissingDependencyError where an engine is not installed.
    """
    page = out / "report.html"
    refuse_foreign(page)
    recipes = [_recipe(name, engine, quick) for name in SYSTEMS]
    for needed in {recipe.engine for recipe in recipes}:
        library(needed)
    folders = [out / f"{recipe.name}-seed{seed}" for recipe in recipes]
    finished = [finished_run(*pair, data, seed) for pair in zip(recipes, folders, strict=True)]
    runs = []
    for recipe, folder, done in zip(recipes, folders, finished, strict=True):
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
            "Quick run: "
            + ", ".join(
                f"{recipe.name} {recipe.epochs} of {RECIPES[recipe.name].epochs} epochs"
                for recipe in recipes
            )
            + ". For all epochs, run `fashionlab reproduce` without --quick."
        )
    title = "The course report's three systems, reproduced"
    return write_page(runs, page, title=title, notes=notes)


def _recipe(name: str, engine: str | None, quick: bool) -> Recipe:
    recipe = RECIPES[name]
    return replace(
        recipe,
        epochs=QUICK_EPOCHS[name] if quick else recipe.epochs,
        engine=engine or recipe.engine,
    )
