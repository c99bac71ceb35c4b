"""measure_explanation: of small runs of both engines, in grey and colour, few and many classes."""

import shutil
from dataclasses import replace

import colour
import numpy as np
import pytest
from small_runs import DATA, trained

from fashionlab import shipped
from fashionlab.data import Dataset
from fashionlab.data.parts import Parts
from fashionlab.errors import InvalidValueError, MissingDependencyError
from fashionlab.evaluation.neighbours import unit_rows
from fashionlab.evaluation.occlusion import occlusion
from fashionlab.evaluation.projection import embedded
from fashionlab.recipes import RECIPES
from fashionlab.report.measure import explanation as module
from fashionlab.report.measure.explanation import measure_explanation
from fashionlab.runs import Run
from fashionlab.training import train

PARTS = Parts(*DATA)


@pytest.fixture(scope="module")
def cnn(tmp_path_factory):
    return trained("scratch", tmp_path_factory.mktemp("measured") / "run")


def mlp(parts, folder, **changes):
    given = {"engine": "scratch", "epochs": 2, "batch_size": 20, "model": {"units": (9,)}} | changes
    recipe = replace(RECIPES["report-mlp"], name="small", test_each_epoch=False, **given)
    return train(recipe, parts, folder)


def test_everything_is_what_the_network_says(cnn):
    found, network = measure_explanation(cnn, PARTS), cnn.network()
    test, train_images = PARTS.test, PARTS.train.images
    lp, _ = cnn.predictions()
    predicted = lp.argmax(axis=1)
    images, own = test.images[found.indices], predicted[found.indices]
    np.testing.assert_array_equal(found.images, images)
    for image, label, map_ in zip(images, own, found.occlusion, strict=True):
        whole = occlusion(lambda x: np.exp(network.log_probabilities(x)), image, int(label))
        assert np.corrcoef(whole.ravel(), map_.ravel().astype(float))[0, 1] > 0.7 or not whole.any()
    slopes = np.abs(network.saliency(images, own)) * 255
    np.testing.assert_allclose(found.saliency, slopes, rtol=2e-3, atol=1e-6)
    near = found.neighbours
    assert near.rows.shape == (len(images), 5) and near.searched == len(train_images) == 300
    features = unit_rows(network.features(train_images))
    cosines = unit_rows(network.features(images)) @ features.T
    best = np.sort(cosines, axis=1)[:, ::-1][:, :5]
    np.testing.assert_allclose(np.take_along_axis(cosines, near.rows, 1), best, atol=1e-5)
    np.testing.assert_array_equal(near.labels, PARTS.train.labels[near.rows])
    np.testing.assert_array_equal(near.images, train_images[near.rows])
    points = found.map
    assert points.indices.tolist() == list(range(120)) and points.method == "pca"
    expected = embedded(network.features(test.images))
    np.testing.assert_allclose(points.points, expected.points, atol=1e-4)
    assert points.shares == pytest.approx(expected.shares) and points.images.shape == (120, 14, 14)
    np.testing.assert_array_equal(found.kernels, network.first_kernels().astype(np.float16))


def test_it_is_kept_in_the_folder_and_small(cnn):
    found = measure_explanation(cnn, PARTS)
    kept = Run(cnn.folder).explanation()
    np.testing.assert_array_equal(kept.occlusion, found.occlusion)
    np.testing.assert_array_equal(kept.map.points, found.map.points)
    assert (cnn.folder / "explanation.npz").stat().st_size < 400_000


def test_both_engines_explain(tmp_path):
    pytest.importorskip("keras")
    run = trained("keras", tmp_path / "run")
    found = measure_explanation(run, PARTS, method="t-sne", seed=1)
    assert found.saliency.any() and found.occlusion.any() and found.kernels.shape == (4, 3, 3, 1)
    assert (found.map.method, found.map.shares) == ("t-sne", ())
    assert run.explanation().map.method == "t-sne"


def test_colour_and_twelve_test_images(tmp_path):
    parts = Parts(*colour.draw(train=60, test=12))
    run = mlp(parts, tmp_path / "run")
    found = measure_explanation(run, parts)
    assert found.images.shape[1:] == (12, 14, 3) and found.saliency.shape[1:] == (12, 14)
    assert found.neighbours.images.shape[1:] == (5, 12, 14, 3)
    assert found.kernels.shape == (9, 12, 14, 3) and len(found.map.indices) == 12
    assert run.explanation() is not None


@pytest.mark.parametrize(("classes", "side"), [(2, 6), (100, 6), (2, 100)])
def test_two_or_a_hundred_classes_and_large_images(classes, side, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(200) % classes
    images = rng.integers(0, 99, (200, side, side), np.uint8)
    images[np.arange(200), 0, labels % side] = 255
    both = [Dataset.from_arrays(images, labels, part=part) for part in ("train", "test")]
    run = mlp(Parts(*both), tmp_path / "run", model={"units": (3,)})
    found = measure_explanation(run, Parts(*both))
    assert 1 <= len(found.indices) <= 22
    stored = min(side, 50)
    assert found.occlusion.shape[1:] == found.saliency.shape[1:] == (stored, stored)
    kept = run.explanation()
    assert kept.images.shape == found.images.shape and kept.kernels.shape[1] <= 32


def test_a_set_smaller_than_its_neighbours(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 5), np.uint8)
    both = [Dataset.from_arrays(images, [0, 1, 0, 1], part=part) for part in ("train", "test")]
    run = mlp(Parts(*both), tmp_path / "run")
    assert measure_explanation(run, Parts(*both)).neighbours.rows.shape[1] == 4
    assert run.explanation().neighbours.searched == 4


def test_other_data_are_refused(cnn):
    others = colour.draw()
    with pytest.raises(InvalidValueError, match="needs its own train data"):
        measure_explanation(cnn, Parts(*others))


@pytest.fixture
def without_engine(monkeypatch):
    def missing(self, *_):
        raise MissingDependencyError("the keras engine needs the package keras; install it")

    for method in ("features", "log_probabilities"):
        monkeypatch.setattr(module.TrainedNetwork, method, missing)


def test_without_the_engine_a_portable_model_shows_occlusion(cnn, without_engine, tmp_path):
    run = Run(shutil.copytree(cnn.folder, tmp_path / "run"))
    (run.folder / "explanation.npz").unlink(missing_ok=True)
    with pytest.raises(MissingDependencyError, match="needs the package keras"):
        measure_explanation(run, PARTS)
    assert run.explanation() is None
    export = pytest.importorskip("fashionlab.export.portable_model").export_onnx
    export(run, PARTS, run.folder / "model.onnx")
    said = []
    found = measure_explanation(run, PARTS, log=said.append)
    assert found.saliency is found.neighbours is found.map is None and found.kernels is not None
    assert found.occlusion.any() and run.explanation().occlusion.any()
    assert "occlusion alone is measured, by the portable model" in said[0]


def test_a_folder_that_cannot_be_written_leaves_the_measurement(cnn, monkeypatch):
    def full(self, explanation):
        raise OSError(28, "No space left on device", "explanation.npz")

    monkeypatch.setattr(Run, "keep_explanation", full)
    said = []
    assert measure_explanation(cnn, PARTS, log=said.append).map is not None
    assert said == [
        "the explanation is not kept: cannot write explanation.npz: No space left on device"
    ]


def test_the_shipped_run_has_one_and_its_folder_is_not_written(monkeypatch, cnn):
    run = Run(shipped.FOLDER)
    found = run.explanation()
    lp, labels = run.predictions()
    wrong = lp.argmax(axis=1) != labels
    assert wrong[found.indices].sum() == 6 and len(found.indices) == 22
    assert len(found.map.indices) == 2000 and wrong[found.map.indices].sum() == wrong.sum()
    assert found.neighbours.searched == 3000 and found.kernels.shape == (32, 3, 3, 1)
    # The network finds the class of a sure image in its nearest training images.
    sure = found.indices[12:]
    assert (found.neighbours.labels[12:] == labels[sure][:, None]).mean() > 0.9
    monkeypatch.setattr(module, "is_shipped", lambda folder: True)
    monkeypatch.setattr(Run, "keep_explanation", None)
    assert measure_explanation(cnn, PARTS).map is not None
