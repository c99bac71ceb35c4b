"""The model card of a run has the run's facts, and replaces no file of anybody else."""

import os
import re
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support

from fashionlab.errors import RunError
from fashionlab.evaluation.baselines import Baseline
from fashionlab.report import card as module
from fashionlab.report.card import card, write_card

PARSER = MarkdownIt("commonmark").enable("table")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))


def tables(body):
    """The cells of each table of a card, row by row."""
    found, row = [], []
    tokens = PARSER.parse(body)
    for before, token in pairwise(tokens):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            row = []
            found[-1].append(row)
        elif before.type in ("td_open", "th_open"):
            row.append("".join(child.content for child in token.children))
    return found


def number(cell):
    return float(cell.removesuffix("\N{NO-BREAK SPACE}%"))


def test_the_numbers_are_those_of_scikit_learn(make_run, tmp_path):
    run = make_run()
    out = write_card(run, tmp_path / "new" / "README.md")
    scores, labels = run.predictions()
    predicted = scores.argmax(axis=1)
    text = out.read_text("utf-8")
    front = yaml.safe_load(text.split("\n---\n")[0])
    (metric,) = front["model-index"][0]["results"][0]["metrics"]
    accuracy = accuracy_score(labels, predicted)
    assert metric["value"] == pytest.approx(accuracy, abs=1e-6)
    assert f"Accuracy: **{100 * accuracy:.2f} %** on {len(labels)} test images" in text
    assert f"Log loss: {log_loss(labels, np.exp(scores.astype(float))):.4f} nats" in text
    by_class = tables(text)[0]
    assert by_class[0][:3] == ["Class", "Precision", "Recall"]
    theirs = precision_recall_fscore_support(labels, predicted)
    for row, name, precision, recall, f1, support in zip(
        by_class[1:], run.class_names, *theirs, strict=True
    ):
        assert row[0] == name
        assert number(row[1]) == pytest.approx(100 * precision, abs=0.006)
        assert number(row[2]) == pytest.approx(100 * recall, abs=0.006)
        assert float(row[4]) == pytest.approx(f1, abs=6e-5)
        assert row[5] == str(support)


def test_it_says_how_the_run_was_trained(make_run):
    run = make_run("report-mlp", seed=3)
    shown = card(run)
    facts = dict(shown.training)
    assert facts["optimizer"] == run.recipe.optimizer
    assert dict(shown.environment)["Processor"] == "Test CPU <1>"
    assert shown.command == "fashionlab train report-mlp --out 'a folder'"
    assert shown.seed == 3
    (protocol,) = (one for one in shown.sections if one.title == "Protocol")
    assert protocol.paragraphs[0].startswith("Trained on 60,000 images")
    assert all(line.endswith(".") for line in protocol.paragraphs)


def test_a_run_without_a_portable_model_says_how_to_write_one(make_run, give_model):
    run = make_run()
    body = card(run).body()
    assert "fashionlab export RUN" in body
    assert "None of these" not in body
    give_model(run)
    found = card(run)
    assert found.is_portable and found.licence == "MIT" and found.calibration_error == 0.02
    assert any(line.startswith("None of these") for line in found.verdicts)
    assert found.by_class[0][-1] == "Accepted by the outlier test"


@pytest.mark.parametrize("what", ["another run's", "no model"])
def test_a_portable_model_that_is_not_the_runs_is_left_out(make_run, give_model, what):
    run = make_run()
    if what == "no model":
        (run.folder / "model.onnx").write_bytes(b"no model")
    else:
        give_model(run, weights_sha256=64 * "1")
    assert not card(run).is_portable


def test_baselines_that_were_measured_before_stand_in_it(make_run, monkeypatch):
    run = make_run()
    _, labels = run.predictions()
    assert "Baselines" not in card(run).body()
    one = Baseline("a|b", np.zeros(len(labels), np.uint8), "always <the> first")
    monkeypatch.setattr(module, "kept_baselines", lambda _: (one,))
    body = card(run).body()
    assert "A\\|b: always \\<the\\> first." in body
    (row,) = (row for table in tables(body) for row in table if row[0] == "a|b")
    assert number(row[1]) == 10.0
    assert row[4].replace("\xa0", " ") == "p < 0.001"


def test_robustness_that_was_measured_before_stands_in_it(make_run, monkeypatch):
    run = make_run()
    assert "Robustness" not in card(run).body()
    measured = SimpleNamespace(
        images=50,
        clean_accuracy=0.9,
        mean=0.5,
        accuracies=np.array([[0.8, 0.6], [0.4, 0.2]]),
        corruptions=(SimpleNamespace(name="fog"), SimpleNamespace(name="blur")),
    )
    monkeypatch.setattr(type(run), "robustness", lambda _: measured)
    body = card(run).body()
    assert "under 2 corruptions in 2 strengths" in body and "the worst is blur." in body
    (row,) = (row for table in tables(body) for row in table if row[0] == "fog")
    assert list(map(number, row[1:])) == [80.0, 60.0]


@pytest.mark.parametrize("classes", [2, 100])
@pytest.mark.parametrize("image_shape", [(12, 12), (9, 10, 3)])
def test_few_and_many_classes_of_hostile_names_have_a_card(make_run, classes, image_shape):
    names = ["<script>alert(1)</script>", 'a"b|c`d', *(f"class {i}" for i in range(98))][:classes]
    run = make_run(class_names=tuple(names), data="a\nb: --- <b>", image_shape=image_shape)
    text = card(run).markdown()
    front, body = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL).groups()
    dataset = yaml.safe_load(front)["model-index"][0]["results"][0]["dataset"]
    assert dataset["name"] == r"a\nb: --- <b>"
    assert [row[0] for row in tables(body)[0][1:]] == names
    assert "<script" not in PARSER.render(body)


def test_a_card_is_replaced_and_nothing_else_is(make_run, tmp_path):
    run = make_run()
    out = write_card(run, tmp_path / "README.md")
    first = out.read_bytes()
    assert write_card(run, out).read_bytes() == first
    own = tmp_path / "own.md"
    own.write_text("# My notes on what # Model card writes\n")
    with pytest.raises(RunError, match="only a model card that fashionlab wrote is replaced"):
        write_card(run, own)
    assert own.read_text() == "# My notes on what # Model card writes\n"
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="is something else"):
        write_card(run, tmp_path / "folder")


@pytest.mark.skipif(os.name == "nt", reason="needs the right to make links")
def test_a_link_to_nowhere_is_not_replaced(make_run, tmp_path):
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is something else"):
        write_card(make_run(), tmp_path / "link.md")


def test_a_place_that_cannot_be_written_is_named(make_run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"the model card cannot be written to .*README\.md"):
        write_card(make_run(), tmp_path / "file" / "README.md")


def test_a_damaged_run_has_no_card(make_run, tmp_path):
    run = make_run()
    (run.folder / "predictions.npz").write_bytes(b"PK")
    with pytest.raises(RunError, match=r"predictions.npz cannot be read"):
        write_card(run, tmp_path / "README.md")
    assert not (tmp_path / "README.md").exists()
