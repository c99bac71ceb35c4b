"""The temperature is where the loss is least, and the error is what it is by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.calibration import (
    BINS,
    HOTTEST,
    SURE,
    best_temperature,
    brier_score,
    expected_calibration_error,
    maximum_calibration_error,
    reliability,
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


def test_the_bins_by_hand():
    # 0.5 and 0.6 are each in the bin that they end; 1 is in the last one.
    p = np.array([[0.5, 0.5], [0.6, 0.4], [0.45, 0.55], [1.0, 1e-300]])
    bins = reliability(np.log(p), np.array([1, 0, 1, 0]), bins=5)
    assert [(b.low, b.high) for b in bins] == [(k / 5, (k + 1) / 5) for k in range(5)]
    assert [b.images for b in bins] == [0, 0, 3, 0, 1]
    assert [b.correct for b in bins] == [0, 0, 2, 0, 1]
    assert bins[2].accuracy == 2 / 3
    assert bins[2].confidence == pytest.approx((0.5 + 0.6 + 0.55) / 3)
    assert bins[2].gap == pytest.approx(2 / 3 - 0.55)
    expected = binomtest(2, 3).proportion_ci(method="wilson")
    assert bins[2].interval == pytest.approx((expected.low, expected.high))
    assert (bins[4].accuracy, bins[4].confidence, bins[4].gap) == (1, 1, 0)


def test_an_empty_bin_says_nothing():
    empty = reliability(np.log([[0.9, 0.1]]), np.array([0]))[0]
    assert (empty.images, empty.correct, empty.gap) == (0, 0, 0)
    assert empty.accuracy is empty.confidence is empty.interval is None


@pytest.mark.parametrize("classes", [2, 5, 100])
def test_the_bins_are_scikit_learns(classes):
    z, labels = predictions(classes=classes)
    correct = z.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(correct, np.exp(z.max(axis=1)), n_bins=BINS)
    bins = [b for b in reliability(z, labels) if b.images]
    assert [b.accuracy for b in bins] == pytest.approx(accuracy, rel=1e-12)
    assert [b.confidence for b in bins] == pytest.approx(confidence, rel=1e-12)


def errors_by_loops(log_probabilities, labels):
    """The expected and the maximum calibration error, image by image, as the papers have them."""
    gaps, total = [], 0.0
    for b in range(BINS):
        inside = []
        for row, label in zip(log_probabilities.tolist(), labels.tolist(), strict=True):
            p = [np.exp(value) for value in row]
            if b / BINS < max(p) <= (b + 1) / BINS:
                inside.append((max(p), p.index(max(p)) == label))
        if inside:
            accuracy = sum(right for _, right in inside) / len(inside)
            confidence = sum(p for p, _ in inside) / len(inside)
            gaps.append(abs(accuracy - confidence))
            total += len(inside) / len(labels) * gaps[-1]
    return total, max(gaps)


@pytest.mark.parametrize("sharp", [0.4, 1.0, 3.0])
def test_the_errors_are_those_of_loops_over_images(sharp):
    z, labels = predictions(n=300, sharp=sharp)
    expected, maximum = errors_by_loops(z, labels)
    assert expected_calibration_error(z, labels) == pytest.approx(expected, rel=1e-12)
    assert maximum_calibration_error(z, labels) == pytest.approx(maximum, rel=1e-12)


def test_the_maximum_error_by_hand():
    # Gaps of 0.12 and 0.1, as above: the larger one, however few images it has.
    p = np.array([[0.62, 0.38], [0.62, 0.38], [0.9, 0.1], [0.1, 0.9]])
    error = maximum_calibration_error(np.log(p), np.array([0, 1, 0, 1]))
    assert error == pytest.approx(0.12)


@pytest.mark.parametrize("classes", [2, 5, 100])
def test_the_brier_score_is_scikit_learns(classes):
    z, labels = predictions(n=500, classes=classes)
    # Class by class: scikit-learn before 1.7 has the score of two classes alone, which is half.
    p = np.exp(z)
    expected = sum(brier_score_loss(labels == k, p[:, k]) for k in range(classes))
    assert brier_score(z, labels) == pytest.approx(expected, rel=1e-12)


def test_the_brier_score_by_hand():
    # Right with 0.8: 0.2² + 0.2² = 0.08; surely wrong: 1 + 1 = 2.
    p = np.array([[0.8, 0.2], [1, 1e-300]])
    assert brier_score(np.log(p), np.array([0, 1], np.uint8)) == pytest.approx((0.08 + 2) / 2)
    assert brier_score(np.log(p[1:]), np.array([0])) == pytest.approx(0)


@pytest.mark.parametrize(
    "measure", [reliability, expected_calibration_error, maximum_calibration_error, brier_score]
)
@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), r"must have shape \(N, K\)"),
        (np.zeros((2, 3)), np.array([0, 3]), "labels must be in 0..2; received 0..3"),
        (np.zeros((2, 3)), np.array([0]), "must be as many; received 2 and 1"),
        (np.full((1, 2), np.nan), np.array([0]), "must be numbers; received NaN"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(measure, rows, labels, message):
    with pytest.raises(InvalidValueError, match=message):
        measure(rows, labels)


def test_no_bins_are_refused():
    with pytest.raises(InvalidValueError, match="bins must be at least 1; received 0"):
        reliability(np.zeros((1, 1)), np.array([0]), bins=0)


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
