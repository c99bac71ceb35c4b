"""The page of a run is whole whatever classes, images, predictions and names there are."""

import json

import numpy as np
import pytest
from report_runs import draw_parts, give_explanation, log_softmax, write_run

from fashionlab.data import Dataset, Parts
from fashionlab.evaluation.metrics import compute_metrics
from fashionlab.report.run.page import render
from fashionlab.runs import Run

from ..reading import LARGEST, Page, read_page
from .test_page import SECTIONS

KINDS = (
    *("two", "hundred", "colour", "large", "twelve", "absent", "perfect", "wrong", "one"),
    "hostile",
)
HOSTILE = (
    "<script>alert(1)</script>", '" onerror="x', "{{ 7 * 7 }}", "&amp;", "</style></svg><b>",
    "$x_1$", "ملابس", "裤子", "n" * 200, "n" * 199 + "m",
)  # fmt: skip
STORED = ("a\x00\u202eb", *HOSTILE[1:])  # a run folder of another program may have such names


def explained_run(folder, parts, **options):
    return give_explanation(write_run(folder, "my-own", parts=parts, **options), parts)


@pytest.mark.parametrize(
    ("names", "shape", "given", "options"),
    [
        (("cat", "dog"), (28, 28), {}, {}),
        ([f"class {k}" for k in range(100)], (28, 28), {"test": 400}, {}),
        (("red", "green", "blue"), (64, 64, 3), {"test": 60, "train": 60}, {}),
        (("a", "b", "c"), (100, 80, 3), {"test": 30, "train": 30}, {}),
        ("abcdefghij", (8, 8), {"test": 12}, {}),
        ("abcdef", (12, 12), {"absent": (1, 4)}, {}),
        ("abc", (12, 12), {}, {"perfect": True}),
        ("abc", (12, 12), {}, {"margin": -50}),
        ("ab", (12, 12), {"test": 1}, {}),
        (HOSTILE, (12, 12), {}, {}),
    ],
    ids=KINDS,
)
def test_the_page_is_whole_for_any_data(tmp_path, names, shape, given, options):
    parts = draw_parts(tuple(names), shape, **given)
    run = explained_run(tmp_path / "run", parts, **options)
    page = read_page(render(run, parts))
    assert [one["id"] for one in page.all("section")] == SECTIONS
    assert len(page.table("Class")) == len(names) + 2
    assert len(page.captioned("Test images by true class")) == len(names) + 1
    for name in names:
        assert name in [row[0] for row in page.table("Class")]
    shapes = " × ".join(map(str, shape[:2]))
    assert (
        f"Images are {shapes}, {'colour' if shape[2:] else 'grey'}, of {len(names)}"
        in (page.captions[page.tables.index(page.table("Part"))])
    )


@pytest.mark.usefixtures("without_plots")
def test_a_perfect_run_and_one_that_is_always_wrong_say_so(make_run):
    parts = draw_parts("abc")
    perfect = Page(render(make_run("my-own", parts=parts, perfect=True), parts))
    assert "classifies 100.00 % of the 60 test images correctly" in perfect.text
    assert "No test image was misclassified." in perfect.text
    assert "No image was misclassified." in perfect.text
    wrong = Page(render(make_run("my-own", parts=parts, margin=-50), parts))
    assert "classifies 0.00 % of the 60 test images correctly" in wrong.text
    assert "No test image was classified correctly." in wrong.text


@pytest.mark.usefixtures("without_plots")
def test_classes_that_no_test_image_has_are_named_and_have_dashes(make_run):
    parts = draw_parts("abcd", absent=(1, 3))
    page = Page(render(make_run("my-own", parts=parts, perfect=True), parts))
    assert "No test image is of the classes b and d." in page.text
    assert page.table("Class")[2] == ["b", "–", "–", "–", "0", "0"]


@pytest.mark.usefixtures("without_plots")
def test_twelve_images_have_no_segments_and_say_so(make_run):
    parts = draw_parts("abc", test=12)
    page = Page(render(make_run("my-own", parts=parts), parts))
    assert page.sections["Weak segments"] == "There are too few test images for segments."


@pytest.mark.usefixtures("without_plots")
def test_names_of_a_run_folder_cannot_break_out_of_their_place(make_run):
    run = make_run("b&amp;recipe", class_names=STORED, data="<i>data")
    html = render(run, notes=["<s>note"])
    page = read_page(html)
    assert not [tag for tag, _ in page.elements if tag in ("b>", "u", "s")]
    assert not [1 for _, attributes in page.elements if "onerror" in attributes]
    for text in (r"a\x00\u202eb", *STORED[1:], "b&amp;recipe", "<i>data", "<s>note"):
        assert text in page.text
    assert "\x00" not in html and "\u202e" not in html
    assert any(STORED[1] in words for words in page.pictures)


@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (64, 64, 3)], ids=str)
def test_a_page_with_thousands_of_errors_stays_small_whatever_is_on_the_images(tmp_path, shape):
    rng = np.random.default_rng(0)
    names = [f"class {k}" for k in range(10)]
    images = rng.integers(0, 256, (3000, *shape), np.uint8)  # noise cannot be compressed
    labels = np.arange(3000) % 10
    test = Dataset.from_arrays(images, labels, names, part="test")
    parts = Parts(Dataset.from_arrays(images[:50], labels[:50], names), test)
    run = explained_run(tmp_path / "run", parts, margin=0.5)
    assert len(render(run, parts).encode()) < LARGEST


def test_log_probabilities_of_zero_and_one_can_be_shown(make_run):
    """A float32 softmax rounds to certainty, and a few images are equally sure."""
    parts = draw_parts("abc")
    run = make_run("my-own", parts=parts)
    labels = parts.test.labels.astype(np.int64)
    logits = np.zeros((len(labels), 3), np.float32)
    logits[np.arange(len(labels)), labels] = 200
    logits[:3] = 0
    logits[3:6] = np.roll(logits[3:6], 1, axis=1)
    scores = log_softmax(logits).astype(np.float32)
    np.savez(run.folder / "predictions.npz", log_probabilities=scores, labels=labels)
    record = json.dumps(compute_metrics(scores, labels).to_json())
    (run.folder / "metrics.json").write_text(record)
    page = read_page(render(Run(run.folder), parts))
    assert "> 99.9 %" in page.sections["Most confident errors"]
