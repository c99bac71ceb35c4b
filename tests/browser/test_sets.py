"""Prediction sets on the page: at each level, in each class, with what they promise."""

import pytest
from playwright.sync_api import expect
from portable_model import scored_model, tiny_model

from .conftest import says
from .test_layout import PHONE, TARGETS

CONTENTS = (scored_model(temperature=3.0), tiny_model(name="before"))
LEVELS = {0.9: "90\u00a0in\u00a0100", 0.95: "95\u00a0in\u00a0100", 0.99: "99\u00a0in\u00a0100"}
FEW = {0.9: "10\u00a0in\u00a0100", 0.95: "5\u00a0in\u00a0100", 0.99: "1\u00a0in\u00a0100"}


@pytest.fixture
def page(opened, site):
    with opened(site[0]) as page:
        yield page


def line(classes, level, by_class):
    """The words of sets.js for a set of Python's."""
    if not classes:
        images = "images of each class" if by_class else "images of the classes"
        return f"No class is likely enough: fewer than {FEW[level]} {images} look like this."
    *some, last = classes
    named = f"{', '.join(some)} or {last}" if some else last
    return f"{named}: {LEVELS[level]} such sets hold the truth{', in each class' * by_class}."


def choose(page, level):
    page.get_by_role("radio", name=LEVELS[level]).check()


def test_the_set_is_pythons_at_every_level_also_in_each_class_and_where_it_is_empty(page, site):
    model = site[1][0]
    sizes = set()
    for number, (_, image) in enumerate(model.metadata.examples):
        expected = model.predict(image)
        if expected.verdict == "none_of_these":
            continue
        page.locator("#samples button").nth(number).click()
        card = says(page, "tiny", "%")
        for by_class in (False, True):
            page.get_by_role("switch", name="In each class").set_checked(by_class)
            for level in LEVELS:
                choose(page, level)
                classes = expected.set(level, by_class)
                expect(card.locator(".set-line")).to_have_text(line(classes, level, by_class))
                sizes.add(len(classes))
    assert {0, 1, 2, 3} <= sizes


def test_it_stands_at_95_in_100_until_another_is_chosen_which_outlasts_a_reload(page, site):
    model = site[1][0]
    page.locator("#samples button").first.click()
    expected = model.predict(model.metadata.examples[0][1])
    card = says(page, "tiny", "%")
    expect(card.locator(".set-line")).to_have_text(line(expected.set(), 0.95, False))
    choose(page, 0.99)
    page.get_by_role("switch", name="In each class").check()
    page.reload()
    page.locator(".tile").click()
    expect(page.get_by_role("radio", name=LEVELS[0.99])).to_be_checked()
    expect(page.get_by_role("switch", name="In each class")).to_be_checked()
    wanted = line(expected.set(0.99, True), 0.99, True)
    expect(says(page, "tiny", "%").locator(".set-line")).to_have_text(wanted)


def test_what_breaks_the_promise_is_said_and_stays_open(page):
    page.locator("#samples button").first.click()
    card = says(page, "tiny", "%")
    card.get_by_text("What can break it").click()
    text = card.locator(".set details p")
    expect(text).to_contain_text("Photos that differ from what the model was measured on")
    expect(text).to_contain_text("images of synthetic, held out of training")
    choose(page, 0.9)
    expect(text).to_be_visible()


def test_by_keyboard_a_level_is_chosen_heard_and_the_focus_stays(page, site):
    model = site[1][0]
    page.locator("#samples button").nth(5).click()
    expected = model.predict(model.metadata.examples[5][1])
    card = says(page, "tiny", "%")
    page.get_by_role("radio", name=LEVELS[0.95]).focus()
    page.keyboard.press("ArrowRight")
    said = line(expected.set(0.99), 0.99, False)
    expect(card.locator(".set-line")).to_have_text(said)
    expect(page.locator("#announce")).to_have_text(f"tiny: {said}")
    expect(page.get_by_role("radio", name=LEVELS[0.99])).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("switch", name="In each class")).to_be_focused()
    page.keyboard.press("Space")
    said = line(expected.set(0.99, True), 0.99, True)
    expect(page.locator("#announce")).to_have_text(f"tiny: {said}")


def test_next_to_a_model_without_sets_only_the_other_has_one(page):
    page.get_by_role("checkbox", name="before").check()
    page.locator("#samples button").first.click()
    expect(says(page, "tiny", "%").locator(".set-line")).to_have_count(1)
    expect(says(page, "before", "%").locator(".set-line")).to_have_count(0)
    page.get_by_role("checkbox", name="tiny").uncheck()
    expect(page.locator("#sets-part")).to_be_hidden()


def test_on_a_phone_the_levels_are_on_one_line_and_nothing_scrolls_sideways(opened, site):
    with opened(site[0], **PHONE) as page:
        page.locator("#samples button").first.tap()
        card = says(page, "tiny", "%")
        card.locator(".set summary").tap()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        labels = page.locator("#levels label")
        assert len({round(label.bounding_box()["y"]) for label in labels.all()}) == 1
        for target in page.locator(f"{TARGETS}, .set summary").all():
            box = target.bounding_box()
            assert box is None or min(box["width"], box["height"]) >= 40
