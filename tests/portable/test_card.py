"""A model card has the facts, in YAML as Hugging Face reads it and in Markdown for people."""

import dataclasses
import re
from itertools import pairwise

import pytest
import yaml
from markdown_it import MarkdownIt
from portable_model import metadata, outliers, sets, tiny_model

from fashionlab.data.fashion_mnist import SHA256
from fashionlab.portable import Predictor
from fashionlab.portable.card import MARK, Section

PARSER = MarkdownIt("commonmark").enable("table")
HOSTILE = ('"quoted"', "<script>alert(1)</script>", 200 * "x", "a|b", "`a`", "---", "1. a", "# b")


def parts(text):
    """The YAML, read, and the Markdown of a card."""
    found = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    return yaml.safe_load(found[1]), found[2]


def cells(body):
    tokens = PARSER.parse(body)
    found = []
    for token, inside in pairwise(tokens):
        if token.type in ("td_open", "th_open"):
            found.append("".join(child.content for child in inside.children))
    return found


def test_the_yaml_is_that_of_hugging_face():
    front, _ = parts(metadata().card().markdown())
    assert front == {
        "license": "mit",
        "library_name": "fashionlab",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "fashionlab", "onnx"],
        "metrics": ["accuracy"],
        "model-index": [
            {
                "name": "tiny",
                "results": [
                    {
                        "task": {"type": "image-classification", "name": "Image Classification"},
                        "dataset": {"type": "synthetic", "name": "synthetic", "split": "test"},
                        "metrics": [
                            {
                                "type": "accuracy",
                                "value": 0.9,
                                "name": "Accuracy",
                                "verified": False,
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_only_the_hashes_make_the_data_fashion_mnist():
    hashes = {f"{part}_sha256": sha256 for part, sha256 in SHA256.items()}
    front, body = parts(metadata(data_name="other", **hashes).card().markdown())
    assert front["datasets"] == ["zalando-datasets/fashion_mnist"]
    dataset = front["model-index"][0]["results"][0]["dataset"]
    assert dataset["type"] == "zalando-datasets/fashion_mnist"
    assert dataset["name"] == "Fashion-MNIST"
    assert "trained on Fashion-MNIST." in body
    front, body = parts(metadata(data_name="fashion-mnist").card().markdown())
    assert "datasets" not in front
    assert "trained on fashion-mnist." in body


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT; trained on Fashion-MNIST", {"license": "mit"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("not stated", {"license": "unknown"}),
        ("", {"license": "unknown"}),
        ('our own: "ask" us', {"license": "other", "license_name": "our-own-ask-us"}),
        ("???", {"license": "other", "license_name": "other"}),
    ],
)
def test_a_licence_is_one_that_hugging_face_knows_or_other(licence, expected):
    front, body = parts(metadata(licence=licence).card().markdown())
    assert {key: front[key] for key in front if key.startswith("license")} == expected
    assert ("## Licence" in body) == (expected["license"] != "unknown")


def test_the_text_has_every_number():
    body = metadata(outliers=outliers(accepted=(0.5, *(0.9,) * 9)), sets=sets()).card().body()
    for said in (
        "28 × 28 pixels, grey, 7,850 parameters, trained on synthetic",
        "Accuracy: **90.00 %** on 100 test images, 95 % interval 80.00 to 95.00 %",
        "Expected calibration error: 2.00 %",
        "| T-shirt/top | 50.00 % |",
        "less than 0.00 %",
        "outlier score is above 0.00",
        "Prediction sets, of 90, 95, 99 %,",
        64 * "0",
    ):
        assert said in body
    without = metadata(calibrated_on="").card().body()
    assert "not calibrated, and no answer is called unsure" in without
    assert "It has no outlier score" in without
    assert "Prediction sets" not in without
    assert "| 0 | T-shirt/top |" in without


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_elsewhere_are_shown_as_they_are(name):
    names = (name, *metadata().class_names[1:])
    made = metadata(name=name, class_names=names, data_name=name, version=name[:100], licence=name)
    for card in (made.card(), dataclasses.replace(made, outliers=outliers()).card()):
        front, body = parts(card.markdown())
        (index,) = front["model-index"]
        assert index["name"] == index["results"][0]["dataset"]["name"] == name
        shown = cells(body)
        assert name in shown and {*names} <= {*shown}
        html = PARSER.render(body)
        assert "<script" not in html
        headings = re.findall(r"<h[12]>", html)
        assert len(headings) == 7 + (card.licence not in ("", "not stated")) - 1


def test_an_image_in_colour_and_two_or_a_hundred_classes_have_a_card():
    for classes in (2, 100):
        names = tuple(f"class {i}" for i in range(classes))
        examples = ()
        shape = (64, 32, 3)
        made = metadata(class_names=names, image_shape=shape, preparation="fit", examples=examples)
        _, body = parts(made.card().markdown())
        assert f"into {classes} classes: 64 × 32 pixels, in colour" in body
        assert {*names} <= {*cells(body)}


def test_sections_and_facts_of_a_run_stand_in_it():
    card = dataclasses.replace(
        metadata().card(),
        is_portable=False,
        log_loss=0.25,
        sections=(Section("Base|lines", ("a <b> c",), (("Method", "%"), ("a|b", "1"))),),
        training=(("Recipe", "<i>"),),
        environment=(("Processor", "x_y_z"),),
        command="fashionlab train 'a```b'\n# c",
    )
    front, body = parts(card.markdown())
    assert "onnx" not in front["tags"]
    html = PARSER.render(body)
    for said in (
        "<h2>Base|lines</h2>\n<p>a &lt;b&gt; c</p>\n<table>",
        "<td>a|b</td>",
        "Log loss: 0.2500 nats an image",
        "<code>fashionlab export RUN</code>",
        "<td>&lt;i&gt;</td>",
        "<td>x_y_z</td>",
        "fashionlab train 'a```b'\n# c\n</code></pre>",
    ):
        assert said in html


def test_the_mark_is_near_the_start_and_a_notebook_shows_the_card_without_yaml():
    card = Predictor(tiny_model()).metadata.card()
    assert card.markdown().splitlines()[1].startswith(MARK)
    assert card._repr_markdown_().startswith("# tiny\n")
    assert card.markdown().endswith(card.body())
