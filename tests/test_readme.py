"""What README and docs say is what the results say."""

from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.docs import readme, training_tables

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", readme.PAGES)
def test_the_tables_are_those_of_the_results(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in text for name in readme.PAGES[page])
    assert readme.filled(page, text) == text


def test_a_page_without_a_tables_markers_is_refused():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    damaged = text.replace("<!-- end of report_systems -->", "")
    with pytest.raises(SystemExit, match=r"README\.md must hold"):
        readme.filled("README.md", damaged)


def test_a_recipe_with_a_seed_left_out_is_refused(monkeypatch):
    rows = [row for row in tables.read("accuracy") if row["recipe"] == "net" and row["seed"] == "0"]
    monkeypatch.setattr(tables, "read", lambda name: [{**rows[0], "seed": s} for s in "02"])
    with pytest.raises(SystemExit, match=r"all seeds from 0 of net; received \[0, 2\]"):
        training_tables.accuracy()
