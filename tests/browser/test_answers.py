"""What the page tells: several models side by side, probabilities as text, what mattered."""

import numpy as np
from playwright.sync_api import expect

from .conftest import garment, headline, says, uploaded


def test_all_chosen_models_answer_side_by_side_each_with_its_accuracy(page, models):
    content = garment()
    for name in ("soft", "never"):
        page.get_by_role("checkbox", name=name).check()
    page.set_input_files("#file", uploaded(content))
    for model in models:
        card = says(page, model.name, headline(model.predictor.predict(content)))
        expect(card.locator(".trust")).to_contain_text("90.0\u00a0% of 100 test images correct")
        expect(card.locator(".trust")).to_contain_text("interval 80.0 to 95.0")
    lefts = [page.locator(".card").nth(i).bounding_box()["x"] for i in range(3)]
    assert lefts == sorted(set(lefts))


def test_the_choice_of_models_outlasts_a_reload_and_one_always_stays(page):
    page.get_by_role("checkbox", name="soft").check()
    page.get_by_role("checkbox", name="tiny").uncheck()
    page.reload()
    expect(page.get_by_role("checkbox", name="soft")).to_be_checked()
    expect(page.get_by_role("checkbox", name="tiny")).not_to_be_checked()
    page.get_by_role("checkbox", name="soft").click()
    expect(page.get_by_role("checkbox", name="soft")).to_be_checked()


def test_every_probability_is_a_text_beside_its_bar(page, models):
    page.get_by_role("checkbox", name="never").check()
    _, image = models[2].predictor.metadata.examples[0]
    page.locator("#samples button").first.click()
    card = says(page, "never", "Unsure")
    card.locator("summary").click()
    rows = card.locator(".bars li")
    expect(rows).to_have_count(10)
    expected = models[2].predictor.predict(image).top()
    for row, (name, p) in zip(rows.all(), expected, strict=True):
        expect(row.locator(".name")).to_have_text(name)
        shown = float(row.locator(".value").inner_text().removesuffix("\u00a0%"))
        assert abs(shown - 100 * p) < 0.051
    expect(page.locator("#announce")).to_contain_text("never: Unsure.")


def test_what_mattered_lies_over_the_picture_with_a_sentence_and_a_slider(page, models):
    predictor = models[0].predictor
    maps = [
        predictor.occlusion(image, predictor.predict(image).index)
        for _, image in predictor.metadata.examples
    ]
    number = min(range(len(maps)), key=lambda i: maps[i].min())
    falls = maps[number]
    assert falls.min() < -0.01 < 0.01 < falls.max()  # some parts speak against the class
    page.locator("#samples button").nth(number).click()
    card = says(page, "tiny", "%")
    page.get_by_role("switch", name="What mattered").check()
    expect(card.locator(".heat")).to_be_visible()
    expected = np.maximum(falls, 0) / max(falls.max(), 0.01)
    alphas = page.evaluate(
        """() => Array.from(document.querySelector(".heat").getContext("2d")
            .getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 3)"""
    )
    assert np.abs(np.array(alphas).reshape(28, 28) / 255 - expected).max() < 0.01
    points = round(100 * float(falls.max()))
    text = f"up to {points}" if points else "No single part decides"
    expect(card.locator(".mattered-text")).to_contain_text(text)
    page.get_by_label("Strength of the overlay").fill("20")
    assert page.evaluate("getComputedStyle(document.querySelector('.heat')).opacity") == "0.2"
    page.get_by_role("switch", name="What mattered").uncheck()
    expect(card.locator(".heat")).to_have_count(0)


def test_a_question_about_an_earlier_picture_is_dropped_for_the_later_one(opened, service, models):
    with opened(service.url) as page:
        held, dropped = [], []
        page.on("requestfailed", lambda request: dropped.append(request.failure))
        page.route(
            "**/v1/predict**",
            lambda route: route.fallback() if held else held.append(route),
        )
        page.locator("#samples button").nth(0).click()
        expect(page.locator(".waiting")).to_have_count(1)
        page.locator("#samples button").nth(1).click()
        _, image = models[0].predictor.metadata.examples[1]
        says(page, "tiny", headline(models[0].predictor.predict(image)))
        expect(page.locator(".tile")).to_have_count(1)
        assert (len(held), dropped) == (1, ["net::ERR_ABORTED"])
