"""The page of a check: sound HTML, nothing from outside, and a picture of every image it names."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fashionlab.data.check import check
from fashionlab.data.synthetic import draw
from fashionlab.errors import RunError
from fashionlab.report.check import render_check, write_check
from fashionlab.report.html import GENERATOR

from .reading import Page, require_sound

HOSTILE = ("<script>alert(1)</script>", '" onerror="x', "{{ 7 * 7 }}", "&amp;", *"abcdef")


def faulty(change=lambda part: part):
    train, test = map(change, draw(300, 100))
    test.images[3] = train.images[5]
    train.images[20] = train.images[4]
    train.images[20].flat[0] ^= 32
    train.images[7] = 0
    return check((train, test))


@pytest.fixture(scope="module")
def seen():
    return faulty()


@pytest.fixture(scope="module")
def html(seen):
    return render_check(seen, "a folder")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def picture(image):
    data = image["src"].removeprefix("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_the_html_is_sound(html, page) -> None:
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    require_sound(page)
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in header for header in page.all("th"))
    assert all(len({len(row) for row in table}) == 1 for table in page.tables)


def test_nothing_comes_from_outside_and_nothing_runs(html, page) -> None:
    assert not page.all("script")
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), tag
    assert "http" not in re.sub('http-equiv="', "", html) and "url(" not in html
    assert page.all("meta")[2]["content"].startswith("default-src 'none'; img-src data:;")


def test_every_finding_stands_with_its_remedy_and_its_pictures(seen, page) -> None:
    assert len(page.all("article")) == len(seen.findings) >= 3
    images = {image["alt"]: image for image in page.all("img")}
    parts = {part.part: part for part in seen.parts}
    for finding in seen.findings:
        assert finding.text in page.text and finding.remedy in page.text
        for group in finding.pictures:
            for where in group:
                part = parts[where.part]
                name = part.class_names[part.labels[where.index]]
                shown = images[f"Image {where}, labelled {name}"]
                assert np.array_equal(picture(shown), part.images[where.index])


def test_the_verdict_the_near_copies_and_the_command_are_there(seen, page) -> None:
    assert "Not sound" in page.text and seen.searched in page.text
    train = seen.parts[0]
    labels = [train.class_names[train.labels[row]] for row in (4, 20)]
    distance = f"{32 / 28:.2f}"
    assert ["train 4", labels[0], "train 20", labels[1], distance] in page.table("Image")
    assert f"{distance} levels apart" in page.text
    assert "fashionlab data check 'a folder'" in page.text


def test_each_class_has_its_counts_and_first_images(seen, page) -> None:
    rows = page.table("Class")[1:]
    assert [row[:3] for row in rows] == [
        [name, *(str(scan.counts[k]) for scan in seen.scans)]
        for k, name in enumerate(seen.parts[0].class_names)
    ]


def test_colour_and_large_images_are_shown_small() -> None:
    parts = []
    for part in draw(20, 10):
        images = np.repeat(part.images[..., None], 3, axis=3).repeat(6, axis=1).repeat(6, axis=2)
        parts.append(
            replace(part, images=(images // [1, 2, 3]).astype(np.uint8), preparation="fit")
        )
    images = Page(render_check(check(parts))).all("img")
    assert images and all(picture(image).shape == (84, 84, 3) for image in images)


def test_names_cannot_break_out_of_their_place() -> None:
    seen = faulty(lambda part: part.renamed("<u>name", HOSTILE))
    page = Page(render_check(seen, "<i>source"))
    assert not [tag for tag, _ in page.elements if tag in ("script", "u", "i")]
    assert not [1 for _, attributes in page.elements if "onerror" in attributes]
    for text in (*HOSTILE[:4], "<u>name", "<i>source"):
        assert text in page.text


def test_a_set_without_findings_says_so() -> None:
    page = Page(render_check(check(draw(300, 100))))
    assert "Nothing was found" in page.text and "Sound" in page.text


def test_it_replaces_a_page_and_nothing_else(seen, tmp_path) -> None:
    place = tmp_path / "new" / "check.html"
    assert write_check(seen, place) == place
    first = place.read_bytes()
    assert GENERATOR.encode() in first
    write_check(seen, place)
    assert place.read_bytes() == first  # the same bytes
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(RunError, match="something else"):
        write_check(seen, tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "mine"
