"""What commit 66621e2 wrote is read and used: a run, its model. A begun training is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fashionlab import Predictor
from fashionlab.data.synthetic import draw
from fashionlab.errors import CheckpointError
from fashionlab.report import write_page
from fashionlab.runs import Run
from fashionlab.training import plan, train

HERE = Path(__file__).parent / "66621e2"
DATA = draw(500, 50)


def test_a_run_folder_is_read(tmp_path):
    run = Run(HERE / "run")
    assert run.metrics().accuracy == np.mean(run.predictions()[0].argmax(1) == DATA[1].labels)
    assert run.recipe.validation_fraction == 0.2
    assert run.data["train"].sha256 == DATA[0].sha256
    assert len(run.weights_sha256()) == 64
    page = tmp_path / "page.html"
    write_page(run, page)
    assert "tiny-net" in page.read_text()


def test_a_portable_model_predicts_what_the_run_did():
    predictor = Predictor(HERE / "run" / "model.onnx")
    run = Run(HERE / "run")
    assert predictor.class_names == run.class_names
    found = predictor.probabilities(DATA[1].images).argmax(axis=1)
    np.testing.assert_array_equal(found, run.predictions()[0].argmax(axis=1))


def test_a_training_that_was_begun_with_scaled_averages_is_refused_by_one_line(tmp_path):
    # its slots held multiples of what Adam's hold now, in an order with gaps
    shutil.copytree(HERE / "begun.partial", tmp_path / "begun.partial")
    planned = plan(tmp_path / "begun")
    with pytest.raises(CheckpointError, match=r"^the checkpoint must .*; begin .* again$"):
        train(planned.recipe, DATA, tmp_path / "begun", planned.seed, resume=True)
