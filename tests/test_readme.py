"""What README and docs say is what the results say, and the benchmarks they name exist."""

import re
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
    start, end = "<!-- report_systems -->", "<!-- end of report_systems -->"
    before, table = text.split(start)[0], text.split(start)[1].split(end)[0]
    for damaged in (text.replace(end, ""), text.replace(table, "\n"), before):
        with pytest.raises(SystemExit, match=r"README\.md must hold"):
            readme.filled("README.md", damaged)


def test_a_recipe_with_a_seed_left_out_is_refused(monkeypatch):
    rows = [row for row in tables.read("accuracy") if row["recipe"] == "net" and row["seed"] == "0"]
    monkeypatch.setattr(tables, "read", lambda name: [{**rows[0], "seed": s} for s in "02"])
    with pytest.raises(SystemExit, match=r"all seeds from 0 of net; received \[0, 2\]"):
        training_tables.accuracy()


def test_every_benchmark_that_a_text_names_exists():
    texts = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile")]
    texts += [*(ROOT / "docs").glob("*.md"), *(ROOT / "src").rglob("*.py")]
    texts += [path for path in (ROOT / "benchmarks").rglob("*") if path.suffix in {".py", ".sh"}]
    found = {
        name.replace(".", "/") if name.startswith("benchmarks.") else name
        for path in texts
        for name in re.findall(
            r"\bbenchmarks/[\w/.-]*\w|(?<=-m )benchmarks\.[\w.]*\w",
            path.read_text(encoding="utf-8"),
        )
    }
    assert {"benchmarks/engine/checkpoint_cost", "benchmarks/speed/peers.sh"} <= found
    missing = [n for n in found if not any((ROOT / f"{n}{end}").exists() for end in ("", ".py"))]
    assert missing == []


PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link
