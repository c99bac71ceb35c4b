"""A picture comes in by file, clipboard, drop, camera, drawing or as a test image; keys suffice."""

import base64

import numpy as np
from playwright.sync_api import expect

from .conftest import garment, headline, pixels, says, seen, uploaded

GIVE = """([kind, text]) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], "pullover.png", { type: "image/png" }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: carried, bubbles: true })
        : new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


def give(page, kind, content):
    page.evaluate(GIVE, [kind, base64.b64encode(content).decode()])


def test_an_uploaded_photo_gets_the_answer_that_python_gives(page, models):
    content = garment()
    page.set_input_files("#file", uploaded(content))
    expected = models[0].predictor.predict(content)
    card = says(page, "tiny", headline(expected))
    assert np.array_equal(seen(page), expected.seen)
    for note in expected.notes:
        expect(card.locator(".notes")).to_contain_text(note)
    expect(page.locator("#preview")).to_be_visible()


def test_a_pasted_picture_is_taken(page, models):
    content = garment(cloth=(150, 30, 30))
    give(page, "paste", content)
    says(page, "tiny", headline(models[0].predictor.predict(content)))


def test_pasting_text_says_that_there_is_no_picture(page):
    page.evaluate(
        """() => document.body.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: new DataTransfer(), bubbles: true }))"""
    )
    expect(page.locator("#line")).to_contain_text("no picture on the clipboard")


def test_a_dropped_picture_is_taken_and_the_page_says_where(page, models):
    content = garment(ground=(0, 0, 0), cloth=(220, 220, 220))
    give(page, "dragenter", content)
    expect(page.locator("#veil")).to_be_visible()
    give(page, "drop", content)
    expect(page.locator("#veil")).to_be_hidden()
    says(page, "tiny", headline(models[0].predictor.predict(content)))


def test_a_file_that_is_no_picture_is_refused_in_one_line(page):
    page.set_input_files("#file", uploaded(b"not a picture", "a.png"))
    expect(page.locator("#line p")).to_have_text(
        "This file cannot be read as a picture. Use a PNG, JPEG or WebP."
    )


def test_a_format_that_only_browsers_read_is_turned_into_png(page):
    page.set_input_files("#file", uploaded(garment(kind="GIF"), "a.gif", "image/gif"))
    card = says(page, "tiny", "%")
    expect(card.locator(".notes")).to_contain_text("turned from GIF into PNG in the browser")


def test_a_test_image_is_seen_as_it_is_and_its_label_is_told(page, models):
    label, image = models[0].predictor.metadata.examples[3]
    page.locator("#samples button").nth(3).click()
    card = says(page, "tiny", headline(models[0].predictor.predict(image)))
    assert np.array_equal(seen(page), image)
    name = models[0].predictor.class_names[label]
    expect(card.locator(".why")).to_contain_text(f"Labelled “{name}”.")


def draw(page, *places):
    box = page.locator("#paper").bounding_box()
    for i, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def drawn(page):
    """(280, 280) uint8: the paper."""
    return pixels(page, "#paper")


def test_a_drawing_by_mouse_is_answered_mirrored_undone_and_cleared(page):
    page.get_by_role("tab", name="Draw").click()
    page.get_by_text("Mirror").click()
    draw(page, (0.3, 0.2), (0.3, 0.8))
    says(page, "tiny", "%")
    paper = drawn(page)
    assert paper.max() == 255
    assert np.abs(np.int16(paper) - paper[:, ::-1]).mean() < 2
    page.get_by_role("button", name="Undo").click()
    assert drawn(page).max() == 0
    draw(page, (0.3, 0.2), (0.6, 0.8))
    page.get_by_role("button", name="Clear").click()
    assert drawn(page).max() == 0
    page.get_by_role("button", name="Undo").click()  # of the clearing
    assert drawn(page).max() == 255


def test_the_brush_has_sizes_the_eraser_erases_and_an_outline_can_be_filled(page):
    page.get_by_role("tab", name="Draw").click()
    areas = []
    for size in ("Thin", "Medium", "Thick"):
        page.get_by_label(size, exact=True).check()
        draw(page, (0.2, 0.2), (0.8, 0.2))
        areas.append((drawn(page) > 127).sum())
    assert areas[0] < areas[1] < areas[2]
    page.get_by_label("Eraser", exact=True).check()
    draw(page, (0.2, 0.2), (0.8, 0.2))
    assert (drawn(page) > 127).sum() < 300  # the round ends of the thick brush overlap
    page.get_by_label("Brush", exact=True).check()
    page.get_by_label("Thin", exact=True).check()
    draw(page, (0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3))
    page.get_by_label("Fill", exact=True).check()
    draw(page, (0.5, 0.5))
    inside = drawn(page)[85:195, 85:195]
    assert inside.min() > 250


def test_strokes_go_on_with_one_picture_in_the_gallery(page):
    page.get_by_role("tab", name="Draw").click()
    for x in (0.3, 0.5, 0.7):
        draw(page, (x, 0.2), (x, 0.8))
        says(page, "tiny", "%")
        page.wait_for_timeout(450)  # the pause after which the models are asked
    expect(page.locator(".tile")).to_have_count(1)


def test_the_camera_shoots_and_is_off_afterwards(opened, service):
    with opened(service.url, permissions=["camera"]) as page:
        page.get_by_role("tab", name="Camera").click()
        page.get_by_role("button", name="Start the camera").click()
        page.wait_for_function("() => document.getElementById('video').videoWidth > 0")
        page.get_by_role("button", name="Take the picture").click()
        page.wait_for_selector(".card.filled")
        track = page.evaluate_handle("document.getElementById('video').srcObject.getTracks()[0]")
        assert track.evaluate("(track) => track.readyState") == "live"
        page.get_by_role("tab", name="Draw").click()
        assert track.evaluate("(track) => track.readyState") == "ended"


def test_a_refused_camera_is_a_friendly_line(page):
    page.get_by_role("tab", name="Camera").click()
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException("no", "NotAllowedError")); }"""
    )
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#line")).to_contain_text("or choose a photo")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_the_keyboard_alone_reaches_tabs_paper_samples_models_and_gallery(page):
    press(page, "Tab")
    expect(page.locator(".skip")).to_be_focused()
    press(page, "Tab", "ArrowRight", "ArrowRight")
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    press(page, "Tab")
    expect(page.locator("#paper")).to_be_focused()
    press(page, "Space", *["ArrowDown"] * 6, *["ArrowRight"] * 4, "Space")
    says(page, "tiny", "%")
    assert (drawn(page) > 127).sum() > 100 * 18
    press(page, "Control+z")
    assert drawn(page).max() == 0
    for _ in range(12):
        press(page, "Tab")
        if page.evaluate("document.activeElement.closest('#samples') !== null"):
            break
    press(page, "Enter")
    expect(page.locator("#announce")).to_contain_text("tiny: ")
    expect(page.locator("#preview")).to_be_visible()
    page.locator("#models input").nth(1).focus()
    press(page, "Space")
    says(page, "soft", "%")
    tile = page.locator(".tile").first
    tile.focus()
    press(page, "Tab", "Enter")  # its delete button
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".tile").first).to_be_focused()


def test_what_is_focused_can_be_seen(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    style = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{style}.outlineStyle") == "solid"
    assert float(page.evaluate(f"{style}.outlineWidth").removesuffix("px")) >= 2
