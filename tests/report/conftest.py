"""Small run folders for the pages about them."""

import json

import pytest
from markupsafe import Markup
from report_runs import give_portable, write_run

from fashionlab.runs import Run


@pytest.fixture
def make_run(tmp_path):
    """A function that writes a run into the test's own folder and opens it."""
    made = []

    def make(*arguments, **options):
        made.append(write_run(tmp_path / f"run {len(made)}", *arguments, **options))
        return made[-1]

    return make


@pytest.fixture
def give_model():
    """A function that gives a run a portable model with an outlier test and prediction sets."""
    return give_portable


@pytest.fixture
def without_plots(monkeypatch):
    """Empty drawings, for tests that prove something else: they take most of a page's time."""
    for module in ("comparison", "coverage", "curves", "intervals", "small_multiples"):
        monkeypatch.setattr(
            f"fashionlab.report.charts.{module}.element",
            lambda figure, name, alt, marks=(): Markup('<svg aria-label="{}"></svg>').format(alt),
        )


@pytest.fixture
def change_json():
    """A function that edits one of a run's JSON files."""

    def change(run, name, values):
        path = run.folder / f"{name}.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))
        return Run(run.folder)

    return change
