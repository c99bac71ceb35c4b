"""A run of either engine becomes a file that answers as the run did, and says what it is."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small_runs import DATA, SMALL, trained

from fashionlab.data import split
from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError, ModelError
from fashionlab.evaluation.calibration import best_temperature, tempered, threshold
from fashionlab.evaluation.conformal import carried, coverage, limits, members
from fashionlab.export import portable_model
from fashionlab.export.formats import export_keras, export_safetensors
from fashionlab.export.portable_model import TOLERANCE, export_onnx
from fashionlab.portable import Predictor
from fashionlab.portable.metadata import examples_limit
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run
from fashionlab.training import train


@pytest.fixture(scope="module", params=SMALL)
def run(request, tmp_path_factory):
    return trained(request.param, tmp_path_factory.mktemp("runs") / request.param)


def test_the_file_answers_as_the_run_did_and_says_what_it_is(run, tmp_path):
    exported = export_onnx(run, DATA, tmp_path / "model.onnx")
    predictor, metadata = Predictor(tmp_path / "model.onnx"), exported.metadata
    found = predictor.probabilities(DATA[1].images)
    wanted = np.exp(tempered(run.predictions()[0], metadata.temperature))
    difference = np.abs(found - wanted).max()
    assert difference == pytest.approx(exported.difference, abs=1e-7) and difference <= TOLERANCE
    np.testing.assert_array_equal(found.argmax(axis=1), wanted.argmax(axis=1))
    assert predictor.metadata.to_json() == metadata.to_json()
    assert metadata.accuracy == run.metrics().accuracy
    assert metadata.accuracy_interval == run.metrics().accuracy_interval
    assert metadata.weights_sha256 == run.weights_sha256()
    assert (metadata.train_sha256, metadata.test_sha256) == (DATA[0].sha256, DATA[1].sha256)
    assert metadata.class_names == DATA[1].class_names and metadata.licence == "not stated"
    assert {label for label, _ in metadata.examples} == set(range(10))


def test_the_licence_of_fashion_mnist_is_stated_of_its_hash_alone(tmp_path, monkeypatch):
    other = tuple(replace(part, name="fashion-mnist") for part in DATA)
    name, own = SMALL["scratch"]
    given = {"epochs": 1, "batch_size": 20, "test_each_epoch": False, **own}
    run = train(replace(RECIPES[name], **given), other, tmp_path / "run")
    metadata = export_onnx(run, other, tmp_path / "1.onnx", calibrate=False).metadata
    assert metadata.licence == "not stated"
    assert metadata.data_name == "fashion-mnist (not genuine)"
    monkeypatch.setattr(portable_model, "LICENCES", {DATA[0].sha256: "MIT"})
    assert export_onnx(run, other, tmp_path / "2.onnx", calibrate=False).metadata.licence == "MIT"


def test_temperature_and_threshold_come_from_the_images_held_out(run, tmp_path):
    metadata = export_onnx(run, DATA, tmp_path / "model.onnx").metadata
    export_onnx(run, DATA, tmp_path / "plain.onnx", calibrate=False)
    _, held_out = split(DATA[0], 0.2, 0)
    plain = np.log(Predictor(tmp_path / "plain.onnx").probabilities(held_out.images))
    assert metadata.temperature == pytest.approx(best_temperature(plain, held_out.labels), rel=1e-3)
    kept = threshold(tempered(plain, metadata.temperature))
    assert metadata.threshold == pytest.approx(kept, abs=1e-3)
    assert metadata.calibrated_on == "60 held-out training images, its own"


def test_sets_come_from_the_tempered_probabilities_of_the_images_held_out(run, tmp_path):
    metadata = export_onnx(run, DATA, tmp_path / "model.onnx").metadata
    _, held_out = split(DATA[0], 0.2, 0)
    p = np.float64(Predictor(tmp_path / "model.onnx").probabilities(held_out.images))
    scores = np.sort(1 - p[np.arange(60), held_out.labels])
    # Ranks ceil(61 * 0.9) = 55 and ceil(61 * 0.95) = 58; 61 * 0.99 is more than 60.
    assert metadata.sets.all == pytest.approx((scores[54], scores[57], 1.0), abs=1e-4)
    assert set(np.ravel(metadata.sets.by_class)) == {1.0}  # six images of a class are too few
    sets = members(p, limits(metadata.sets, 0.9))
    assert coverage(sets, held_out.labels).coverage == 55 / 60


def test_without_calibration_it_says_so(run, tmp_path):
    metadata = export_onnx(run, DATA, tmp_path / "model.onnx", calibrate=False).metadata
    assert (metadata.temperature, metadata.threshold, metadata.calibrated_on) == (1, 0, "")
    assert metadata.sets is None
    with pytest.raises(InvalidValueError, match="quantiles of held-out images"):
        Predictor(tmp_path / "model.onnx").predict(DATA[1].images[0]).set(0.9)


def test_eight_bits_are_smaller_and_their_accuracy_is_their_own(run, tmp_path):
    whole = export_onnx(run, DATA, tmp_path / "model.onnx")
    small = export_onnx(run, DATA, tmp_path / "small.onnx", bits=8)
    found = Predictor(tmp_path / "small.onnx").probabilities(DATA[1].images)
    accuracy = (found.argmax(axis=1) == DATA[1].labels).mean()
    assert small.metadata.accuracy == accuracy and small.metadata.bits == 8
    assert accuracy == pytest.approx(whole.metadata.accuracy, abs=0.1)
    assert small.difference > whole.difference


def test_keras_loads_the_network_without_fashionlabs_layers(run, tmp_path):
    assert export_keras(run, DATA[1], tmp_path / "model.keras") <= TOLERANCE
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    model = get_engine("keras").nn.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert model.predict(DATA[1].images[:3], verbose=0).shape == (3, 10)


def test_safetensors_have_the_weights_and_what_they_are(run, tmp_path):
    from safetensors import safe_open

    export_safetensors(run, tmp_path / "w.safetensors")
    for name, value in run.weights().items():
        np.testing.assert_array_equal(value, load_file(tmp_path / "w.safetensors")[name])
    with safe_open(tmp_path / "w.safetensors", "np") as file:
        assert set(file.metadata()) >= {"recipe", "class_names", "image_shape", "data", "accuracy"}


def test_a_run_that_held_nothing_out_needs_another_that_did(tmp_path):
    plain = trained("scratch", tmp_path / "plain", validation_fraction=0.0)
    out = tmp_path / "model.onnx"
    with pytest.raises(InvalidValueError, match="--calibrated-by"):
        export_onnx(plain, DATA, out)
    twin = trained("scratch", tmp_path / "twin")
    metadata = export_onnx(plain, DATA, out, calibrated_by=twin).metadata
    assert metadata.calibrated_on == "60 held-out training images, another run's of the same recipe"
    kept, _ = split(DATA[0], 0.2, 0)
    sets = export_onnx(twin, DATA, tmp_path / "twin.onnx").metadata.sets
    both = (
        np.log(Predictor(path).probabilities(kept.images)) for path in (tmp_path / "twin.onnx", out)
    )
    wanted = carried(sets, *both, kept.labels)
    assert wanted != sets
    np.testing.assert_allclose(metadata.sets.all, wanted.all, atol=1e-5)
    np.testing.assert_allclose(metadata.sets.by_class, wanted.by_class, atol=1e-5)
    other = trained("scratch", tmp_path / "other", learning_rate=0.002)
    with pytest.raises(InvalidValueError, match="they differ in learning_rate"):
        export_onnx(plain, DATA, out, calibrated_by=other)
    out.unlink()
    with pytest.raises(InvalidValueError, match="needs its own train data"):
        export_onnx(twin, draw(train=300, test=121, seed=1), out)
    with pytest.raises(InvalidValueError, match="needs its own train data"):
        export_onnx(twin, DATA[::-1], out)  # the test part is not to be trained on
    with pytest.raises(InvalidValueError, match="bits must be 32 or 8; received 4"):
        export_onnx(twin, DATA, out, bits=4)
    assert not out.exists()


def test_a_file_that_would_answer_otherwise_is_not_written(tmp_path):
    run = trained("scratch", tmp_path / "run")
    weights = load_file(run.folder / "weights.safetensors")
    weights["output.bias"] = weights["output.bias"] + np.float32([0.01, *[0] * 9])
    save_file(weights, run.folder / "weights.safetensors")
    with pytest.raises(ModelError, match="must be the run's within 1e-05"):
        export_onnx(Run(run.folder), DATA, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="must be the run's within 1e-05"):
        export_keras(Run(run.folder), DATA[1], tmp_path / "model.keras")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_run_without_a_portable_form_is_told_so_before_anything_is_written(tmp_path, monkeypatch):
    run = trained("scratch", tmp_path / "run")
    monkeypatch.setattr(portable_model, "LARGEST_BYTES", 1000)
    with pytest.raises(ModelError, match=r"at most 1,000 bytes.*run would have .*--to keras"):
        export_onnx(run, DATA, tmp_path / "model.onnx")
    monkeypatch.undo()
    weights = load_file(run.folder / "weights.safetensors")
    weights["output.bias"][:] = np.nan
    save_file(weights, run.folder / "weights.safetensors")
    with pytest.raises(ModelError, match=r"no portable form: .*finite weights"):
        export_onnx(Run(run.folder), DATA, tmp_path / "model.onnx")
    config = json.loads((run.folder / "config.json").read_text())
    config["class_names"][0] = "a\nb"
    (run.folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"no portable form.*control characters.*--to keras"):
        export_onnx(Run(run.folder), DATA, tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_large_images_leave_room_for_fewer_examples():
    assert examples_limit((28, 28)) == 512
    assert examples_limit((1024, 1024)) == 2
