"""The page of a study in a browser: axe, widths, marks, sorting, and without a script."""

import pytest
from playwright.sync_api import expect
from studies import random_study

from fashionlab.report.study import write_study_page

from .conftest import violations

READY = "footer"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    made = random_study(12, seed=9, two=True)
    return write_study_page(made, tmp_path_factory.mktemp("study") / "page.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(opened, address, width, scheme):
    size = {"viewport": {"width": width, "height": 900}}
    with opened(address, ready=READY, color_scheme=scheme, **size) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("svg .tip").first.focus()
        expect(page.locator("#tip")).to_contain_text("Trial")
        assert violations(page) == []
        head = page.locator("#trials thead th", has_text="Training").first
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "descending"


def test_without_a_script_all_sections_are_there(opened, address):
    with opened(address, ready=READY, java_script_enabled=False) as page:
        assert page.locator("main > section").count() == 7
        for section in page.locator("main > section").all():
            expect(section).to_be_visible()
