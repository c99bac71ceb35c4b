"""The element of a drawing: safe, the same for the same numbers, in the page's colours."""

import re

import matplotlib
import pytest
from matplotlib.figure import Figure

from fashionlab.report.charts import curves, small_multiples
from fashionlab.report.charts.svg import BLUE, VARIABLES, Mark, element, shortened, styled

from .drawn import marks, texts, tree

HOSTILE = ["--></svg><script>", '" onload="x', "$x_1$ & <b>", "裤子", "\x00\x1b"]
ROWS = [
    {"epoch": n, "loss": 3 / n, "accuracy": 1 - 0.5 / n, "test_loss": 4 / n, "test_accuracy": 0.5}
    for n in range(1, 7)
]


@styled()
def drawing(name="plain", words=(), mark=None):
    figure = Figure(figsize=(4, 3))
    axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
    axes.plot([0, 10], [0, 100], color=BLUE)
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 100)
    for y, text in enumerate(words):
        axes.text(0, y, shortened(text))
    places = [Mark(axes, *one) for one in mark or ()]
    return element(figure, name, 'A <"drawing">', places)


def test_texts_of_a_drawing_are_text():
    svg = drawing(words=HOSTILE)
    written = texts(svg)
    for name in HOSTILE[:4]:
        assert name in written
    assert not list(tree(svg).iter("script")) and "onload" not in tree(svg).attrib
    assert tree(svg).get("aria-label") == 'A <"drawing">'


def test_a_mark_lies_over_its_place_and_says_its_words():
    words = HOSTILE[1]
    ((whole, said), (part, _)) = marks(
        drawing(mark=[((0, 10), None, words), ((2, 4), (50, 100), "b")])
    )
    # The axes are the middle half of 4 by 3 inches, of 72 points each.
    assert said == words
    assert whole == pytest.approx((72, 54, 216, 162), abs=0.2)
    assert part == pytest.approx((100.8, 54, 129.6, 108), abs=0.2)


def test_a_drawing_with_marks_is_a_group_and_one_without_is_an_image():
    assert tree(drawing()).get("role") == "img"
    assert tree(drawing(mark=[((0, 1), None, "a")])).get("role") == "group"
    assert 'role="img"' in drawing(mark=[((0, 1), None, "a")]).partition("<rect")[2]


def test_colours_are_the_pages_variables_so_that_a_dark_page_has_its_own():
    svg = drawing(words=["a"])
    assert "var(--blue)" in svg and "var(--ink)" in svg
    assert not set(VARIABLES) & set(re.findall(r"#[0-9a-f]{6}", svg))


def test_two_drawings_of_a_page_have_no_id_in_common():
    both = [drawing(name, mark=[((0, 1), None, "a")]) for name in ("one", "two")]
    one, two = (set(re.findall(r' id="([^"]*)"', svg)) for svg in both)
    assert one and not one & two
    for svg, ids in zip(both, (one, two), strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([\w.-]+)', svg)) <= ids


def drawn():
    series = [small_multiples.Series("noise", (0.9, 0.8, 0.7))]
    return (
        curves.loss_curves(ROWS, "epoch", "loss", 2),
        small_multiples.accuracy_by_strength(series, "robust", "alt"),
    )


def test_the_same_numbers_give_the_same_bytes_whatever_the_users_style():
    first = drawn()
    changed = {"lines.linewidth": 9, "svg.hashsalt": None, "grid.linestyle": "--"}
    with matplotlib.rc_context(changed):
        before = dict(matplotlib.rcParams)
        assert drawn() == first
        assert dict(matplotlib.rcParams) == before


def test_a_drawing_refers_to_nothing_outside_itself():
    for svg in (*drawn(), drawing()):
        assert svg.count("http") == len(re.findall(r'xmlns(?::\w+)?="http', svg))
        for one in tree(svg).iter():
            link = one.get("{http://www.w3.org/1999/xlink}href", "#")
            assert link.startswith(("#", "data:image/png;base64,"))


def test_a_name_is_shortened_to_fit():
    assert shortened("a" * 500, 22) == "a" * 21 + "…"
    assert shortened("\x1bCoat") == r"\x1bCoat"
