"""The page of a run in a browser: read by eye, by keyboard, by program, and without its script."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from report_runs import draw_parts, give_explanation, give_portable, give_robustness, write_run
from served import served

from fashionlab.data import Parts
from fashionlab.portable import Predictor
from fashionlab.report import write_page
from fashionlab.serve.models import ServedModel

from .conftest import violations

READY = "footer"
NAMES = ("T-shirt", "<b>Coat</b>", 'the "dress"', "n" * 200)
PHONE = {"viewport": {"width": 390, "height": 800}}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    train, test = draw_parts(NAMES, (28, 28))
    files = tuple(f"<b>/{row} {'n' * (row % 90)}.jpg" for row in range(len(test)))
    parts = Parts(train, replace(test, files=files))
    folder = tmp_path_factory.mktemp("run") / "run"
    made = write_run(folder, "my-own", parts=parts, margin=1.5, weak=True, rate=True)
    give_portable(give_robustness(made), parts, temperature=1.2)
    return give_explanation(made, parts), parts


@pytest.fixture(scope="module")
def address(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONLAB_CACHE", str(folder / "cache"))
        return write_page(run[0], folder / "page.html", run[1]).as_uri()


@pytest.fixture
def page(opened, address):
    with opened(address, ready=READY) as page:
        yield page


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def shown_cell(page):
    return page.locator("#opened h3").inner_text()


@pytest.mark.parametrize(
    "given",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"color_scheme": "dark", **PHONE}],
    ids=["light", "dark", "narrow"],
)
def test_axe_finds_nothing_whatever_is_open(opened, address, given):
    with opened(address, ready=READY, **given) as page:
        assert violations(page) == []
        page.locator(".heat td a").first.click()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.locator("#curves svg .tip").first.focus()
        expect(page.locator("#tip")).to_be_visible()
        page.locator("svg.map").focus()
        press(page, "ArrowRight")
        expect(page.locator("#tip")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(opened, address, width):
    with opened(address, ready=READY, viewport={"width": width, "height": 900}) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.eval_on_selector_all(
            ".scroll caption",
            """(captions) => captions.map((one) => one.textContent).filter((_, n) =>
                captions[n].offsetWidth > captions[n].closest(".scroll").clientWidth)""",
        )
        assert wide == []  # a caption is read without scrolling its table sideways


def test_the_matrix_is_one_stop_of_tab_and_enter_opens_the_images_of_a_cell(page):
    page.locator('[aria-label="Confusion matrix"]').focus()
    press(page, "Tab")
    focused = "document.activeElement.getAttribute('href')"
    assert page.evaluate(focused) == "#cell-0-0"
    press(page, "ArrowRight")
    right = page.evaluate(focused)
    assert re.fullmatch("#cell-0-[123]", right)
    press(page, "Enter")
    title = page.locator(f'.heat a[href="{right}"]').get_attribute("title")
    assert shown_cell(page) == title
    times = int(re.search(r": (\d+) of", title)[1])
    assert page.locator("#opened .pic").count() == min(times, 40)
    assert page.locator(f'.heat a[href="{right}"]').get_attribute("aria-current") == "true"
    assert page.evaluate(focused) == right and "#cell" not in page.url
    press(page, "ArrowDown")
    assert page.evaluate(focused) != right
    press(page, "Tab")
    assert not page.evaluate("document.activeElement.matches('.heat a')")
    press(page, "Shift+Tab")
    assert page.evaluate("document.activeElement.matches('.heat a')")  # where it was left


def test_every_cell_can_be_reached_by_arrow_keys(page):
    cells = page.locator(".heat td a")
    cells.first.focus()
    seen = {page.evaluate("document.activeElement.getAttribute('href')")}
    for _ in range(4):
        for key in ("ArrowRight",) * 4 + ("ArrowLeft",) * 4 + ("ArrowDown",):
            press(page, key)
            seen.add(page.evaluate("document.activeElement.getAttribute('href')"))
    assert len(seen) == cells.count()


def test_a_drawing_is_one_stop_of_tab_and_its_marks_say_their_values(page):
    marks = page.locator("#curves figure").first.locator(".tip")
    assert [marks.nth(n).get_attribute("tabindex") for n in range(3)] == ["0", "-1", "-1"]
    marks.first.focus()
    tip = page.locator("#tip")
    for key, epoch in ((None, 1), ("ArrowRight", 2), ("End", 3), ("ArrowLeft", 2), ("Home", 1)):
        press(page, *([key] if key else []))
        expect(tip).to_contain_text(f"Epoch {epoch}: training ")
    press(page, "Escape")
    expect(tip).to_be_hidden()
    press(page, "ArrowRight", "Tab")
    assert not page.evaluate("document.activeElement.matches('#curves figure:first-child .tip')")


def test_pointing_at_a_mark_or_a_picture_says_what_it_is(page):
    tip = page.locator("#tip")
    page.locator("#calibration svg .tip").last.hover()
    expect(tip).to_contain_text("mean probability")
    sample = page.locator(".samples .pic").first
    sample.hover()
    expect(tip).to_have_text(sample.get_attribute("aria-label"))
    expect(tip).to_have_text(re.compile(r"^Test image (\d+), <b>/\1 n*\.jpg: "))
    assert tip.locator(".pic").count() == 1
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_the_map_shows_images_by_arrow_keys_and_under_the_pointer(page, run):
    tip = page.locator("#tip")
    page.locator("svg.map").focus()
    press(page, "ArrowRight")
    expect(tip).to_contain_text("Test image")
    first = tip.inner_text()
    assert re.search(r"^Test image (\d+), <b>/\1 n*\.jpg: ", first)
    assert re.search(r", predicted as .* with [\d.]+ %", first)  # errors first
    assert tip.locator(".pic").count() == 1 and page.locator(".map .here").count() == 1
    press(page, "ArrowRight")
    assert tip.inner_text() != first
    press(page, "ArrowLeft")
    assert tip.inner_text() == first
    press(page, "Escape")
    expect(tip).to_be_hidden()
    points = page.evaluate("data.points")
    box = page.locator("svg.map").bounding_box()
    x, y = points[7][:2]
    scale = box["width"] / 720
    page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
    expect(tip).to_contain_text("Test image")


def texts(page, table, number):
    return page.eval_on_selector_all(
        f"{table} tbody tr",
        "(rows, number) => rows.map((row) => row.cells[number].textContent)",
        number,
    )


def test_a_table_sorts_by_click_and_by_keyboard(page):
    table = "#classes table"
    heads = page.locator(f"{table} thead th")
    before = texts(page, table, 0)
    recall = heads.nth(2).locator("button")
    recall.click()
    assert heads.nth(2).get_attribute("aria-sort") == "descending"
    numbers = [float(text.split("\N{NO-BREAK SPACE}")[0]) for text in texts(page, table, 2)]
    assert numbers == sorted(numbers, reverse=True)
    recall.press("Enter")
    assert heads.nth(2).get_attribute("aria-sort") == "ascending"
    numbers = [float(text.split("\N{NO-BREAK SPACE}")[0]) for text in texts(page, table, 2)]
    assert numbers == sorted(numbers)
    heads.first.locator("button").press("Space")
    assert heads.first.get_attribute("aria-sort") == "ascending"
    assert heads.nth(2).get_attribute("aria-sort") is None
    names = texts(page, table, 0)
    assert sorted(names) == sorted(before) and names[0] == "<b>Coat</b>"
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    # The sums stay where they are.
    assert page.locator(f"{table} tfoot th").inner_text() == "Mean or sum"


def test_numbers_with_signs_commas_and_p_values_sort_as_numbers(page):
    rows = [
        "\u22121.50 points",
        "+10.25 points",
        "1,200",
        "p < 0.001",
        "p = 0.032",
        "\u2013",
        "0.5",
    ]
    page.evaluate(
        """(texts) => document.querySelector("#figures table tbody").replaceChildren(
            ...texts.map((text) => {
              const row = document.createElement("tr");
              row.innerHTML = "<th></th><td></td><td></td><td></td>";
              row.cells[2].textContent = text;
              return row;
            }))""",
        rows,
    )
    page.locator("#figures thead button").nth(2).click()
    page.locator("#figures thead button").nth(2).click()
    assert texts(page, "#figures table", 2) == [
        "\u22121.50 points", "p < 0.001", "p = 0.032", "0.5", "+10.25 points", "1,200", "\u2013",
    ]  # fmt: skip
    page.locator("#figures thead button").nth(2).click()
    assert texts(page, "#figures table", 2)[-1] == "\u2013"  # what is no number stays last


def test_without_a_script_all_is_there_and_a_cell_leads_to_its_images(opened, address):
    with opened(address, ready=READY, java_script_enabled=False) as page:
        link = page.locator(".heat td a").nth(1)
        target = link.get_attribute("href")
        link.click()
        images = page.locator(f"{target} .pic")
        expect(images.first).to_be_in_viewport()
        assert page.locator("th button").count() == 0
        for section in page.locator("main > section").all():
            expect(section).to_be_visible()


def test_a_still_page_is_asked_for_and_stays_still(page, opened, address):
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    assert page.evaluate(behaviour) == "auto"
    with opened(address, ready=READY, reduced_motion="no-preference") as moving:
        assert moving.evaluate(behaviour) == "smooth"


def test_printed_are_the_content_and_no_controls(page):
    page.locator(".heat td a").first.click()
    page.emulate_media(media="print")
    for gone in ("nav", "#opened", "#tip", ".all-cells", ".skip"):
        expect(page.locator(gone)).to_be_hidden()
    for section in page.locator("main > section").all():
        expect(section).to_be_visible()
    after = "(button) => getComputedStyle(button, '::after').display"
    assert page.locator("th button").first.evaluate(after) == "none"


def test_a_dark_page_is_dark_in_its_drawings_too(opened, address):
    colours = {}
    for scheme in ("light", "dark"):
        with opened(address, ready=READY, color_scheme=scheme) as page:
            colours[scheme] = [
                page.evaluate("getComputedStyle(document.body).backgroundColor"),
                page.locator("#curves svg text").first.evaluate(
                    "(one) => getComputedStyle(one).fill"
                ),
            ]
    for light, dark in zip(colours["light"], colours["dark"], strict=True):
        assert light != dark


def test_the_skip_link_leads_past_the_contents(page):
    press(page, "Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    press(page, "Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_it_works_as_the_service_sends_it(opened, run):
    made, _ = run
    predictor = Predictor(made.folder / "model.onnx", threads=1)
    with served([ServedModel("tiny", predictor, made.folder)]) as service:  # noqa: SIM117
        with opened(f"{service.url}reports/tiny", ready=READY) as page:
            page.locator("#classes thead button").nth(2).click()
            assert page.locator("#classes th[aria-sort]").count() == 1
            page.locator("svg.map").focus()
            press(page, "ArrowRight")
            expect(page.locator("#tip")).to_contain_text("Test image")
