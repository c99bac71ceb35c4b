"""Metrics worked by hand on three classes, against scikit-learn, and under hostile input."""

import json
import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.metrics import compute_metrics, confusion_matrix

# Decisions 0, 1, 0, 0 for labels 0, 0, 0, 1: class 2 is absent and never predicted.
BY_HAND = np.log(
    np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]])
).astype(np.float32)
LABELS = np.array([0, 0, 0, 1], np.uint8)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def test_three_classes_by_hand() -> None:
    got = compute_metrics(BY_HAND, LABELS)
    assert got.confusion == ((2, 1, 0), (1, 0, 0), (0, 0, 0))
    assert got.support == (3, 1, 0)
    assert got.correct == (2, 0, 0)
    assert got.accuracy == 0.5
    assert got.precision == (2 / 3, 0.0, 0.0)
    assert got.recall == (2 / 3, 0.0, 0.0)
    assert got.f1 == (2 / 3, 0.0, 0.0)
    macro = (got.macro_precision, got.macro_recall, got.macro_f1)
    assert macro == pytest.approx((2 / 9,) * 3, rel=1e-15)
    # -(2 log 1/2 + 2 log 1/4) / 4 = 1.5 log 2
    assert got.log_loss == pytest.approx(1.5 * math.log(2), rel=1e-6)
    # Wilson at p = 1/2, n = 4: 1/2 ± z / (2 √(4 + z²)), z² = 3.841459
    half = 1.959964 / (2 * math.sqrt(4 + 3.841459))
    assert got.accuracy_interval == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_every_figure_equals_scikit_learn_on_random_data(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = 500, 10
    lp = log_softmax(rng.normal(size=(n, k)) * 2 - np.arange(k))
    labels = rng.integers(0, k - 1, n).astype(np.uint8)  # the last class is absent
    every = list(range(k))
    decided = lp.argmax(axis=1)
    got = compute_metrics(lp, labels)

    expected = sk.precision_recall_fscore_support(labels, decided, labels=every, zero_division=0)
    for mine, theirs in zip(
        (got.precision, got.recall, got.f1, got.support), expected, strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    macro = sk.precision_recall_fscore_support(
        labels, decided, labels=every, zero_division=0, average="macro"
    )
    assert (got.macro_precision, got.macro_recall, got.macro_f1) == pytest.approx(macro[:3])
    np.testing.assert_array_equal(got.confusion, sk.confusion_matrix(labels, decided, labels=every))
    assert got.accuracy == pytest.approx(sk.accuracy_score(labels, decided), rel=1e-15)
    probabilities = np.exp(lp.astype(np.float64))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    assert got.log_loss == pytest.approx(sk.log_loss(labels, probabilities, labels=every), rel=1e-6)


def test_confusion_matrix_does_not_wrap_uint8_cells() -> None:
    labels = np.array([199], np.uint8)
    got = confusion_matrix(labels, labels, 200)
    assert (got.dtype, got[199, 199], got.sum()) == (np.int64, 1, 1)


def test_perfect_score_has_positive_zero_log_loss() -> None:
    got = compute_metrics(np.array([[0.0, -200.0]], np.float32), np.array([0]))
    assert math.copysign(1.0, got.log_loss) == 1.0
    assert (got.accuracy, got.log_loss) == (1.0, 0.0)


def test_a_tie_goes_to_the_lowest_class() -> None:
    lp = np.full((1, 4), -math.log(4), np.float32)
    assert compute_metrics(lp, np.array([0])).accuracy == 1.0


def with_cell(value: float) -> np.ndarray:
    lp = BY_HAND.copy()
    lp[1, 2] = value
    return lp


@pytest.mark.parametrize(
    ("lp", "labels", "rule"),
    [
        (BY_HAND[0], LABELS, "must have shape"),
        (BY_HAND[:0], LABELS[:0], "must have shape"),
        (BY_HAND[:, :0], LABELS, "must have shape"),
        (BY_HAND.astype(np.int64), LABELS, "must be float32"),
        (with_cell(math.nan), LABELS, "must be finite"),
        (with_cell(-math.inf), LABELS, "must be finite"),
        (with_cell(math.inf), LABELS, "must be finite"),
        (np.exp(BY_HAND), LABELS, "must sum to 1"),
        (BY_HAND, LABELS[:3], "must be as many"),
        (BY_HAND[:3], LABELS, "must be as many"),
        (BY_HAND, LABELS[:, None], "must have shape"),
        (BY_HAND, LABELS.astype(np.float32), "must be integers"),
        (BY_HAND, LABELS.astype(bool), "must be integers"),
        (BY_HAND, np.array([0, 0, 0, 3]), "must be in"),
        (BY_HAND, np.array([0, 0, 0, -1]), "must be in"),
        (BY_HAND, np.array([0, 0, 0, 2**64 - 1], np.uint64), "must be in"),
    ],
)
def test_compute_metrics_refuses_hostile_input_in_one_line(
    lp: np.ndarray, labels: np.ndarray, rule: str
) -> None:
    with pytest.raises(InvalidValueError, match=rf"{rule}.*; received .*; ") as caught:
        compute_metrics(lp, labels)
    assert "\n" not in str(caught.value)


def test_confusion_matrix_refuses_no_classes() -> None:
    with pytest.raises(InvalidValueError, match="classes must be at least 1"):
        confusion_matrix(LABELS, LABELS, 0)


def test_what_was_written_as_json_does_not_differ() -> None:
    metrics = compute_metrics(BY_HAND, LABELS)
    assert not metrics.differences(json.loads(json.dumps(metrics.to_json(), allow_nan=False)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accuracy", 0.75),
        ("accuracy", None),
        ("accuracy", math.nan),
        ("accuracy_interval", [0.1]),
        ("log_loss", math.inf),
        ("log_loss", "1"),
        ("log_loss", True),
        ("support", [3.0, 1, 0]),
        ("recall", 0.5),
        ("confusion", [[0]]),
        ("confusion", None),
    ],
)
def test_a_changed_figure_is_named(field: str, value: Any) -> None:
    metrics = compute_metrics(BY_HAND, LABELS)
    assert metrics.differences(metrics.to_json() | {field: value}) == [field]


def test_a_missing_figure_is_named() -> None:
    metrics = compute_metrics(BY_HAND, LABELS)
    record = metrics.to_json()
    del record["f1"]
    assert metrics.differences(record) == ["f1"]
