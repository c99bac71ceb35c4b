import numpy as np
import pytest

from fashionlab.evaluation import duplicates
from fashionlab.evaluation.duplicates import accuracy_without, find_duplicates


def images(*values):
    return np.array(values, np.uint8)[:, np.newaxis, np.newaxis] * np.ones((1, 2, 3), np.uint8)


def test_every_pair_of_equal_images_is_named_and_nothing_else():
    test, training = images(5, 6, 7, 6), images(6, 1, 7, 7)
    assert find_duplicates(test, training) == [[1, 0], [2, 2], [2, 3], [3, 0]]
    training[0, 1, 2] += 1  # one pixel, by one step
    assert find_duplicates(test, training) == [[2, 2], [2, 3]]
    assert find_duplicates(test, images(1, 2)) == []


def test_images_in_colour_are_equal_in_all_channels_or_not_at_all():
    test = np.stack([images(5, 6)] * 3, axis=-1)
    training = test[::-1].copy()
    assert find_duplicates(test, training) == [[0, 1], [1, 0]]
    training[1, 0, 0, 2] += 1
    assert find_duplicates(test, training) == [[1, 0]]


def test_images_of_equal_keys_are_compared(monkeypatch):
    monkeypatch.setattr(duplicates, "_keys", lambda images: np.zeros(len(images), np.int64))
    test_every_pair_of_equal_images_is_named_and_nothing_else()


def test_accuracy_without_images_counts_only_the_others():
    logs = np.log([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
    labels = np.array([0, 1, 1, 1])
    assert accuracy_without(logs, labels, []) == 0.75
    assert accuracy_without(logs, labels, {0}) == pytest.approx(2 / 3)
    assert accuracy_without(logs, labels, {1}) == 1
    assert accuracy_without(logs, labels, {0, 1, 2, 3}) is None  # nothing is left to measure
