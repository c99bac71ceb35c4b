"""Accuracy against coverage: by hand, against brute force, and whatever the order of the images."""

from itertools import permutations

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.metrics import compute_metrics
from fashionlab.evaluation.selective import selective_curve


def scores(largest, correct):
    """Log-probabilities (N, 2) of class 0, and the labels that make them correct or wrong."""
    p = np.asarray(largest, np.float64)
    return np.log(np.stack([p, 1 - p], axis=1)), 1 - np.asarray(correct, np.int64)


def random_scores(n=300, classes=4, digits=None):
    """Predictions that are right more often where they are sure; rounded, many are equal."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(n, classes)) * 2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    if digits is not None:
        p = np.round(p, digits) + 1e-3
        p /= p.sum(axis=1, keepdims=True)
        p = np.round(p, digits + 2)
    return np.log(p), labels


def test_five_images_by_hand():
    # In the order of their probability: right, wrong, right, right, wrong.
    curve = selective_curve(*scores([0.7, 0.9, 0.6, 0.99, 0.8], [1, 0, 0, 1, 1]))
    assert curve.kept.tolist() == [1, 2, 3, 4, 5]
    assert curve.correct.tolist() == [1, 1, 2, 3, 3]
    np.testing.assert_allclose(curve.thresholds, [0.99, 0.9, 0.8, 0.7, 0.6])
    # Risks 0, 1/2, 1/3, 1/4 and 2/5.
    assert curve.area == pytest.approx((1 / 2 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    point = curve.at_coverage(0.6)
    assert (point.kept, point.correct, point.coverage) == (3, 2, 0.6)
    assert point.accuracy == pytest.approx(2 / 3)
    assert point.interval == wilson_interval(2, 3)
    assert curve.at_coverage(0.61).kept == 4
    assert curve.at_accuracy(0.75).kept == 4  # though 2 images have less, and 3
    assert curve.at_accuracy(0.76).kept == 1


def test_no_threshold_is_accurate_enough_where_the_surest_image_is_wrong():
    curve = selective_curve(*scores([0.9, 0.8], [0, 1]))
    assert curve.at_accuracy(0.51) is None
    assert curve.at_accuracy(0.5).kept == 2


@pytest.mark.parametrize("share", [0.05, 0.35, 0.7, 0.9, 0.95, 0.98, 1])
@pytest.mark.parametrize("digits", [None, 1])
def test_each_point_is_what_its_threshold_gives(share, digits):
    lp, labels = random_scores(digits=digits)
    point = selective_curve(lp, labels).at_coverage(share)
    kept = np.exp(lp.max(axis=1)) >= point.threshold - 1e-12
    assert kept.sum() == point.kept >= share * len(labels) - 1e-9
    assert (lp.argmax(axis=1) == labels)[kept].sum() == point.correct
    higher = np.exp(lp.max(axis=1)) > point.threshold + 1e-12
    assert higher.sum() < share * len(labels)  # a higher threshold covers too few


def test_all_images_have_the_accuracy_of_the_metrics():
    lp, labels = random_scores()
    metrics, point = compute_metrics(lp, labels), selective_curve(lp, labels).at_coverage(1)
    assert (point.coverage, point.accuracy) == (1, metrics.accuracy)
    assert point.interval == metrics.accuracy_interval


def test_no_number_depends_on_the_order_of_images_of_equal_probability():
    lp, labels = random_scores(digits=1)
    first = selective_curve(lp, labels)
    assert len(first.kept) < len(labels) / 2  # most have their equals
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(labels))
        again = selective_curve(lp[order], labels[order])
        for name in ("thresholds", "kept", "correct"):
            np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert again.area == first.area


def test_the_area_of_equals_is_the_mean_over_all_their_orders():
    right = [1, 0, 1, 1, 0]
    areas = []
    for order in permutations(range(1, 5)):  # one sure image, then four of equal probability
        wrong = np.cumsum([1 - right[0], *(1 - right[i] for i in order)])
        areas.append((wrong / np.arange(1, 6)).mean())
    curve = selective_curve(*scores([0.9, 0.7, 0.7, 0.7, 0.7], right))
    assert curve.kept.tolist() == [1, 5]
    assert curve.area == pytest.approx(np.mean(areas))


def test_the_area_is_0_without_errors_and_the_error_rate_where_nothing_is_surer():
    assert selective_curve(*scores([0.9, 0.8, 0.7], [1, 1, 1])).area == 0
    assert selective_curve(*scores([0.8] * 4, [1, 0, 1, 1])).area == pytest.approx(1 / 4)


def test_the_surest_first_has_a_smaller_area_than_the_error_rate():
    lp, labels = random_scores(2000)
    curve = selective_curve(lp, labels)
    assert curve.area < 0.8 * (1 - curve.at_coverage(1).accuracy)


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_a_coverage_that_is_none_is_refused(share):
    with pytest.raises(InvalidValueError, match="above 0 and at most 1"):
        selective_curve(*scores([0.9], [1])).at_coverage(share)


def test_no_images_are_refused():
    with pytest.raises(InvalidValueError, match="received none"):
        selective_curve(np.zeros((0, 3)), np.zeros(0, np.int64))
