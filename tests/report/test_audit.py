"""The page of an audit: sound HTML whose only script is its own, whatever classes are called."""

import base64
import hashlib
import json
import re

import numpy as np
import pytest

from fashionlab.data.suspects import COLUMNS
from fashionlab.report.audit import DECISIONS, Neighbour, Suspect, render_audit

from .reading import Page, require_sound

NAMES = ("<script>alert(1)</script>", '" onerror="x', "</script><b>", "=1+1", "\u202eplain")


def suspects(count=4):
    rng = np.random.default_rng(0)
    for i in range(count):
        image, other = rng.integers(0, 256, (2, 9, 9), np.uint8)
        cells = dict.fromkeys(COLUMNS, "") | {
            "part": "train",
            "index": i,
            "given_label": NAMES[i % 5],
            "likely_label": NAMES[(i + 1) % 5],
            "suspect": "yes",
            "part_sha256": "a" * 64,
        }
        near = [Neighbour(other, 2, "test 7")]
        yield Suspect(image, f"train {i}", i % 5, (i + 1) % 5, "Probability 0.1 %.", near, cells)


def rendered(count=4):
    examples = [[np.full((9, 9), k, np.uint8)] for k in range(5)]
    return render_audit(
        list(suspects(count)),
        examples,
        class_names=NAMES,
        title="Labels of <b>",
        lead="4 of 10",
        command="fashionlab audit '<x>'",
        key="abc",
    )


@pytest.fixture(scope="module")
def html():
    return rendered()


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def scripts(html):
    return re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)


def test_the_html_is_sound(html, page) -> None:
    require_sound(page)


def test_only_its_own_script_may_run_and_nothing_comes_from_outside(html, page) -> None:
    data, script = scripts(html)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.all("meta")[2]["content"]
    assert policy == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    assert [one.get("type") for one in page.all("script")] == ["application/json", None]
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), tag
    assert "http:" not in html and "https:" not in html and "url(" not in html
    assert "innerHTML" not in script and "eval" not in script
    json.loads(data)


def test_the_data_are_those_of_the_suspects(html) -> None:
    data = json.loads(scripts(html)[0])
    assert data["key"] == "fashionlab-audit-abc" and data["columns"] == list(COLUMNS)
    assert data["classes"][:4] == list(NAMES[:4]) and data["classes"][4] == "\\u202eplain"
    assert data["cells"][3] == "'=1+1"  # no formula in the list that is exported
    assert [row["given"] for row in data["rows"]] == [0, 1, 2, 3]
    assert data["rows"][3]["cells"]["given_label"] == "'=1+1"
    assert len(set(data["pictures"])) == len(data["pictures"])
    assert all(uri.startswith("data:image/png;base64,") for uri in data["pictures"])


def test_every_suspect_is_there_without_the_script(page) -> None:
    images = [image["alt"] for image in page.all("img") if image["alt"]]
    assert images == [f"Image train {i}, labelled {NAMES[i]}" for i in range(4)]
    assert all(about in page.text for _, about in DECISIONS)
    assert "--without decisions.csv" in page.text


def test_no_suspects_make_a_page_too() -> None:
    assert "0 suspects" in Page(rendered(0)).text
