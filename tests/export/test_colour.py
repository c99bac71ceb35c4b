"""A run on colour images becomes files that answer as it did, in every form."""

import json
from dataclasses import replace

import colour
import numpy as np
import pytest
from safetensors import safe_open

from fashionlab.engines import get as get_engine
from fashionlab.evaluation.calibration import tempered
from fashionlab.export.formats import export_keras, export_safetensors
from fashionlab.export.portable_model import TOLERANCE, export_onnx
from fashionlab.portable import Predictor
from fashionlab.portable.metadata import examples_limit
from fashionlab.recipes import RECIPES
from fashionlab.training import train

DATA = colour.draw(train=300, test=90)
CONVNET = {"stem": 4, "stages": ((6, 1), (8, 1)), "residual": True}
SMALL = {
    "scratch": ("report-cnn", {"engine": "scratch", "model": {"filters": 4, "units": (12,)}}),
    "keras": ("small", {"model": CONVNET, "precision": "float32", "warmup_epochs": 0}),
}


@pytest.fixture(scope="module", params=SMALL)
def run(request, tmp_path_factory):
    name, own = SMALL[request.param]
    given = {"epochs": 4, "batch_size": 20, "validation_fraction": 0.2, **own}
    recipe = replace(RECIPES[name], test_each_epoch=False, **given)
    return train(recipe, DATA, tmp_path_factory.mktemp("runs") / request.param)


def test_the_file_answers_as_the_run_did_and_says_how_pictures_are_prepared(run, tmp_path):
    metadata = export_onnx(run, DATA, tmp_path / "model.onnx").metadata
    found = Predictor(tmp_path / "model.onnx").probabilities(DATA[1].images)
    wanted = np.exp(tempered(run.predictions()[0], metadata.temperature))
    np.testing.assert_allclose(found, wanted, atol=TOLERANCE)
    assert metadata.image_shape == (12, 14, 3) and metadata.preparation == "fit"
    assert metadata.accuracy == run.metrics().accuracy
    for label, image in metadata.examples:
        assert any(np.array_equal(image, x) for x in DATA[1].images[DATA[1].labels == label])


def test_eight_bits_are_smaller_and_still_see_colour(run, tmp_path):
    whole = export_onnx(run, DATA, tmp_path / "model.onnx").metadata
    small = export_onnx(run, DATA, tmp_path / "small.onnx", bits=8).metadata
    assert small.bits == 8 and small.accuracy == pytest.approx(whole.accuracy, abs=0.1)


def test_keras_loads_the_network_and_safetensors_say_what_the_weights_are_of(run, tmp_path):
    assert export_keras(run, DATA[1], tmp_path / "model.keras") <= TOLERANCE
    model = get_engine("keras").nn.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert model.predict(DATA[1].images[:3], verbose=0).shape == (3, 3)
    export_safetensors(run, tmp_path / "w.safetensors")
    with safe_open(tmp_path / "w.safetensors", "np") as file:
        facts = {name: json.loads(file.metadata()[name]) for name in ("image_shape", "preparation")}
    assert facts == {"image_shape": [12, 14, 3], "preparation": "fit"}


def test_a_grey_run_on_whole_pictures_is_exported_as_such(tmp_path):
    grey = tuple(replace(part, images=part.images.max(axis=3), preparation="fit") for part in DATA)
    name, own = SMALL["scratch"]
    recipe = replace(RECIPES[name], test_each_epoch=False, epochs=1, batch_size=20, **own)
    run = train(recipe, grey, tmp_path / "run")
    metadata = export_onnx(run, grey, tmp_path / "model.onnx", calibrate=False).metadata
    assert (metadata.image_shape, metadata.preparation) == ((12, 14), "fit")


def test_colours_count_as_three_numbers_of_an_example():
    assert examples_limit((64, 64, 3)) == 170
    assert examples_limit((1024, 1024, 3)) == 0
