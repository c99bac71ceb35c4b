"""The main job: train the course report's three systems and compare them with its results."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fashionlab.data import Dataset, Parts
from fashionlab.engines import get
from fashionlab.errors import StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES
from fashionlab.report import write_comparison, write_page
from fashionlab.report.html import refuse_foreign
from fashionlab.training import finished_run, train

PAGE = "report.html"
# Recipes, with epochs that take about a minute on two cores together, half of it for the third.
SYSTEMS = {"report-net": 20, "report-mlp": 4, "report-cnn": 1}


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
    """Write a run folder per system, a page in each, and `out`/report.html; returns that page.

    It compares the three, and links to the page of each, report.html in its folder.
    `engine` replaces the recipes' own. A finished run of the same recipe, data and seed in `out` is
    used as it is, with a line to `say`; an unfinished one resumes from its last checkpoint. Raises,
    before any training, RunError where a run of other settings or a foreign page is in the way,
    and MissingDependencyError where an engine is not installed.
    """
    recipes = [
        replace(
            RECIPES[name],
            epochs=epochs if quick else RECIPES[name].epochs,
            engine=engine or RECIPES[name].engine,
        )
        for name, epochs in SYSTEMS.items()
    ]
    for needed in {recipe.engine for recipe in recipes}:
        get(needed)
    folders = [out / f"{recipe.name}-seed{seed}" for recipe in recipes]
    page = out / PAGE
    for place in (page, *(folder / PAGE for folder in folders)):
        refuse_foreign(place)
    finished = [finished_run(*pair, data, seed) for pair in zip(recipes, folders, strict=True)]
    runs = []
    for recipe, folder, done in zip(recipes, folders, finished, strict=True):
        if done:
            say(f"{folder} is finished; it is used as it is")
        try:
            runs.append(done or train(recipe, data, folder, seed, progress, resume=True))
        except StoppedError as stopped:
            remedy = "fashionlab reproduce, with the same options"
            raise StoppedError(stopped.kept, stopped.status, remedy) from None
    notes = []
    if quick:
        made = [f"{r.name} {r.epochs} of {RECIPES[r.name].epochs} epochs" for r in recipes]
        again = "For all epochs, run `fashionlab reproduce` without --quick."
        notes.append(f"Quick run: {', '.join(made)}. {again}")
    parts = data if isinstance(data, Parts) else Parts(*data)
    for run in runs:
        write_page(run, run.folder / PAGE, parts, notes=notes, log=say)
    title = "The course report's three systems, reproduced"
    return write_comparison(runs, page, parts, title=title, notes=notes)
