"""Intervals of a class: proportions counted from the labels, and the coverage of that of F1."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.class_intervals import class_intervals
from fashionlab.evaluation.metrics import confusion_matrix


def wilson(successes, n):
    found = binomtest(int(successes), int(n)).proportion_ci(method="wilson")
    return found.low, found.high


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_intervals_are_those_of_the_images_of_each_class(classes):
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 3000)
    predicted = np.where(rng.random(3000) < 0.7, labels, rng.integers(0, classes, 3000))
    found = class_intervals(confusion_matrix(labels, predicted, classes))
    assert len(found) == classes
    for k in range(classes):
        true, said = labels == k, predicted == k
        both, either = (true & said).sum(), (true | said).sum()
        assert found[k].precision == pytest.approx(wilson(both, said.sum()), rel=1e-9)
        assert found[k].recall == pytest.approx(wilson(both, true.sum()), rel=1e-9)
        low, high = wilson(both, either)
        assert found[k].f1 == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)), rel=1e-9)


def test_the_intervals_hold_scikit_learns_values():
    rng = np.random.default_rng(1)
    labels, noise = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    predicted = np.where(rng.random(200) < 0.8, labels, noise)
    found = class_intervals(confusion_matrix(labels, predicted, 4))
    for name, score in [("precision", precision_score), ("recall", recall_score), ("f1", f1_score)]:
        for k, value in enumerate(score(labels, predicted, average=None)):
            low, high = getattr(found[k], name)
            assert low < value < high
    jaccard = jaccard_score(labels, predicted, average=None)
    np.testing.assert_allclose(
        f1_score(labels, predicted, average=None), 2 * jaccard / (1 + jaccard)
    )


def test_the_interval_of_f1_by_hand():
    # TP 1, no FP, no FN: J is 1 of 1, low 1 / (1 + z²) = 0.20654; F1 low = 0.41307 / 1.20654.
    only = class_intervals([[1, 0], [0, 0]])[0]
    assert only.f1 == (pytest.approx(2 * 0.206543 / 1.206543, abs=1e-5), 1)


def test_the_interval_of_f1_holds_the_true_value_in_95_of_100_samples():
    rng = np.random.default_rng(0)
    shares = [0.15, 0.03, 0.05, 0.77]  # TP, FN, FP, TN
    true_f1 = 2 * 0.15 / (2 * 0.15 + 0.03 + 0.05)
    intervals = []
    for tp, fn, fp, tn in rng.multinomial(400, shares, size=2000):
        intervals.append(class_intervals([[tp, fn], [fp, tn]])[0].f1)
    held = np.mean([low <= true_f1 <= high for low, high in intervals])
    assert held == pytest.approx(0.95, abs=0.015)


def test_a_class_without_trials_has_no_interval():
    # Class 1 has an image and is never predicted; class 2 is predicted and has none; 3 has neither.
    rows = np.array([[3, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    _, one, two, three = class_intervals(rows)
    assert one.precision is None
    assert one.recall is not None
    assert one.f1 is not None
    assert two.precision is not None
    assert two.recall is None
    assert three.precision is three.recall is three.f1 is None


@pytest.mark.parametrize(
    "confusion",
    [[[1, 2]], [1, 2], [[0.5]], [[-1]], np.zeros((0, 0), int), [[1, 2], [3, 4], [5, 6]]],
)
def test_what_is_no_confusion_matrix_is_refused(confusion):
    with pytest.raises(InvalidValueError, match=r"must be \(K, K\) counts from 0"):
        class_intervals(confusion)
