"""What results show in a notebook is one piece of HTML, with all texts as they are."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from fashionlab import notebook
from fashionlab.portable import Prediction
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER

HOSTILE = '<script>alert("1")</script> & \'x\' "y" ' + 200 * "z"


class Reader(HTMLParser):
    """The elements of a piece of HTML and its text; fails where elements do not nest."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def one(self, tag):
        (found,) = (attrs for name, attrs in self.elements if name == tag)
        return found


def read(html):
    reader = Reader(html)
    assert {tag for tag, _ in reader.elements} <= {
        *("div", "table", "tbody", "tr", "th", "td", "img"),
    }
    allowed = {"style", "scope", "src", "alt", "width", "height", "aria-hidden"}
    assert {name for _, attrs in reader.elements for name in attrs} <= allowed
    # No colour of its own: text that is dark on a dark page, or light on a light one.
    assert set(re.findall(r"color: ?(\w+)", html)) == {"inherit"}
    assert "http" not in html and "url(" not in html
    return reader


def prediction(**changes):
    values = {
        "class_names": ("T-shirt/top", "Dress", "Coat"),
        "probabilities": np.float32([0.05, 0.931, 0.019]),
        "verdict": "known",
        "reason": "",
        "seen": np.arange(28 * 20, dtype=np.uint8).reshape(28, 20),
    }
    return Prediction(**{**values, **changes})


@pytest.mark.parametrize("shape", [(28, 20), (28, 20, 3)])
def test_a_prediction_shows_the_very_image_that_the_model_saw(shape):
    seen = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image = read(prediction(seen=seen)._repr_html_()).one("img")
    encoded = image["src"].removeprefix("data:image/png;base64,")
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(encoded)))), seen)
    assert image["alt"] == "The image that the model saw, 20 × 28 pixels"
    assert (image["width"], image["height"]) == ("80", "112")


def test_a_prediction_shows_its_classes_most_probable_first_with_bars():
    html = prediction()._repr_html_()
    text = read(html).text
    assert text[0] == "Dress"
    assert text[1:] == ["Dress", "93.1 %", "T-shirt/top", "5.0 %", "Coat", "1.9 %"]
    assert re.findall(r"width:([\d.]+)%", html) == ["93.1", "5.0", "1.9"]


@pytest.mark.parametrize(
    ("verdict", "heading"),
    [("unsure", "Unsure"), ("none_of_these", "None of these"), ("not_found", "Nothing found")],
)
def test_what_is_not_known_is_not_headed_by_a_class(verdict, heading):
    answer = prediction(verdict=verdict, reason="why <not>", notes=("turned upright",))
    text = read(answer._repr_html_()).text
    assert (text[0], text[-1]) == (heading, "why <not>; turned upright")


def test_of_many_classes_a_few_are_shown_and_their_names_as_they_are():
    names = (HOSTILE, *(f"class {i}" for i in range(99)))
    shares = np.float32([0.5, *(0.5 / 99,) * 99])
    reader = read(prediction(class_names=names, probabilities=shares)._repr_html_())
    assert reader.text[:2] == [HOSTILE, HOSTILE]
    assert len([tag for tag, _ in reader.elements if tag == "tr"]) == 5


def test_a_large_image_is_reduced_and_a_flat_one_is_seen():
    large = np.zeros((1000, 4, 3), np.uint8)
    image = read(notebook.block("", notebook.picture(large, "a"))).one("img")
    encoded = image["src"].removeprefix("data:image/png;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(encoded))).size == (1, 224)
    assert (image["width"], image["height"]) == ("1", "112")


def test_a_run_shows_its_facts():
    text = read(Run(FOLDER)._repr_html_()).text
    assert text[0] == "medium, seed 0"
    facts = dict(zip(text[1::2], text[2::2], strict=True))
    assert facts["Accuracy"] == "95.06 % of 10,000 test images, 95 % interval 94.62 to 95.47 %"
    assert facts["Data"] == "fashion-mnist, 60,000 training images, 28 × 28 pixels, grey"
    assert facts["Classes"].startswith("10: T-shirt/top, Trouser, ")
    assert facts["Parameters"] == "263,562"


def test_long_names_of_a_run_are_shortened_and_all_are_as_they_are(monkeypatch):
    run = Run(FOLDER)
    run.class_names = (HOSTILE, *run.class_names[1:])
    text = read(run._repr_html_()).text
    facts = dict(zip(text[1::2], text[2::2], strict=True))
    assert facts["Classes"] == f"10: {HOSTILE[:119]}…"


@pytest.mark.parametrize("name", ["predictions.npz", "metrics.json", "config.json"])
def test_a_damaged_run_shows_the_line_of_its_error(name, tmp_path):
    for file in FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    run = Run(tmp_path)
    if name == "config.json":
        run.config["recipe"]["engine"] = "<none>"
    else:
        (tmp_path / name).write_bytes(b"<b>")
    heading, line = read(run._repr_html_()).text
    assert heading == "RunError"
    assert name in line
