"""The temperature is where the loss is least, and the error is what it is by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.calibration import (
    HOTTEST,
    SURE,
    best_temperature,
    expected_calibration_error,
    tempered,
    threshold,
)


def predictions(n=2000, classes=5, sharp=3.0):
    """Logits that are `sharp` times too large for labels drawn from their softmax."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, classes)) * 2
    p = np.exp(tempered(z, 1))
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return tempered(z * sharp, 1), labels


def log_loss(log_probabilities, labels):
    return -log_probabilities[np.arange(len(labels)), labels].mean()


def test_the_temperature_is_that_of_an_independent_minimisation_and_near_the_true_one():
    z, labels = predictions()
    found = best_temperature(z, labels)
    best = minimize_scalar(
        lambda t: log_loss(tempered(z, np.exp(t)), labels), bounds=(-3, 3), method="bounded"
    )
    assert found == pytest.approx(np.exp(best.x), rel=1e-4)
    assert found == pytest.approx(3, rel=0.1)


def test_a_tempered_prediction_keeps_its_decision_and_its_sum():
    z, _ = predictions()
    q = tempered(z, 1.7)
    np.testing.assert_array_equal(q.argmax(axis=1), z.argmax(axis=1))
    np.testing.assert_allclose(np.exp(q).sum(axis=1), 1)
    np.testing.assert_allclose(tempered(z, 1), z, atol=1e-12)


def test_the_error_by_hand():
    # Two images at 0.62, one right; two at 0.9, both right: gaps of 0.12 and 0.1, half each.
    p = np.array([[0.62, 0.38], [0.62, 0.38], [0.9, 0.1], [0.1, 0.9]])
    error = expected_calibration_error(np.log(p), np.array([0, 1, 0, 1]))
    assert error == pytest.approx(0.5 * 0.12 + 0.5 * 0.1)


def test_calibration_makes_the_error_small():
    z, labels = predictions()
    before = expected_calibration_error(z, labels)
    after = expected_calibration_error(tempered(z, best_temperature(z, labels)), labels)
    assert after < before / 4


def test_the_threshold_keeps_98_of_100():
    z, _ = predictions()
    largest = np.exp(z.max(axis=1))
    assert (largest >= threshold(z)).mean() == pytest.approx(0.98, abs=0.001)


def test_easy_images_do_not_make_a_sure_picture_unsure():
    """All images have 99.9 % or more; a picture with 90 % is no reason to doubt."""
    z = np.log(np.stack([np.linspace(0.999, 1 - 1e-12, 500), np.linspace(0.001, 1e-12, 500)], 1))
    assert threshold(z) == SURE == 0.9
    below = np.log([[0.7, 0.3], [0.8, 0.2]] * 30)
    assert threshold(below) == pytest.approx(0.7)
    assert threshold(np.zeros((50, 1))) == SURE


def test_the_temperature_of_predictions_that_say_nothing_is_the_hottest():
    rng = np.random.default_rng(1)
    z = tempered(rng.normal(size=(500, 4)) * 9, 1)
    wrong = z.argmin(axis=1)
    assert best_temperature(z, wrong) == pytest.approx(HOTTEST, rel=1e-6)


def test_images_that_are_all_correct_do_not_make_it_certain_of_others():
    z, _ = predictions(n=9, sharp=1.0)
    right = z.argmax(axis=1)
    assert best_temperature(z, right) == 1
    assert best_temperature(z, np.roll(right, 1)) > 1


def test_none_held_out_is_said():
    with pytest.raises(InvalidValueError, match="needs held-out images"):
        best_temperature(np.zeros((0, 3)), np.zeros(0, int))


def test_a_probability_of_nought_leaves_the_temperature_finite():
    z = np.array([[0.0, -np.inf], [-0.1, -2.4]])
    assert np.isfinite(best_temperature(z, np.array([1, 0])))
