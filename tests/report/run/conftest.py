"""The whole page of a run with all records, made once."""

from typing import NamedTuple

import pytest
from report_runs import draw_parts, give_explanation, give_portable, give_robustness, write_run

from fashionlab.data import Parts
from fashionlab.report import write_page
from fashionlab.runs import Run

from ..reading import Page

TEMPERATURE = 1.25
BEST = 3  # the epoch whose weights are the result
HISTORY = [
    {
        "epoch": epoch,
        "loss": 2.5 / epoch,
        "accuracy": 1 - 0.5 / epoch,
        "validation_loss": 1 + abs(epoch - BEST) / 7,
        "validation_accuracy": 0.8 - abs(epoch - BEST) / 20,
        "learning_rate": 0.01 / epoch,
        "seconds": 10.25 + epoch,
    }
    for epoch in range(1, 6)
]
CHANGES = {"validation_fraction": 0.1, "restore_best_weights": True, "test_each_epoch": False}


class Whole(NamedTuple):
    """A run with its data, and its page as text and read."""

    run: Run
    parts: Parts
    html: str
    page: Page


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """The cache of the whole page, with the baselines that were measured for it."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def whole(tmp_path_factory, cache):
    folder, parts = tmp_path_factory.mktemp("whole"), draw_parts()
    run = write_run(
        folder / "a run", "my-own", parts=parts, changes=CHANGES, history=HISTORY, margin=4,
        weak=True,
    )  # fmt: skip
    give_portable(give_explanation(give_robustness(run), parts), parts, temperature=TEMPERATURE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONLAB_CACHE", str(cache))
        out = write_page(run, folder / "page.html", parts, notes=["A <quick> look."])
    html = out.read_text(encoding="utf-8")
    return Whole(run, parts, html, Page(html))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
