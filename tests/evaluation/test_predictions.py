import numpy as np
import pytest

from fashionlab.evaluation.predictions import log_probabilities, mean_of_views


def test_logits_go_through_softmax_without_overflow():
    got = log_probabilities(np.array([[0.0, np.log(3), 0.0], [0.0, 1000.0, 0.0]]), "linear")
    np.testing.assert_allclose(got, [np.log([0.2, 0.6, 0.2]), [-1000, 0, -1000]], rtol=1e-6)
    assert got.dtype == np.float32


def test_sigmoid_outputs_are_divided_by_their_sum():
    got = log_probabilities(np.array([[0.5, 0.25, 0.25], [1.0, 1.0, 0.0]]), "sigmoid")
    np.testing.assert_allclose(np.exp(got), [[0.5, 0.25, 0.25], [0.5, 0.5, 1e-7]], rtol=1e-5)


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_rows_are_normalised_and_keep_the_decision(output):
    x = np.random.default_rng(0).random((50, 10))
    got = log_probabilities(x, output)
    np.testing.assert_allclose(np.exp(got).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(got.argmax(axis=1), x.argmax(axis=1))


def test_all_zero_outputs_stay_finite():
    assert np.isfinite(log_probabilities(np.zeros((1, 10)), "sigmoid")).all()


def test_views_are_joined_by_the_mean_of_their_probabilities():
    first, second = np.log([[0.9, 0.1], [0.5, 0.5]]), np.log([[0.2, 0.8], [0.5, 0.5]])
    got = mean_of_views([first.astype(np.float32), second.astype(np.float32)])
    np.testing.assert_allclose(np.exp(got), [[0.55, 0.45], [0.5, 0.5]], rtol=1e-6)
    assert got.dtype == np.float32
    np.testing.assert_allclose(mean_of_views([first]), first, rtol=1e-6)
