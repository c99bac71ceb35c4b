"""A colour model next to a grey one: the page shows colours, sends them, and explains them."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from portable_model import colour_model, tiny_model

from .conftest import headline, says, uploaded

CONTENTS = (colour_model(name="colours"), tiny_model())


@pytest.fixture
def page(opened, site):
    with opened(site[0]) as page:
        yield page


def colours(page, selector):
    """(H, W, 3) uint8: the canvas."""
    url = page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.array(image.convert("RGB"))


def photo(colour, size=(300, 200), kind="PNG"):
    """A blot of a colour on black."""
    image = Image.new("RGB", size)
    image.paste(colour, tuple(x // 4 for x in size) + tuple(3 * x // 4 for x in size))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_a_sample_in_colour_is_shown_answered_and_explained(page, site):
    model = site[1][0]
    label, image = model.metadata.examples[3]
    np.testing.assert_array_equal(colours(page, "#samples li:nth-child(4) canvas"), image)
    page.locator("#samples button").nth(3).click()
    card = says(page, "colours", headline(model.predict(image)))
    np.testing.assert_array_equal(colours(page, ".card .seen canvas"), image)
    expect(card.locator(".why")).to_contain_text(model.class_names[label])
    page.get_by_role("switch", name="What mattered").check()
    expect(card.locator(".heat")).to_be_visible()
    falls = model.occlusion(image, model.predict(image).index)
    points = round(100 * float(falls.max()))
    text = f"up to {points}" if points else "No single part decides"
    expect(card.locator(".mattered-text")).to_contain_text(text)


@pytest.mark.parametrize("colour", [(90, 10, 10), (0, 50, 0), (10, 10, 160)])
def test_a_photo_is_seen_whole_and_in_colour(page, site, colour):
    content = photo(colour)
    page.set_input_files("#file", uploaded(content))
    expected = site[1][0].predict(content)
    card = says(page, "colours", headline(expected))
    found = colours(page, ".card .seen canvas")
    assert np.abs(found - expected.seen.astype(int)).max() <= 2
    assert np.abs(found[6, 7] - np.array(colour)).max() <= 10  # the kernel rings in a small blot
    expect(card.locator(".notes")).to_have_text("Before looking: whole picture, scaled to fit.")


def test_a_grey_model_next_to_it_gets_the_same_photo_and_prepares_it_in_its_own_way(page, site):
    page.get_by_role("checkbox", name="tiny").check()
    content = photo((160, 30, 30))
    page.set_input_files("#file", uploaded(content))
    for model in site[1]:
        card = says(page, model.metadata.name, headline(model.predict(content)))
        notes = "; ".join(model.predict(content).notes)
        expect(card.locator(".notes")).to_have_text(f"Before looking: {notes}.")


def test_a_sample_in_colour_is_a_picture_for_a_grey_model_of_another_size(page, site):
    page.get_by_role("checkbox", name="tiny").check()
    page.locator("#samples button").first.click()
    says(page, "colours", "%")
    expect(page.locator('.card[aria-label="Answer of tiny"] .saw')).to_have_text(
        "What it saw: 28 × 28 pixels"
    )


def test_a_kept_answer_is_shown_again_in_colour(page, site):
    image = site[1][0].metadata.examples[5][1]
    page.locator("#samples button").nth(5).click()
    says(page, "colours", "%")
    expect(page.locator(".tile")).to_have_count(1)
    page.reload()
    page.locator(".tile").click()
    says(page, "colours", headline(site[1][0].predict(image)))
    np.testing.assert_array_equal(colours(page, ".card .seen canvas"), image)


def test_the_advice_is_that_of_the_first_model(page, opened, service):
    expect(page.locator("#advice")).to_contain_text("The whole picture")
    expect(page.locator("#draw-advice")).to_be_hidden()
    with opened(service.url) as other:
        expect(other.locator("#advice")).to_contain_text("One garment on a plain background")
        expect(other.locator("#draw-advice")).not_to_have_attribute("hidden", "")
