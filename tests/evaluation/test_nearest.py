"""The nearest images are those of all distances in whole numbers, in blocks of any size."""

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation import nearest as module
from fashionlab.evaluation.nearest import MOST_VALUES, nearest


def by_all_distances(queries, training, k):
    differences = queries[:, None].astype(np.int64) - training.astype(np.int64)
    distances = (differences**2).sum(axis=2)  # (B, N)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def in_blocks(training, size):
    for first in range(0, len(training), size):
        rows = np.arange(first, min(first + size, len(training)))
        yield rows, training[rows]


@pytest.mark.parametrize("size", [1, 3, 50, 1000])
@pytest.mark.parametrize("values", [1, 30, 1024, 1500])
def test_the_nearest_are_those_of_all_distances(size, values, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 40)
    monkeypatch.setattr(module, "QUERIES", 7)
    rng = np.random.default_rng(values)
    training = rng.integers(0, 256, (200, values), np.uint8)
    queries = rng.integers(0, 256, (20, values), np.uint8)
    found = nearest(queries, in_blocks(training, size), 5)
    np.testing.assert_array_equal(found, by_all_distances(queries, training, 5))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_of_images_at_one_distance_the_first_is_nearer(size):
    rng = np.random.default_rng(0)
    training = rng.integers(0, 2, (300, 3), np.uint8)  # eight different images
    queries = rng.integers(0, 3, (30, 3), np.uint8)
    found = nearest(queries, in_blocks(training, size), 4)
    np.testing.assert_array_equal(found, by_all_distances(queries, training, 4))


@pytest.mark.parametrize("values", [784, MOST_VALUES])
def test_a_distance_is_exact_to_the_last_level_of_one_pixel(values):
    # Black against white: the largest sums that there are. Float32 alone would round a unit away.
    training = np.full((3, values), 255, np.uint8)
    training[0, :2], training[1, 0], training[2, :3] = 254, 254, 254
    found = nearest(np.zeros((1, values), np.uint8), [(np.array([4, 6, 9]), training)], 3)
    assert found.tolist() == [[9, 4, 6]]


def test_more_neighbours_than_images_and_too_large_images_are_refused():
    one = np.zeros((1, 4), np.uint8)
    with pytest.raises(InvalidValueError, match="at least 2 training images"):
        nearest(one, [(np.arange(1), one)], 2)
    with pytest.raises(InvalidValueError, match="at least 1"):
        nearest(one, [(np.arange(1), one)], 0)
    large = np.zeros((1, MOST_VALUES + 1), np.uint8)
    with pytest.raises(InvalidValueError, match="reduce the images"):
        nearest(large, [(np.arange(1), large)], 1)
