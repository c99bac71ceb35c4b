"""What a run says of how it used its data is what was done."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fashionlab.cli.evaluation import print_metrics
from fashionlab.data import Dataset, split
from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.evaluation.predictions import log_probabilities
from fashionlab.recipes import build, get, predict
from fashionlab.training import train

TRAIN, TEST = draw(100, 30)
RECIPE = replace(get("net"), epochs=3, batch_size=25, warmup_epochs=0, model={"units": (8,)})


def read_by(monkeypatch, part):
    """Count how often a model is given the images of a part."""
    times = []
    images = {part.images.tobytes(), part.images[:, :, ::-1].tobytes()}
    kind = get_engine("scratch").nn.Sequential
    for name in ("evaluate", "predict"):
        own = getattr(kind, name)

        def counted(self, x, *arguments, _own=own, **options):
            if x.tobytes() in images:
                times.append(x.tobytes() == part.images.tobytes())
            return _own(self, x, *arguments, **options)

        monkeypatch.setattr(kind, name, counted)
    return times


def test_the_test_set_is_read_once_at_the_end(tmp_path, monkeypatch):
    times = read_by(monkeypatch, TEST)
    run = train(replace(RECIPE, flip_at_prediction=False), (TRAIN, TEST), tmp_path / "run")
    assert len(times) == run.protocol()["test_set_read"] == 1
    assert run.protocol() == {
        "images_trained_on": 100,
        "images_held_out": 0,
        "epochs": 3,
        "epoch_chosen_by": None,
        "test_set_read": 1,
        "test_copies": [],
    }


def test_with_a_flip_the_mirror_images_are_read_with_it(tmp_path, monkeypatch):
    times = read_by(monkeypatch, TEST)
    train(RECIPE, (TRAIN, TEST), tmp_path / "run")
    assert times == [True, False]


def test_a_recipe_that_watches_the_test_set_says_how_often(tmp_path, monkeypatch):
    times = read_by(monkeypatch, TEST)
    recipe = replace(RECIPE, test_each_epoch=True, flip_at_prediction=False)
    run = train(recipe, (TRAIN, TEST), tmp_path / "run")
    assert len(times) == run.protocol()["test_set_read"] == 4
    assert "test_accuracy" in run.history()[0]


def test_a_part_held_out_is_measured_and_never_trained_on(tmp_path):
    recipe = replace(
        RECIPE, validation_fraction=0.2, restore_best_weights=True, moving_average=None
    )
    run = train(recipe, (TRAIN, TEST), tmp_path / "run")
    protocol = run.protocol()
    assert (protocol["images_trained_on"], protocol["images_held_out"]) == (80, 20)
    assert (protocol["test_set_read"], protocol["epoch_chosen_by"]) == (1, "validation_loss")
    _, held_out = split(TRAIN, 0.2, 0)
    recipe = replace(recipe, flip_at_prediction=False)
    again = train(recipe, (TRAIN, replace(held_out, part="test")), tmp_path / "again")
    assert again.protocol()["validation_accuracy"] == again.metrics().accuracy


def test_copies_between_the_parts_are_found_whatever_is_held_out(tmp_path):
    images, labels = TEST.images.copy(), TEST.labels.copy()
    for place, source in ((4, 70), (20, 3)):
        images[place], labels[place] = TRAIN.images[source], TRAIN.labels[source]
    test = replace(TEST, images=images, labels=labels)
    run = train(replace(RECIPE, validation_fraction=0.5), (TRAIN, test), tmp_path / "run")
    assert run.protocol()["test_copies"] == [[4, 70], [20, 3]]
    logs, labels = run.predictions()
    right = np.delete(logs.argmax(axis=1) == labels, [4, 20])
    assert run.accuracy_without_copies() == right.mean()


@pytest.mark.parametrize("name", ["scratch", "keras"])
def test_a_flip_at_prediction_is_the_mean_of_both_views(name):
    model = build(replace(RECIPE, engine=name), get_engine(name), (28, 28), 10)
    views = [TEST.images, np.ascontiguousarray(TEST.images[:, :, ::-1])]
    each = [np.exp(log_probabilities(model.predict(v, verbose=0), "linear")) for v in views]
    got = predict(RECIPE, model, TEST.images, 500)
    np.testing.assert_allclose(np.exp(got), (each[0] + each[1]) / 2, rtol=1e-5)
    plain = predict(replace(RECIPE, flip_at_prediction=False), model, TEST.images, 500)
    np.testing.assert_allclose(np.exp(plain), each[0], rtol=1e-5)


def test_the_held_out_part_has_each_class_in_its_share():
    rest, held_out = split(TRAIN, 0.2, 0)
    assert isinstance(held_out, Dataset)
    counts = np.bincount(TRAIN.labels, minlength=10)
    assert np.abs(np.bincount(held_out.labels, minlength=10) - 0.2 * counts).max() <= 1
    assert {i.tobytes() for i in rest.images}.isdisjoint(i.tobytes() for i in held_out.images)


def test_a_run_whose_test_images_are_all_in_its_training_set_says_so(tmp_path, capsys):
    run = train(RECIPE, (TRAIN, replace(TRAIN, part="test")), tmp_path / "run")
    assert run.accuracy_without_copies() is None
    print_metrics(tmp_path / "run", as_json=False)
    assert "): no test image" in capsys.readouterr().out
    print_metrics(tmp_path / "run", as_json=True)
    assert json.loads(capsys.readouterr().out)["accuracy_without_copies"] is None
