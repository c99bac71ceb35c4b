"""An exported model's outlier score: what it tells, where its threshold comes from, no decision."""

from dataclasses import replace

import numpy as np
import onnx
import portable_model
import pytest
from small_runs import DATA, SMALL, trained

from fashionlab.data import Parts, split
from fashionlab.data.outliers import KINDS, draw
from fashionlab.data.synthetic import draw as synthetic
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.outliers import area, threshold
from fashionlab.export import graph, outlier_head, outlier_score
from fashionlab.export.portable_model import export_onnx
from fashionlab.portable import Predictor
from fashionlab.recipes import RECIPES
from fashionlab.training import train

LARGER = synthetic(train=600, test=200)


@pytest.fixture(scope="module", params=SMALL)
def run(request, tmp_path_factory):
    return trained(request.param, tmp_path_factory.mktemp("runs") / request.param)


def test_the_threshold_accepts_the_share_of_held_out_images_and_no_decision_changes(run, tmp_path):
    exported = export_onnx(run, DATA, tmp_path / "model.onnx", accept=0.9)
    predictor, outliers = Predictor(tmp_path / "model.onnx"), exported.metadata.outliers
    _, held_out = split(DATA[0], 0.2, run.seed)
    _, scores = predictor.probabilities_and_scores(held_out.images)
    assert outliers.threshold == threshold(scores, 0.9) and outliers.accept == 0.9
    assert np.mean(scores <= outliers.threshold) >= 0.9
    assert exported.decisions == 0 and exported.difference < 1e-5
    rows, scores = predictor.probabilities_and_scores(DATA[1].images)
    np.testing.assert_array_equal(rows, predictor.probabilities(DATA[1].images))
    accepted = [np.mean(scores[DATA[1].labels == k] <= outliers.threshold) for k in range(10)]
    np.testing.assert_allclose(outliers.accepted, accepted)
    assert [one.kind for one in outliers.drawn] == [*KINDS]


def test_it_tells_test_images_from_outliers_of_other_seeds(tmp_path):
    name, own = SMALL["scratch"]
    given = {"epochs": 5, "batch_size": 20, "validation_fraction": 0.2, **own}
    run = train(replace(RECIPES[name], test_each_epoch=False, **given), LARGER, tmp_path / "run")
    outliers = export_onnx(run, LARGER, tmp_path / "model.onnx").metadata.outliers
    assert np.mean([one.area for one in outliers.drawn]) > 0.85
    predictor = Predictor(tmp_path / "model.onnx")
    _, own = predictor.probabilities_and_scores(LARGER[1].images)
    noise = draw("noise", 100, *(LARGER[1].images, LARGER[1].labels), seed=7).images
    _, strange = predictor.probabilities_and_scores(noise)
    assert area(own, strange) > 0.95


def test_the_same_export_gives_the_same_file(run, tmp_path):
    for name in ("a", "b"):
        export_onnx(run, DATA, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_runs_threshold_carries_over_by_its_rank(tmp_path, monkeypatch):
    """The calibrating run's head scores ten times as high; the threshold does not follow it."""
    plain = trained("scratch", tmp_path / "plain", validation_fraction=0.0)
    twin = trained("scratch", tmp_path / "twin")
    wanted = export_onnx(plain, DATA, tmp_path / "1", calibrated_by=twin).metadata.outliers
    real = outlier_score.train_head

    def scaled(network, images, labels, *, mirrored):
        head = real(network, images, labels, mirrored=mirrored)
        scale = 10 if scaled.calls else 1
        scaled.calls += 1
        parts = {"output": scale * head.output, "output_bias": scale * head.output_bias}
        return replace(head, **parts)

    scaled.calls = 0
    monkeypatch.setattr(outlier_score, "train_head", scaled)
    found = export_onnx(plain, DATA, tmp_path / "2", calibrated_by=twin).metadata.outliers
    assert scaled.calls == 2
    assert found.threshold == pytest.approx(wanted.threshold)


def test_the_data_s_own_validation_part_sets_the_threshold(tmp_path):
    kept, part = split(LARGER[0], 0.2, 0)
    part = replace(part, part="validation")
    data = Parts(replace(kept, part="train"), LARGER[1], part)
    name, own = SMALL["scratch"]
    given = {"epochs": 2, "batch_size": 20, "test_each_epoch": False, **own}
    run = train(replace(RECIPES[name], **given), data, tmp_path / "run")
    outliers = export_onnx(run, data, tmp_path / "model.onnx").metadata.outliers
    _, scores = Predictor(tmp_path / "model.onnx").probabilities_and_scores(part.images)
    assert outliers.threshold == threshold(scores, 0.95)


@pytest.mark.parametrize("accept", [0.3, 1.0])
def test_a_share_that_cannot_be_accepted_is_refused_before_anything_is_written(
    accept, run, tmp_path
):
    with pytest.raises(InvalidValueError, match="share of images to accept"):
        export_onnx(run, DATA, tmp_path / "model.onnx", accept=accept)
    assert not (tmp_path / "model.onnx").exists()


def test_without_held_out_images_there_is_no_score(run, tmp_path):
    metadata = export_onnx(run, DATA, tmp_path / "model.onnx", calibrate=False).metadata
    assert metadata.outliers is None
    assert Predictor(tmp_path / "model.onnx").probabilities_and_scores(DATA[1].images)[1] is None


def test_with_eight_bits_the_head_stays_whole(run, tmp_path):
    export_onnx(run, DATA, tmp_path / "small.onnx", bits=8)
    model = onnx.load(tmp_path / "small.onnx")
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    head = {name: kind for name, kind in kinds.items() if name.startswith(graph.HEAD)}
    assert head and set(head.values()) == {onnx.TensorProto.FLOAT}


@pytest.mark.parametrize("unchanged", [1000, 1])  # of the first alone, class 1 has none
def test_a_class_that_is_refused_more_often_weighs_more(unchanged):
    """Outliers lie across from class 0, and below class 1, of which there are few images."""
    rng = np.random.default_rng(0)
    centres = np.repeat([[-2.0, 0.0], [1.0, 1.5], [1.0, -1.0]], [900, 100, 1000], axis=0)
    x = np.float32(centres + rng.standard_normal((2000, 2)))
    labels = np.repeat(np.uint8([0, 1]), [900, 100])

    def kept(head):
        scores = head.scores(x[:1000])
        return np.mean(scores[900:] <= threshold(scores, 0.95))

    alike = outlier_head._fitted(x, 1000, np.ones(2000, np.float32))
    assert outlier_head._refused(alike, x[:1], labels) == [0, 0]
    assert kept(outlier_head._balanced(x, labels, x[:unchanged])) > kept(alike) + 0.05


def test_the_head_of_the_file_is_the_one_that_was_trained():
    """Scores of a graph with a known head, against NumPy, with and without the mirror image."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (5, 28, 28), np.uint8)
    recipe = replace(RECIPES["net"], model={"units": (7,)}, output_activation="linear")
    weights = {
        "hidden_1.kernel": rng.normal(0, 0.1, (784, 7)).astype(np.float32),
        "hidden_1.bias": np.zeros(7, np.float32),
        "output.kernel": rng.normal(0, 1, (7, 10)).astype(np.float32),
        "output.bias": np.zeros(10, np.float32),
    }
    drawn = [rng.normal(0, 1, shape).astype(np.float32) for shape in ((7, 3), 3, (3, 1), 1)]
    head = outlier_head.Head(*drawn)
    for flip in (False, True):
        chosen = replace(recipe, flip_at_prediction=flip)
        model = graph.emit(chosen, (28, 28), 10, weights, head)
        content = graph.finished(model, portable_model.metadata(outliers=portable_model.outliers()))
        _, found = Predictor(content).probabilities_and_scores(images)
        views = [images, images[:, :, ::-1]][: 1 + flip]
        flat = [view.reshape(5, -1) / np.float32(255) for view in views]
        hidden = [1 / (1 + np.exp(-(x @ weights["hidden_1.kernel"]))) for x in flat]
        if chosen.model.get("activation", "relu") == "relu":
            hidden = [np.maximum(x @ weights["hidden_1.kernel"], 0) for x in flat]
        np.testing.assert_allclose(found, np.mean([head.scores(h) for h in hidden], 0), atol=1e-4)
