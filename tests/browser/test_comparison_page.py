"""The page of a comparison in a browser: axe, widths, sorting and the images of differences."""

import pytest
from compared_runs import data_of, write_run
from playwright.sync_api import expect

from fashionlab.report import write_comparison

from .conftest import violations

READY = "footer"
RUNS = (("weak", 0, 1.5), ("weak", 1, 1.6), ("strong", 0, 2.5), ("strong, longer", 0, 2.4))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("comparison"), data_of(200)
    runs = [
        write_run(folder / f"run {number}", data, name, seed=seed, margin=margin)
        for number, (name, seed, margin) in enumerate(RUNS)
    ]
    return write_comparison(runs, folder / "page.html", data).as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(opened, address, width, scheme):
    size = {"viewport": {"width": width, "height": 900}}
    with opened(address, ready=READY, color_scheme=scheme, **size) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("svg .tip").first.focus()
        expect(page.locator("#tip")).to_be_visible()
        assert violations(page) == []


def test_a_table_sorts_by_its_numbers(opened, address):
    with opened(address, ready=READY) as page:
        table = page.locator("table.sortable").first
        head = table.locator("thead th", has_text="Accuracy").first
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        place = head.evaluate("(one) => one.cellIndex")
        cells = table.locator("tbody tr").evaluate_all(
            "(rows, place) => rows.map((row) => parseFloat(row.cells[place].textContent))", place
        )
        assert len(cells) == 3 and cells == sorted(cells, reverse=True)


def test_without_a_script_all_sections_are_there(opened, address):
    with opened(address, ready=READY, java_script_enabled=False) as page:
        for section in page.locator("main > section").all():
            expect(section).to_be_visible()
