"""None of these, Unsure and Nothing found are told apart by everybody, with either back end."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect
from portable_model import COLOUR_TEST, colour_model, scored_model, tiny_model

from fashionlab.images.segment import NOTHING

from .conftest import BACK_ENDS, garment, headline, hosted, says, uploaded

CONTENTS = (
    scored_model(),
    scored_model(name="strict", temperature=3.0, threshold=0.99),
    tiny_model(name="before"),
)
BRIGHT = garment()  # to the models with a score, unlike all of their garments
EMPTY = garment(cloth=(240, 238, 235))
FILL = "(bar) => getComputedStyle(bar).backgroundImage"
SIGN = "(said) => getComputedStyle(said, '::before').maskImage"


@pytest.fixture
def page(opened, site):
    with opened(site[0]) as page:
        yield page


def only(page, name):
    """Let one model answer."""
    page.get_by_role("checkbox", name=name).check()
    for other in {"tiny", "strict", "before"} - {name}:
        page.get_by_role("checkbox", name=other).uncheck()


def sentence(reason):
    return f"{reason[0].upper()}{reason[1:]}."


def test_none_of_these_has_its_score_its_limit_and_the_reason_and_no_class_in_sight(page, site):
    page.set_input_files("#file", uploaded(BRIGHT))
    expected = site[1][0].predict(BRIGHT)
    assert expected.verdict == "none_of_these"
    card = says(page, "tiny", "None of these")
    expect(card.locator(".why")).to_have_text(
        f"This picture is unlike those that the model has learned from. {sentence(expected.reason)}"
    )
    scale = card.get_by_role("img", name="Outlier score")
    label = f"Outlier score {expected.score:.2f}, above the limit of 0.00."
    expect(scale).to_have_attribute("aria-label", label)
    expect(card.locator(".ends")).to_contain_text("limit 0.00")
    mark, strip = (part.bounding_box() for part in (scale.locator(".mark"), scale))
    assert mark["x"] > strip["x"] + strip["width"] / 2 + 10
    expect(card.locator(".set-line")).to_have_count(0)
    assert not any(row.is_visible() for row in card.locator(".bars li").all())
    assert not set(expected.class_names) & set(card.inner_text().split("\n"))
    card.get_by_text("What it would be among these classes").click()
    expect(card.locator(".bars li")).to_have_count(10)
    expect(card.locator(".bars li").first).to_be_visible()
    expect(page.locator("#announce")).to_contain_text("tiny: None of these. This picture is unlike")
    page.get_by_role("switch", name="What mattered").check()
    expect(card.locator(".mattered-text")).to_have_text(
        "It saw no class that a part could matter for."
    )
    page.set_input_files("#file", uploaded(BRIGHT))  # again: it is folded away again
    expect(page.locator(".tile")).to_have_count(2)
    expect(card.locator(".bars li").first).to_be_hidden()


def test_unsure_has_its_reason_the_nearest_class_and_muted_bars_and_no_score(page, site):
    only(page, "strict")
    page.locator("#samples button").nth(3).click()
    model = site[1][1]
    expected = model.predict(model.metadata.examples[3][1])
    assert expected.verdict == "unsure"
    card = says(page, "strict", "Unsure")
    expect(card.locator(".why")).to_contain_text(sentence(expected.reason))
    expect(card.locator(".why")).to_contain_text(f"the nearest is “{expected.class_name}”")
    expect(card.locator(".scale")).to_have_count(0)
    expect(card.locator(".bars li").first).to_be_visible()
    expect(card.locator(".bars .name").first).to_have_text(expected.class_name)
    assert "repeating" in card.locator(".bars i").first.evaluate(FILL)
    expect(page.locator("#announce")).to_contain_text("strict: Unsure. No class stands out")
    only(page, "tiny")
    card = says(page, "tiny", "%")
    assert "repeating" not in card.locator(".bars i").first.evaluate(FILL)


def test_nothing_found_is_a_third_thing(page, site):
    page.set_input_files("#file", uploaded(EMPTY))
    assert site[1][0].predict(EMPTY).verdict == "not_found"
    card = says(page, "tiny", "Nothing found")
    expect(card.locator(".why")).to_have_text(sentence(NOTHING))
    for part in (".scale", ".set-line"):
        expect(card.locator(part)).to_have_count(0)
    expect(card.locator(".bars li").first).to_be_hidden()
    expect(page.locator("#announce")).to_contain_text(f"tiny: Nothing found. {sentence(NOTHING)}")


def test_each_verdict_has_a_sign_of_its_own_on_card_and_tile(page):
    only(page, "strict")
    signs = {}
    for name, content in (("None of these", BRIGHT), ("Nothing found", EMPTY), ("Unsure", None)):
        if content:
            page.set_input_files("#file", uploaded(content))
        else:
            page.locator("#samples button").first.click()
        card = says(page, "strict", name)
        signs[name] = card.locator(".said").evaluate(SIGN)
        tile = page.locator(".tile .caption").first
        expect(tile).to_have_text(name)
        assert tile.evaluate(SIGN) == signs[name]
    assert len(set(signs.values())) == 3
    assert all(re.search(r"\w+\.svg", sign) for sign in signs.values())
    only(page, "tiny")
    assert says(page, "tiny", "%").locator(".said").evaluate(SIGN) == "none"


def test_a_model_without_score_and_sets_answers_as_before(page, site):
    only(page, "before")
    page.set_input_files("#file", uploaded(BRIGHT))
    card = says(page, "before", headline(site[1][2].predict(BRIGHT)))
    for part in (".scale", ".set-line"):
        expect(card.locator(part)).to_have_count(0)
    expect(page.locator("#sets-part")).to_be_hidden()


def test_a_kept_answer_says_the_same_again_also_one_of_before_there_were_verdicts(page):
    page.set_input_files("#file", uploaded(BRIGHT))
    says(page, "tiny", "None of these")
    expect(page.locator(".tile")).to_have_count(1)
    page.reload()
    expect(page.locator(".tile .caption")).to_have_text("None of these")
    page.locator(".tile").click()
    expect(says(page, "tiny", "None of these").locator(".scale")).to_have_count(1)
    words = """async (reasons) => {
        const { headline } = await import("./words.js");
        const answer = { class_name: "Coat", probability: 0.9 };
        return reasons.map((reason) => headline({ ...answer, known: !reason, reason }));
    }"""
    found = page.evaluate(words, ["", NOTHING, "its most probable class has 40%"])
    assert found == ["Coat, 90\u00a0%", "Nothing found", "Unsure"]


def test_by_keyboard_the_folded_classes_open_and_close(page):
    page.set_input_files("#file", uploaded(BRIGHT))
    card = says(page, "tiny", "None of these")
    card.locator(".folded summary").focus()
    page.keyboard.press("Enter")
    expect(card.locator(".bars li").first).to_be_visible()
    page.keyboard.press("Space")
    expect(card.locator(".bars li").first).to_be_hidden()


def test_on_paper_there_is_the_answer_and_what_was_folded_away_stays_so(page):
    page.set_input_files("#file", uploaded(BRIGHT))
    card = says(page, "tiny", "None of these")
    page.emulate_media(media="print")
    for part in ("#controls", ".tried", "#samples-part", "#choose"):
        expect(page.locator(part)).to_be_hidden()
    expect(card.locator(".scale")).to_be_visible()
    expect(card.locator(".bars li").first).to_be_hidden()
    page.emulate_media(media="screen")
    page.locator("#samples button").first.click()
    card = says(page, "tiny", "%")
    page.emulate_media(media="print")
    expect(card.locator(".set details p")).to_be_visible()
    expect(card.locator(".bars li").last).to_be_visible()


def test_a_score_that_is_no_number_is_refused(opened, tmp_path):
    kernel = np.zeros(784)
    kernel[:2] = 3e38, -3e38
    image = np.zeros((28, 28), int)
    image[0, 0] = 255  # with the bias more than float32 can hold
    model = scored_model(kernel, bias=1e38)
    with hosted([model], "browser alone", tmp_path) as (url, _), opened(url) as page:
        message = page.evaluate(
            """async (pixels) => {
                const api = await import("./api.js");
                return api.predict("tiny", { pixels }).catch((error) => error.message);
            }""",
            image.tolist(),
        )
    assert message == "tiny does not give an outlier score of this picture."


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_classes_whose_names_are_numbers_stand_by_probability(back_end, opened, tmp_path):
    names = tuple(str(k) for k in range(COLOUR_TEST.classes))
    model = colour_model(name="digits", class_names=names, temperature=3.0)
    with hosted([model], back_end, tmp_path) as (url, (predictor,)), opened(url) as page:
        examples = predictor.metadata.examples
        best = [predictor.predict(image).index for _, image in examples]
        number = best.index(max(best))
        page.locator("#samples button").nth(number).click()
        card = says(page, "digits", f"{max(best)}, ")
        wanted = [name for name, _ in predictor.predict(examples[number][1]).top()]
        expect(card.locator(".bars .name")).to_have_text(wanted)
