"""Confident learning: by hand, equal to cleanlab's, and it finds labels that were flipped."""

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.label_audit import audit_labels, calibrated
from fashionlab.runs import Run
from fashionlab.shipped import run_folder


def drawn(seed, n=3000, classes=6, noise=0.1, sharpness=3.0):
    """(probabilities, given labels, true labels)."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + sharpness * np.eye(classes)[true]
    p = np.exp(logits)
    given = np.where(rng.random(n) < noise, rng.integers(0, classes, n), true)
    given[:classes] = range(classes)
    return p / p.sum(axis=1, keepdims=True), given, true


def real():
    """The shipped model's probabilities for the test images, some labels of which are changed."""
    log_probabilities, labels = Run(run_folder("shipped")).predictions()
    rng = np.random.default_rng(0)
    changed = np.where(rng.random(len(labels)) < 0.05, rng.integers(0, 10, len(labels)), labels)
    return np.exp(log_probabilities.astype(np.float64)), changed


def cases():
    for seed, options in enumerate(
        [{}, {"noise": 0.5}, {"sharpness": 0.3}, {"classes": 2}, {"n": 40}, {"classes": 40}]
    ):
        yield drawn(seed, **options)[:2]
    yield real()


@pytest.mark.parametrize("p, given", list(cases()))
def test_joint_and_suspects_are_cleanlabs(p, given):
    count = pytest.importorskip("cleanlab.count")
    filters = pytest.importorskip("cleanlab.filter")
    p /= p.sum(axis=1, keepdims=True)
    found = audit_labels(p, given)
    theirs = count.compute_confident_joint(given, p, calibrate=False)
    np.testing.assert_array_equal(found.confident_joint, theirs)
    np.testing.assert_allclose(found.thresholds, count.get_confident_thresholds(given, p))
    # The calibrated counts of cleanlab are rounded to whole images.
    rounded = count.compute_confident_joint(given, p, calibrate=True)
    np.testing.assert_allclose(found.calibrated_joint * len(given), rounded, atol=1)
    suspects = filters.find_label_issues(given, p, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(found.is_suspect, suspects)


def test_an_example_by_hand():
    p = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.1, 0.9], [0.7, 0.3]])
    given = np.array([0, 0, 1, 1, 1])
    found = audit_labels(p, given)
    np.testing.assert_allclose(found.thresholds, [0.7, 2 / 3])
    # The second image reaches neither threshold and is not counted; the last one is confidently 0.
    assert found.confident_joint.tolist() == [[1, 0], [1, 2]]
    np.testing.assert_allclose(found.calibrated_joint, [[0.4, 0], [0.2, 0.4]])
    assert found.noise == pytest.approx(0.2)
    np.testing.assert_allclose(found.noise_by_class, [0, 1 / 3])
    assert found.is_suspect.tolist() == [False] * 4 + [True]
    assert found.likely.tolist() == [0, 0, 1, 1, 0]
    assert found.ranking[0] == 4 and found.ranking[1] == 1


def test_a_row_of_the_calibrated_joint_sums_to_its_labels_share():
    joint = calibrated(np.array([[3, 1], [2, 2]]), np.array([10, 30]))
    np.testing.assert_allclose(joint, [[7.5 / 40, 2.5 / 40], [15 / 40, 15 / 40]])


def test_labels_that_were_flipped_come_first():
    p, given, true = drawn(1, noise=0.05, sharpness=8)
    found, wrong = audit_labels(p, given), given != true
    assert wrong[found.ranking[: wrong.sum()]].mean() > 0.95
    assert found.noise == pytest.approx(wrong.mean(), abs=0.01)


@pytest.mark.parametrize(
    "p, given, rule",
    [
        ([[1.0]], [0], "two classes"),
        ([[0.5, 0.5]], [0, 1], "labels"),
        ([[0.5, 0.6], [0.5, 0.5]], [0, 1], "sum to 1"),
        ([[1.5, -0.5], [0.5, 0.5]], [0, 1], "from 0 to 1"),
        ([[np.nan, 1.0], [0.5, 0.5]], [0, 1], "sum to 1"),
        ([[0.5, 0.5], [0.5, 0.5]], [0, 2], "in [0, 2)"),
        ([[0.5, 0.5], [0.5, 0.5]], [0, 0], "none of [1]"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(p, given, rule):
    with pytest.raises(InvalidValueError, match="must") as refused:
        audit_labels(np.array(p), np.array(given))
    assert rule in str(refused.value) and "\n" not in str(refused.value)
