"""The choice of images that are explained or mapped, and smaller pictures."""

import numpy as np
import pytest
from PIL import Image

from fashionlab.evaluation.explanation import (
    reduced,
    reduced_shape,
    select_explained,
    select_points,
    stratified,
)


def log_probabilities(confidence, predicted, classes=3):
    """(N, K) of these predicted classes, at these probabilities."""
    n = len(predicted)
    p = np.repeat((1 - np.array(confidence))[:, None] / (classes - 1), classes, axis=1)
    p[np.arange(n), predicted] = confidence
    return np.log(p)


def test_the_most_confident_errors_then_unsure_hits_then_a_sure_hit_a_class_by_hand(monkeypatch):
    for name, count in {"ERRORS": 2, "UNSURE": 1, "SURE": 2}.items():
        monkeypatch.setattr(f"fashionlab.evaluation.explanation.{name}", count)
    labels = np.array([0, 0, 1, 1, 2, 2, 0, 1])
    predicted = np.array([1, 0, 2, 1, 0, 2, 0, 1])
    confidence = [0.6, 0.5, 0.9, 0.7, 0.8, 0.99, 0.8, 0.95]
    found = select_explained(log_probabilities(confidence, predicted), labels)
    assert found.tolist() == [2, 4, 1, 6, 7]


def test_an_image_is_chosen_once_and_few_images_are_enough():
    labels = np.array([0, 1])
    lp = log_probabilities([0.9, 0.8], [0, 1], classes=2)
    assert select_explained(lp, labels).tolist() == [1, 0]  # both unsure and sure
    assert select_explained(lp, 1 - labels).tolist() == [0, 1]
    assert select_explained(lp[:1], labels[:1]).dtype == np.int64


@pytest.mark.parametrize("classes", [2, 100])
def test_at_most_22_are_chosen(classes):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, 3000)
    predicted = np.where(rng.random(3000) < 0.8, labels, rng.integers(0, classes, 3000))
    lp = log_probabilities(rng.uniform(0.6, 1, 3000), predicted, classes)
    found = select_explained(lp, labels)
    assert len(found) == len(set(found.tolist())) == 12 + min(classes, 10)
    assert (predicted[found] != labels[found]).tolist() == [True] * 6 + [False] * (len(found) - 6)


def test_a_map_has_the_errors_and_a_share_of_each_class():
    labels = np.repeat([0, 1, 2], [6000, 3000, 1000])
    correct = np.ones(10_000, bool)
    correct[::25] = False  # 400 errors
    found = select_points(correct, labels, np.random.default_rng(0))
    assert len(found) == 2000 and (np.diff(found) > 0).all()
    assert not correct[found].sum() - 1600
    counts = np.bincount(labels[found][correct[found]])
    np.testing.assert_allclose(counts, 1600 * np.array([0.6, 0.3, 0.1]), atol=1)
    again = select_points(correct, labels, np.random.default_rng(0))
    np.testing.assert_array_equal(found, again)
    assert (found != select_points(correct, labels, np.random.default_rng(1))).any()


def test_a_map_of_a_bad_network_has_600_errors():
    labels = np.arange(5000) % 7
    found = select_points(labels < 2, labels, np.random.default_rng(0))
    assert ((labels[found] >= 2).sum(), len(found)) == (600, 600 + 1400)
    few = select_points(np.zeros(12, bool), np.zeros(12, int), np.random.default_rng(0))
    assert few.tolist() == list(range(12))


def test_a_stratified_sample_is_all_where_there_are_not_more():
    labels = np.array([0, 0, 1, 5, 5, 5])
    rng = np.random.default_rng(0)
    assert stratified(labels, 6, rng).tolist() == stratified(labels, 9, rng).tolist() == [*range(6)]
    assert len(stratified(labels, 0, rng)) == 0
    drawn = np.bincount(np.concatenate([stratified(labels, 3, rng) for _ in range(300)]))
    assert drawn.min() > 0  # no row is left out always
    assert len(set(stratified(np.arange(100), 40, rng).tolist())) == 40


@pytest.mark.parametrize("shape", [(48, 48), (100, 60), (96, 200, 3), (97, 31)])
def test_smaller_pictures_are_those_of_pillow(shape):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    found = reduced(images, 48)
    factor = -(-max(shape[:2]) // 48)
    expected = np.array([Image.fromarray(x).reduce(factor) for x in images])
    assert found.dtype == np.uint8 and found.shape[1:] == reduced_shape(shape, 48)
    assert max(found.shape[1:3]) <= 48
    np.testing.assert_allclose(found.astype(int), expected, atol=1)
    maps = reduced(images.astype(np.float32), 48)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, atol=1)  # Pillow rounds down at times
