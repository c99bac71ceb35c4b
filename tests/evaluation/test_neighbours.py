"""Neighbours by cosine."""

import numpy as np

from fashionlab.evaluation.neighbours import nearest, unit_rows


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


def test_rows_get_the_length_of_one_and_zeros_stay():
    x = np.array([[3, 4], [0, 0], [0, -2]], np.float32)
    np.testing.assert_allclose(unit_rows(x), [[0.6, 0.8], [0, 0], [0, -1]], rtol=1e-6)
    assert unit_rows(x).dtype == np.float32
