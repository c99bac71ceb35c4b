"""`evaluate` on accuracy at coverage, the outlier test and the prediction sets."""

import json

import pytest
from portable_model import TEST, TRAIN, outliers, scored_model

from fashionlab.portable.measured import measured
from fashionlab.recipes import get, override
from fashionlab.runs import Run
from fashionlab.training import train


@pytest.fixture
def run(tmp_path):
    """A run of 100 test images with a model of its own."""
    recipe = override(get("report-mlp"), {"engine": "scratch", "epochs": 2})
    train(recipe, (TRAIN, TEST), tmp_path / "run")
    run = Run(tmp_path / "run")
    own = {"weights_sha256": run.weights_sha256(), "outliers": outliers(threshold=1.25)}
    (run.folder / "model.onnx").write_bytes(scored_model(**own))
    return run


def test_lines_and_json_say_the_same(run, fashionlab):
    answer = json.loads(fashionlab("evaluate", "run", "--json"))
    lines = fashionlab("evaluate", "run").splitlines()
    points = answer["selective"]["at_coverage"]
    (said,) = [line for line in lines if line.startswith("accuracy on the surest images: ")]
    for point in points:
        assert f"{point['coverage']:.1%} of them {point['accuracy']:.2%} (" in said
    (most,) = answer["selective"]["at_accuracy"]
    area = answer["selective"]["area"]
    assert (
        f"{most['coverage']:.1%} of the images can be answered with an accuracy of 99%; area under "
        f"the risk-coverage curve {area:.4f}, in a random order {1 - answer['accuracy']:.4f}"
    ) in lines
    test = answer["outliers"]
    assert (test["threshold"], test["accept"]) == (1.25, 0.95)
    assert test["accepted_by_class"] == dict.fromkeys(run.class_names, 0.95)
    assert (
        "the outlier test, a score of at most 1.25, was set to accept 95.0% of held-out images, "
        "and accepts 95.0% of the test images"
    ) in lines
    assert "  drawn letters: 2.0% accepted, area 0.9900" in lines
    assert len(answer["sets"]) == 6 and answer["model_remark"] is None
    for one, ours in zip(answer["sets"], measured(run).sets, strict=True):
        name = f"{one['level']:.0%}{', class-conditional' if one['by_class'] else ''}"
        (row,) = [line for line in lines if line.startswith(f"{name} ")]
        worst = one["coverage_by_class"][one["worst_class"]]
        assert row.split("%", 1)[1].split()[-1] == f"{worst:.2%}"
        assert f"{one['coverage']:.2%}" in row and f"{one['size']:.3f}" in row
        assert one["coverage"] == ours.found.coverage


def test_a_model_of_other_weights_is_left_out_in_a_line_and_not_an_error(run, fashionlab):
    (run.folder / "model.onnx").write_bytes(scored_model())
    lines = fashionlab("evaluate", "run").splitlines()
    assert lines[-1].startswith("run/model.onnx is left out: it must be a model of this run")
    answer = json.loads(fashionlab("evaluate", "run", "--json"))
    assert (answer["outliers"], answer["sets"]) == (None, None)
    assert answer["model_remark"] == lines[-1]


def test_a_run_without_a_model_still_has_its_accuracy_at_coverage(run, fashionlab):
    (run.folder / "model.onnx").unlink()
    lines = fashionlab("evaluate", "run").splitlines()
    assert lines[-1] == (
        "there is no portable model, which has outlier score and prediction sets; write it with: "
        "fashionlab export run"
    )
    assert any(line.startswith("accuracy on the surest images: ") for line in lines)
