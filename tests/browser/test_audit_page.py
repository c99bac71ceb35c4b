"""The page of an audit in a browser: decisions by keyboard, kept, exported, taken by --without."""

import numpy as np
import pytest

from fashionlab.data import Dataset
from fashionlab.data.suspects import COLUMNS, image_hash, read_suspects
from fashionlab.report.audit import Neighbour, Suspect, render_audit

from .conftest import violations

NAMES = ("coat", 'the "dress", red', "bag")
REFUSED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("no", "SecurityError"); },
});"""


@pytest.fixture(scope="module")
def part():
    rng = np.random.default_rng(0)
    return Dataset.from_arrays(rng.integers(0, 256, (8, 12, 12), np.uint8), np.arange(8) % 3, NAMES)


@pytest.fixture
def address(part, tmp_path):
    """The file's address of a page of six suspects."""
    suspects = []
    for i in range(6):
        image, given = part.images[i], int(part.labels[i])
        cells = dict.fromkeys(COLUMNS, "") | {
            "rank": i + 1,
            "part": "train",
            "index": i,
            "given_label": NAMES[given],
            "suspect": "yes",
            "part_sha256": part.sha256,
            "image_sha256": image_hash(image),
        }
        near = [Neighbour(part.images[7], 1, "train 7")]
        said = f"Numbers of {i}."
        suspects.append(Suspect(image, f"train {i}", given, (given + 1) % 3, said, near, cells))
    examples = [[part.images[k]] for k in range(3)]
    page = render_audit(
        suspects, examples, class_names=NAMES, title="Labels", lead="6", command="x", key="abc"
    )
    path = tmp_path / "audit.html"
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def audit_page(opened, address):
    with opened(address, ready="#name:not(:empty)") as page:
        yield page


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def exported(page, tmp_path):
    with page.expect_download() as begun:
        page.click("#export")
    path = tmp_path / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def test_keys_decide_and_the_next_one_is_shown(audit_page):
    page = audit_page
    assert page.inner_text("#name") == "train 0, 1 of 6"
    assert page.is_disabled("#export") and page.is_disabled("#undo")
    press(page, "1", "2", "3", "4")
    assert page.inner_text("#name") == "train 4, 5 of 6"
    expected = "4 of 6 decided: 1 wrong, 1 ambiguous, 1 broken, 1 sound"
    assert page.inner_text("#standing") == expected
    marks = page.eval_on_selector_all(".grid a", "(all) => all.map((a) => a.dataset.is ?? '')")
    assert marks == ["wrong", "ambiguous", "broken", "sound", "", ""]
    press(page, "ArrowLeft", "ArrowLeft")
    assert page.inner_text("#decided") == "Decided: broken"
    assert page.get_attribute('[data-decision="broken"]', "aria-pressed") == "true"
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    assert page.inner_text("#name") == "train 5, 6 of 6"
    assert page.is_disabled("#next")


def test_undo_takes_back_the_last_change_and_shows_it(audit_page):
    page = audit_page
    press(page, "1", "4", "u")
    assert page.inner_text("#name") == "train 1, 2 of 6"
    assert page.inner_text("#standing") == "1 of 6 decided: 1 wrong"
    press(page, "Control+z")
    assert page.inner_text("#name") == "train 0, 1 of 6"
    assert page.inner_text("#standing") == "0 of 6 decided" and page.is_disabled("#undo")


def test_a_picture_of_the_grid_shows_its_suspect(audit_page):
    audit_page.click('.grid a[data-at="3"]')
    assert audit_page.inner_text("#name") == "train 3, 4 of 6"
    assert audit_page.inner_text("#given") == NAMES[0]
    assert audit_page.inner_text("#numbers") == "Numbers of 3."
    assert "train 7" in audit_page.inner_text("#near")


def test_decisions_are_kept_and_exported_for_without(audit_page, part, tmp_path):
    page = audit_page
    page.select_option("#likely", label=NAMES[2])
    press(page, "1", "2", "3")
    page.reload()
    assert page.inner_text("#standing") == "3 of 6 decided: 1 wrong, 1 ambiguous, 1 broken"
    assert page.inner_text("#name") == "train 3, 4 of 6"  # the first one that is undecided
    path = exported(page, tmp_path)
    listed = read_suspects(path)
    assert listed.indices("train", part.sha256, 8).tolist() == [0, 2]
    assert len(listed.kept(part)) == 6
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert f"wrong,{NAMES[2]}," in text.splitlines()[1]
    assert '"the ""dress"", red"' in text.splitlines()[2]


@pytest.mark.parametrize("stored", ["{", "[1]", "null", '{"0": null}', '{"0": {"decision": "x"}}'])
def test_what_another_has_written_there_is_passed_over(opened, address, stored):
    with opened(address, ready="#name:not(:empty)") as page:
        page.evaluate("(text) => localStorage.setItem('fashionlab-audit-abc', text)", stored)
        page.reload()
        assert page.inner_text("#standing") == "0 of 6 decided"
        assert page.is_hidden("#forgetful")
        press(page, "1")
        assert page.inner_text("#standing") == "1 of 6 decided: 1 wrong"


def test_it_works_and_says_so_where_the_browser_keeps_nothing(browser, address, tmp_path):
    context = browser.new_context()
    context.add_init_script(REFUSED)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#name:not(:empty)")
    assert page.is_visible("#forgetful")
    press(page, "1", "3")
    assert page.inner_text("#standing") == "2 of 6 decided: 1 wrong, 1 broken"
    assert len(read_suspects(exported(page, tmp_path)).images) == 2
    assert complaints == []
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(opened, address, width):
    with opened(
        address, ready="#name:not(:empty)", viewport={"width": width, "height": 900}
    ) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_printed_are_the_suspects_with_their_decisions(audit_page):
    press(audit_page, "1")
    audit_page.emulate_media(media="print")
    assert audit_page.is_hidden("#decide") and audit_page.is_visible("#suspects")
    after = "(a) => getComputedStyle(a, '::after').content"
    assert audit_page.eval_on_selector(".grid a", after) == '"wrong"'


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, address, scheme):
    with opened(address, ready="#name:not(:empty)", color_scheme=scheme) as page:
        assert violations(page) == []
        press(page, "1", "2", "3", "4")
        assert violations(page) == []
