"""Phones, dark rooms, still pages, and enough contrast to read."""

import re

import pytest
from playwright.sync_api import expect

from fashionlab.page import site

from .conftest import garment, says, uploaded

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
TARGETS = "button, summary, #models label, .switch, .choices label, input[type=range]"
# text on background, and the least ratio of WCAG 2.1 AA: 4.5 for text, 3 for edges of controls
PAIRS = [
    ("ink", "ground", 4.5),
    ("ink", "surface", 4.5),
    ("ink", "soft", 4.5),
    ("ink", "raised", 4.5),
    ("muted", "ground", 4.5),
    ("muted", "surface", 4.5),
    ("muted", "track", 4.5),
    ("accent", "ground", 4.5),
    ("accent", "surface", 4.5),
    ("on-accent", "accent", 4.5),
    ("edge", "surface", 3),
    ("edge", "ground", 3),
    ("accent", "track", 3),
]


def test_on_a_phone_nothing_scrolls_sideways_and_targets_are_large(opened, service):
    with opened(service.url, **PHONE) as page:
        page.set_input_files("#file", uploaded(garment()))
        page.get_by_role("checkbox", name="never").check()
        page.get_by_role("switch", name="What mattered").check()
        says(page, "never", "Unsure")
        for tab in ("Photo", "Camera", "Draw"):
            page.get_by_role("tab", name=tab).tap()
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            small = page.evaluate(
                """(targets) => [...document.querySelectorAll(targets)]
                    .map((target) => [target.outerHTML, target.getBoundingClientRect()])
                    .filter(([_, { width, height }]) => width && (width < 40 || height < 40))
                    .map(([text, { width, height }]) => `${text} ${width} x ${height}`)""",
                TARGETS,
            )
            assert small == []
        columns = page.evaluate(
            "[...document.querySelectorAll('main > section')].map((s) => s.offsetLeft)"
        )
        assert len(set(columns)) == 1


def test_on_a_phone_the_answer_comes_into_sight(opened, service):
    with opened(service.url, **PHONE) as page:
        page.locator("#samples button").first.tap()
        says(page, "tiny", "%")
        expect(page.locator(".said")).to_be_in_viewport()


def test_on_a_phone_a_finger_draws_and_the_answer_is_beside_the_paper(opened, service):
    with opened(service.url, **PHONE) as page:
        page.get_by_role("tab", name="Draw").tap()
        page.locator("#paper").tap()
        expect(page.locator("#glimpse")).to_contain_text("tiny: ")
        expect(page.locator("#glimpse")).to_be_visible()


def test_a_dark_scheme_is_dark(opened, service):
    with opened(service.url, color_scheme="dark") as page:
        ground, ink = (
            page.evaluate(f"getComputedStyle(document.body).{name}")
            for name in ("backgroundColor", "color")
        )
        assert luminance(*map(int, re.findall(r"\d+", ground))) < 0.05
        assert luminance(*map(int, re.findall(r"\d+", ink))) > 0.7


def test_reduced_motion_moves_nothing(opened, service):
    with opened(service.url) as page:
        page.locator("#samples button").first.click()
        says(page, "tiny", "%")
        moving = page.evaluate(
            """() => [null, "::before"].flatMap((part) => [...document.querySelectorAll("*")]
                .map((element) => getComputedStyle(element, part).transitionDuration)
                .filter((duration) => duration !== "0s"))"""
        )
        assert moving == []


def luminance(*rgb):
    """Relative luminance of sRGB, WCAG 2.1."""
    shares = [c / 255 for c in rgb]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
    return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_contrast_as_wcag_aa_asks(scheme):
    blocks = re.findall(r":root \{(.*?)\}", site.service()["style.css"].decode(), re.DOTALL)
    found = re.findall(r"--([\w-]+): #(\w{6});", blocks[["light", "dark"].index(scheme)])
    colours = {name: luminance(*bytes.fromhex(value)) for name, value in found}
    low = {}
    for one, other, least in PAIRS:
        light, dark = sorted((colours[one], colours[other]), reverse=True)
        ratio = (light + 0.05) / (dark + 0.05)
        if ratio < least:
            low[one, other] = round(ratio, 2)
    assert low == {}
