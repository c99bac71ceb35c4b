"""Threshold, area, curve and shares of an outlier score, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.outliers import POINTS, accepted_by_class, area, curve, threshold


def test_the_threshold_is_the_lowest_score_that_accepts_the_share():
    scores = np.arange(1, 101)
    assert threshold(scores, 0.95) == 95 and threshold(scores, 0.951) == 96
    assert threshold(np.array([3.0, 1.0]), 0.95) == 3
    assert threshold(np.array([2.0]), 0.5) == 2


@pytest.mark.parametrize("accept", [0, 0.49, 1, 1.5, float("nan")])
def test_a_share_that_accepts_all_or_less_than_half_is_refused(accept):
    with pytest.raises(InvalidValueError, match="to accept must be from"):
        threshold(np.array([1.0]), accept)


def test_a_threshold_needs_an_image():
    with pytest.raises(InvalidValueError, match="held-out images; received none"):
        threshold(np.array([]))


def test_the_area_counts_ties_as_half_as_scikit_learn_does():
    assert area(np.array([1, 2]), np.array([2, 3])) == (0.5 + 1 + 1 + 1) / 4
    rng = np.random.default_rng(0)
    scores, outliers = rng.integers(0, 9, 300), rng.integers(3, 12, 170)
    labels = np.repeat([0, 1], [300, 170])
    wanted = roc_auc_score(labels, np.concatenate([scores, outliers]))
    assert area(scores, outliers) == pytest.approx(wanted, abs=1e-12)


def test_the_curve_is_the_share_of_outliers_at_each_twentieth_of_the_images():
    scores, outliers = np.arange(20.0), np.array([-1.0, 4.5, 10.0, 30.0])
    found = curve(scores, outliers)
    assert len(found) == POINTS and found[0] == 0.25  # below all images
    assert found[5] == 0.25 and found[6] == 0.5  # limits 4 and 5
    assert found[10] == 0.5 and found[11] == 0.75  # 9 and 10
    assert found[-1] == 0.75


def test_shares_by_class():
    shares = accepted_by_class(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2]), 1.5, 3)
    assert shares == [0.5, 1.0, 0.0]
