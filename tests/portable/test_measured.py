"""What a run's model promises is measured on the run's own images, and only of its own model."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from portable_model import TEST, TRAIN, outliers, scored_model, sets, tiny_model

from fashionlab.evaluation.conformal import LEVELS, quantiles
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.portable.measured import measured
from fashionlab.recipes import get
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER
from fashionlab.training import train

SETS = sets()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of 73 test images, more of some classes than of others, with doubtful predictions."""
    own = {"engine": "scratch", "epochs": 30, "batch_size": 5, "model": {"units": (16,)}}
    recipe = replace(get("report-mlp"), **own)
    path = tmp_path_factory.mktemp("measured") / "a run"
    test = replace(TEST, images=TEST.images[:73], labels=TEST.labels[:73])
    train(recipe, (TRAIN, test), path)
    return path


@pytest.fixture
def run(folder):
    """The run, without a model."""
    yield Run(folder)
    (folder / "model.onnx").unlink(missing_ok=True)


def give(run, **changes):
    """Give the run a model of its own weights."""
    own = {"weights_sha256": run.weights_sha256(), "sets": SETS, **changes}
    (run.folder / "model.onnx").write_bytes(scored_model(**own))


def test_the_sets_are_those_of_the_runs_predictions_at_the_models_temperature(run):
    give(run, temperature=2.5)
    found = measured(run)
    lp, labels = run.predictions()
    z = np.float64(lp) / 2.5
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert (p.max(axis=1) < 0.5).any() and (np.exp(lp).max(axis=1) > 0.9).any()
    assert [(one.level, one.by_class) for one in found.sets] == [
        (level, by_class) for level in LEVELS for by_class in (False, True)
    ]
    for one in found.sets:
        row = LEVELS.index(one.level)
        limit = SETS.by_class[row] if one.by_class else [SETS.all[row]] * 10
        members = [{k for k in range(10) if 1 - x[k] <= limit[k]} for x in p]
        held = [label in members[n] for n, label in enumerate(labels)]
        assert one.found.coverage == pytest.approx(np.mean(held))
        assert one.interval == wilson_interval(sum(held), len(labels))
        assert one.found.size == pytest.approx(np.mean([len(x) for x in members]))
        shares = [
            np.mean([h for h, y in zip(held, labels, strict=True) if y == k]) for k in range(10)
        ]
        assert shares[one.worst] == min(shares)
    assert found.remark == ""


def test_quantiles_of_the_same_images_cover_what_they_promise(run):
    lp, labels = run.predictions()
    give(run, sets=quantiles(lp, labels))
    for one in measured(run).sets:
        assert one.found.coverage >= one.level
        if one.by_class:
            assert min(one.found.coverage_by_class) >= one.level
        else:  # as many images as the level asks for, and at most a few equals more
            assert one.found.coverage <= one.level + 0.03


def test_the_share_of_accepted_images_weighs_each_class_by_its_images(run):
    shares = tuple(0.5 + k / 20 for k in range(10))
    give(run, outliers=outliers(accepted=shares))
    _, labels = run.predictions()
    found = measured(run)
    assert found.accepted == pytest.approx(np.mean([shares[label] for label in labels]))
    assert found.outliers.accepted == shares


def test_a_run_without_a_model_says_how_to_get_one(run):
    found = measured(run)
    assert (found.outliers, found.accepted, found.sets) == (None, None, ())
    assert found.remark.startswith("there is no portable model, ")
    assert found.remark.endswith(f": fashionlab export '{run.folder}'")  # quoted for a shell


def test_a_model_of_another_run_is_left_out_by_name(run):
    give(run, weights_sha256="ab" * 32)
    found = measured(run)
    assert (found.outliers, found.sets) == (None, ())
    assert (
        f"{run.folder / 'model.onnx'} is left out: it must be a model of this run" in found.remark
    )
    assert f"{run.weights_sha256()[:12]}...; it has abababababab" in found.remark


def test_a_model_of_other_classes_is_left_out_whatever_hash_it_has(run):
    names = tuple(f"class {k}" for k in range(10))
    give(run, class_names=names, examples=())
    found = measured(run)
    assert found.sets == () and "is left out" in found.remark


def test_a_model_of_before_has_nothing_to_measure_and_says_so(run):
    content = tiny_model(weights_sha256=run.weights_sha256())
    (run.folder / "model.onnx").write_bytes(content)
    found = measured(run)
    assert (found.outliers, found.accepted, found.sets) == (None, None, ())
    assert "has no outlier score and no prediction sets; write them with: " in found.remark


def test_what_is_missing_alone_is_named_alone(run):
    give(run, sets=None)
    found = measured(run)
    assert found.outliers is not None and found.sets == ()
    assert "has no prediction sets; write them with" in found.remark


@pytest.mark.parametrize("content", [b"", b"not a model", scored_model()[:-100]])
def test_a_damaged_model_is_left_out_in_one_line(run, content):
    (run.folder / "model.onnx").write_bytes(content)
    found = measured(run)
    assert (found.outliers, found.sets) == (None, ())
    assert "model.onnx is left out: " in found.remark and "\n" not in found.remark


def test_the_shipped_run_has_its_model_elsewhere_and_is_called_by_its_name():
    found = measured(Run(FOLDER))
    assert "is left out" not in found.remark and "no portable model" not in found.remark
    assert not found.remark or found.remark.endswith(": fashionlab export shipped")


def test_a_model_is_read_without_onnxruntime(run):
    give(run)
    script = (
        "import sys; sys.modules['onnxruntime'] = None; "
        "from fashionlab.portable.measured import measured; from fashionlab.runs import Run; "
        f"print(len(measured(Run({str(run.folder)!r})).sets))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "6", done.stderr
