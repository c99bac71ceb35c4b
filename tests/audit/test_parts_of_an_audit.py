"""Folds and neighbours."""

import numpy as np
import pytest

from fashionlab.audit.folds import folds
from fashionlab.audit.neighbours import nearest
from fashionlab.audit.predictions import features, trained_folds
from fashionlab.engines import get
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES, build_network, override

from .conftest import FAST


def test_folds_have_their_share_of_every_class():
    labels = np.random.default_rng(0).integers(0, 3, 1000)
    fold_of = folds(labels, ("a", "b", "c"), 4, seed=1)
    for k in range(3):
        counts = np.bincount(fold_of[labels == k], minlength=4)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(fold_of)
    assert sizes.max() - sizes.min() <= 3
    assert (fold_of == folds(labels, ("a", "b", "c"), 4, seed=1)).all()
    assert (fold_of != folds(labels, ("a", "b", "c"), 4, seed=2)).any()


def test_neighbours_are_those_of_all_cosines_sorted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(700, 5)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    rows, others = np.arange(0, 600), np.arange(300, 700)  # 300 to 599 are among both
    found = nearest(x[rows], rows, x[others], others, 4)
    cosines = x[rows] @ x[others].T
    cosines[others[None] == rows[:, None]] = -2
    np.testing.assert_array_equal(found, others[np.argsort(-cosines, axis=1)[:, :4]])


def test_neighbours_are_fewer_where_there_are_not_as_many():
    x = np.eye(3, dtype=np.float32)
    assert nearest(x, np.arange(3), x, np.arange(3)).shape == (3, 2)
    assert nearest(x[:1], np.arange(1), x[:1], np.arange(1)).shape == (1, 0)


@pytest.mark.parametrize("jit", [True, False])
def test_features_are_what_the_output_layer_gets(flipped, tmp_path, monkeypatch, jit):
    if not jit:
        monkeypatch.setattr("fashionlab.scratch.compiled.program", lambda *_: None)
    recipe = override(FAST, {"builder": "cnn", "epochs": 1, "model": {"units": (16,)}})
    fold = next(trained_folds(recipe, flipped[0], None, 0, tmp_path, Progress()))
    images = flipped[0][0].images[:20]
    found = features(fold.run, images)
    network = build_network(fold.run.recipe, get("scratch"), (28, 28), 10)
    fold.run.give_weights(network)
    x = images.astype(np.float32)
    for layer in network.layers[:-1]:
        x = layer.forward(x, False)
    np.testing.assert_allclose(found, x / np.linalg.norm(x, axis=1, keepdims=True), atol=1e-5)


def test_features_of_a_convnet_by_keras(flipped, tmp_path):
    pytest.importorskip("keras")
    recipe = override(
        RECIPES["tiny"],
        {"epochs": 1, "model": {"stem": 8, "stages": [[8, 0], [12, 0]]}, "moving_average": None},
    )
    fold = next(trained_folds(recipe, flipped[0], None, 0, tmp_path, Progress()))
    found = features(fold.run, flipped[0][0].images[:20])
    assert found.shape == (20, 12)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
