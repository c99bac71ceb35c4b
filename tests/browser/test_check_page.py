"""The page of a check in a browser: wide and narrow, light and dark, printed."""

import pytest
from playwright.sync_api import expect

from fashionlab.data.check import check
from fashionlab.data.synthetic import draw
from fashionlab.report.check import write_check

from .conftest import violations

READY = "footer"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The file's address of a page with findings of each severity."""
    train, test = draw(200, 60)
    test.images[3] = train.images[5]
    train.images[20] = train.images[4]
    train.images[20].flat[0] ^= 32
    train.images[7] = 0
    train.images[8] = train.images[9]
    return write_check(
        check((train, test)), tmp_path_factory.mktemp("check") / "page.html"
    ).as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, address, scheme):
    with opened(address, ready=READY, color_scheme=scheme) as page:
        assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(opened, address, width):
    with opened(address, ready=READY, viewport={"width": width, "height": 900}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_printed_are_all_sections(opened, address):
    with opened(address, ready=READY) as page:
        page.emulate_media(media="print")
        expect(page.locator("nav")).to_be_hidden()
        for section in page.locator("main > section").all():
            expect(section).to_be_visible()
