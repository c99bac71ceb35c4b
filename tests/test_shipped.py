"""The model that comes with the package: whole, small, and made again from its own words."""

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks.training import ship
from fashionlab.data import load
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataNotFoundError
from fashionlab.portable import Predictor
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER, LARGEST, MODEL
from fashionlab.training import plan, train


def fashionlab(*arguments, cwd):
    command = [sys.executable, "-c", "from fashionlab.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_it_may_be_shipped_by_the_rules_for_it():
    run = Run(FOLDER)
    assert ship.objections(run) == []
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= LARGEST
    assert run.metrics().accuracy > 0.9
    assert run.environment()["command"] and len(run.history()) == run.config["recipe"]["epochs"]


def test_its_portable_model_is_that_run_calibrated():
    run, metadata = Run(FOLDER), Predictor().metadata
    assert metadata.weights_sha256 == run.weights_sha256()
    assert metadata.accuracy == run.metrics().accuracy
    assert metadata.calibrated_on.endswith("another run's of the same recipe")
    assert metadata.calibration_error < 0.02 and 0 < metadata.threshold < 1
    assert MODEL.stat().st_size <= LARGEST


def test_its_portable_model_decides_as_the_run_did():
    try:
        _, test = load("/usr/share/datasets/fashion-mnist")
    except DataNotFoundError:
        pytest.skip("Fashion-MNIST is not here")
    wanted, _ = Run(FOLDER).predictions()
    np.testing.assert_array_equal(
        Predictor().probabilities(test.images).argmax(axis=1), wanted.argmax(axis=1)
    )


def test_its_own_files_say_how_to_make_it_again():
    planned = plan(FOLDER)
    wanted = asdict(RECIPES[planned.recipe.name])
    assert json.loads(json.dumps([asdict(planned.recipe), planned.seed])) == json.loads(
        json.dumps([wanted, 0])
    )


def test_its_name_stands_for_its_folder(tmp_path):
    done = fashionlab("evaluate", "shipped", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["weights_sha256"] == Run(FOLDER).weights_sha256()
    before = sorted(FOLDER.iterdir())
    done = fashionlab("report", "shipped", cwd=tmp_path)
    assert done.stdout.strip() == (tmp_path / "report.html").resolve().as_uri()
    assert sorted(FOLDER.iterdir()) == before


def test_a_folder_of_that_name_comes_first(tmp_path):
    (tmp_path / "shipped").mkdir()
    done = fashionlab("evaluate", "shipped", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("fashionlab: shipped/config.json cannot be read")


def test_it_is_repeated_on_its_own_data_alone(tmp_path):
    done = fashionlab("train", "--from", "shipped", "--data", "synthetic", cwd=tmp_path)
    assert done.returncode == 2
    assert "must be repeated on its own data, as train fashion-mnist" in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_was_chosen_or_changed_is_not_shipped(tmp_path):
    recipe = RECIPES["net"]
    small = {**asdict(recipe), "epochs": 2, "model": {"units": (4,)}, "validation_fraction": 0.2}
    run = train(type(recipe)(**small), draw(100, 20), tmp_path / "run", seed=1)
    found = "; ".join(ship.objections(run))
    assert "not a named recipe" in found and "seed 1, not 0" in found
    assert "not Fashion-MNIST" in found and "images were held out" in found
