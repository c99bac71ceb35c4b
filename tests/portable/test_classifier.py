"""A run as a function of images decides as the run did, by its model file or by its network."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import small_runs
from portable_model import TEST, TRAIN, scored_model

from fashionlab.evaluation.calibration import tempered
from fashionlab.export.portable_model import export_onnx
from fashionlab.portable.classifier import classifier
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run
from fashionlab.training import train

IMAGES = small_runs.DATA[1].images


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier") / "run"
    return small_runs.trained("scratch", folder, flip_at_prediction=True)


@pytest.fixture
def run(trained, tmp_path):
    return Run(shutil.copytree(trained.folder, tmp_path / "run"))


def test_without_a_model_the_network_gives_the_runs_probabilities(run):
    lines = []
    found = classifier(run, lines.append)(IMAGES)
    assert (found.shape, found.dtype) == ((len(IMAGES), 10), np.float32)
    np.testing.assert_allclose(found, np.exp(run.predictions()[0]), atol=1e-6)
    assert lines == ["classified by the run's network, on the engine scratch"]


def test_keras_gives_the_runs_probabilities_too(tmp_path):
    run = small_runs.trained("keras", tmp_path / "run", epochs=1)
    found = classifier(run)(IMAGES[:7])
    np.testing.assert_allclose(found, np.exp(run.predictions()[0][:7]), atol=1e-5)


def test_by_its_model_it_gives_the_same_decisions_calibrated(run):
    exported = export_onnx(run, small_runs.DATA, run.folder / "model.onnx")
    lines = []
    found = classifier(run, lines.append)(IMAGES)
    wanted = np.exp(tempered(run.predictions()[0], exported.metadata.temperature))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert lines == [f"classified by {run.folder / 'model.onnx'}"]


def test_a_model_that_is_not_the_runs_is_left_out_with_a_line(run):
    wanted = classifier(run)(IMAGES[:5])
    model = run.folder / "model.onnx"
    ours = run.weights_sha256()
    for content, said in (
        (b"damaged", "must be an ONNX file"),
        (scored_model(), "it must be a model of this run"),
        (scored_model(weights_sha256=ours, bits=8), "its weights are rounded to 8 bits"),
    ):
        model.write_bytes(content)
        lines = []
        np.testing.assert_array_equal(classifier(run, lines.append)(IMAGES[:5]), wanted)
        assert lines[0].startswith(f"{model} is left out: ") and said in lines[0], lines
        assert lines[1:] == ["classified by the run's network, on the engine scratch"]


def test_with_a_model_nothing_but_onnxruntime_is_imported(tmp_path):
    recipe = replace(RECIPES["report-mlp"], engine="scratch", epochs=1, model={"units": (4,)})
    run = train(recipe, (TRAIN, TEST), tmp_path / "run")
    (run.folder / "model.onnx").write_bytes(scored_model(weights_sha256=run.weights_sha256()))
    script = (
        "import sys; sys.modules['keras'] = sys.modules['torch'] = sys.modules['onnx'] = None; "
        "import numpy as np; from fashionlab.portable.classifier import classifier; "
        f"from fashionlab.runs import Run; c = classifier(Run({str(run.folder)!r})); "
        "print(c(np.zeros((2, 28, 28), np.uint8)).shape)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(2, 10)", done.stderr
