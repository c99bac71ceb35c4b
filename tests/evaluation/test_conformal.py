"""Sets hold the truth as often as they promise, on data drawn from the same distribution."""

import math
from fractions import Fraction

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.calibration import tempered
from fashionlab.evaluation.conformal import (
    LEVELS,
    STEPS,
    Quantiles,
    carried,
    coverage,
    limits,
    members,
    quantiles,
)


def drawn(rng, n, classes=4):
    """Log-probabilities of a model that is wrong about how sure it is, and labels."""
    z = rng.normal(size=(n, classes)) * [1.0, 2.0, 3.0, 2.0]
    p = np.exp(tempered(z, 1))
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return tempered(z, 0.5), labels


def covered(held_out, test, by_class):
    """Whether each set of the test images holds the truth, (L, N)."""
    found = quantiles(*held_out)
    p, labels = np.exp(test[0]), test[1]
    rows = np.arange(len(labels))
    return np.stack([members(p, limits(found, x, by_class))[rows, labels] for x in LEVELS])


def test_the_promise_holds_over_draws_of_held_out_images_and_not_by_too_much():
    """For n held-out images the coverage lies in [level, level + 1 / (n + 1)] on average."""
    rng, n, draws = np.random.default_rng(0), 99, 2000
    found = np.mean(
        [covered(drawn(rng, n), drawn(rng, 200), False).mean(axis=1) for _ in range(draws)], axis=0
    )
    error = 5 * np.sqrt(np.array(LEVELS) * (1 - np.array(LEVELS)) / (n + 2) / draws)
    assert (found > np.array(LEVELS) - error).all()
    assert (found < np.array(LEVELS) + 1 / (n + 1) + error).all()


def test_without_the_correction_for_few_images_the_promise_would_break():
    """The quantile of numpy at the level itself: what the rank of n + 1 is for."""
    rng, missed, kept = np.random.default_rng(1), [], []
    for _ in range(2000):
        (z, y), test = drawn(rng, 19), drawn(rng, 50)
        scores = 1 - np.exp(z)[np.arange(19), y]
        own = 1 - np.exp(test[0])[np.arange(50), test[1]]
        missed.append((own <= np.quantile(scores, 0.9, method="lower")).mean())
        kept.append((own <= quantiles(z, y).all[0]).mean())
    assert np.mean(missed) < 0.88 < 0.895 < np.mean(kept)


def test_class_conditional_sets_hold_the_truth_in_each_class():
    rng = np.random.default_rng(2)
    held, right = np.zeros((2, 4)), np.zeros(4)
    for _ in range(300):
        one, test = drawn(rng, 400), drawn(rng, 400)
        for i, by_class in enumerate((False, True)):
            held[i] += np.bincount(test[1], covered(one, test, by_class)[0], minlength=4)
        right += np.bincount(test[1], minlength=4)
    whole, each = held / right
    assert (np.abs(each - 0.9) < 0.02).all() and (each > 0.89).all()
    assert whole.min() < 0.87  # which the marginal promise allows


def test_the_quantiles_by_hand():
    """Nineteen images, whose scores are 0.01, 0.02, ..., 0.19; ten of class 0, nine of class 1."""
    p = 1 - np.arange(1, 20)[::-1] / 100
    labels = np.arange(19) % 2
    rows = np.stack([p, 1 - p], axis=1)
    rows[labels == 1] = rows[labels == 1, ::-1]
    found = quantiles(np.log(rows), labels)
    # Rank 20 * 0.9 = 18, 20 * 0.95 = 19, and 20 * 0.99 rounds up to 20, of 19: none.
    assert found.all == pytest.approx((0.18, 0.19, 1.0), abs=3 / STEPS)
    # Class 0 has 0.01, 0.03, ..., 0.19, rank 11 * 0.9 = 9.9 -> 10; class 1 rank 10 * 0.9 = 9.
    assert found.by_class[0] == pytest.approx((0.19, 0.18), abs=3 / STEPS)
    assert found.by_class[1:] == ((1.0, 1.0), (1.0, 1.0))
    sets = members(np.array([[0.5, 0.5], [0.81, 0.19], [0.8, 0.2], [0.175, 0.825]]), [0.19, 0.18])
    assert sets.tolist() == [[False, False], [True, False], [False, False], [False, True]]


def test_the_rank_is_exact_for_every_number_of_images():
    """(n + 1) level is whole for many n, and must not be rounded up once more."""
    for level in LEVELS:
        exact = Fraction(str(level))
        for n in range(1, 400):
            scores = np.arange(1, n + 1) / (n + 1)
            z = np.log(np.stack([1 - scores, scores], axis=1))
            rank = math.ceil((n + 1) * exact)
            wanted = 1.0 if rank > n else rank / (n + 1)
            assert quantiles(z, np.zeros(n, int), [level]).all[0] == pytest.approx(wanted, abs=3e-6)


def test_an_image_at_the_quantile_is_covered_in_float32_too():
    rng = np.random.default_rng(3)
    for _ in range(200):
        z, labels = drawn(rng, 9)  # rank 9 of 9: all of them are
        p = np.exp(z).astype(np.float32)
        sets = members(p, limits(quantiles(z, labels), 0.9))
        assert coverage(sets, labels).coverage == 1


@pytest.mark.parametrize("few", [0, 1, 5])
def test_a_class_with_few_images_or_none_is_in_every_set(few):
    rng = np.random.default_rng(4)
    z, labels = drawn(rng, 300)
    kept = np.flatnonzero(labels != 2).tolist() + np.flatnonzero(labels == 2)[:few].tolist()
    found = quantiles(z[kept], labels[kept])
    assert [row[2] for row in found.by_class] == [1.0, 1.0, 1.0]
    assert members(np.exp(z), limits(found, 0.9, by_class=True))[:, 2].all()
    one = coverage(members(np.exp(z[kept]), limits(found, 0.9)), labels[kept])
    assert (one.coverage_by_class[2] is None) == (few == 0) == (one.size_by_class[2] is None)


def test_coverage_and_size_by_hand():
    sets = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 1, 1]], bool)
    found = coverage(sets, np.array([0, 0, 1, 1]))
    assert (found.coverage, found.size, found.empty) == (0.5, 1.5, 0.25)
    assert found.coverage_by_class == (0.5, 0.5, None)
    assert found.size_by_class == (1.5, 1.5, None)


def test_a_higher_level_never_has_a_smaller_set():
    rng = np.random.default_rng(5)
    for n in (1, 8, 40, 1000):
        found = quantiles(*drawn(rng, n))
        p = np.exp(drawn(rng, 50)[0])
        for by_class in (False, True):
            low, middle, high = (members(p, limits(found, x, by_class)) for x in LEVELS)
            assert (low <= middle).all() and (middle <= high).all()


@pytest.mark.parametrize(
    ("rows", "labels", "levels", "why"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), LEVELS, "need held-out images"),
        (np.zeros(3), np.zeros(3, int), LEVELS, r"received \(3,\)"),
        (np.zeros((3, 2)), np.zeros(2, int), LEVELS, "as many; received 3 and 2"),
        (np.zeros((3, 2)), np.array([0, 1, 2]), LEVELS, r"labels must be in 0\.\.1"),
        (np.zeros((3, 2)), np.array([0, -1, 1]), LEVELS, r"labels must be in 0\.\.1"),
        (np.zeros((3, 2)), np.zeros(3), LEVELS, "must be integers"),
        (np.full((3, 2), np.nan), np.zeros(3, int), LEVELS, "must be numbers"),
        (np.zeros((3, 2)), np.zeros(3, int), (), "levels must be"),
        (np.zeros((3, 2)), np.zeros(3, int), (0.95, 0.9), "ascending"),
        (np.zeros((3, 2)), np.zeros(3, int), (0.9, 1.0), "between 0 and 1"),
    ],
)
def test_bad_input_is_one_line(rows, labels, levels, why):
    with pytest.raises(InvalidValueError, match=why) as raised:
        quantiles(rows, labels, levels)
    assert "\n" not in str(raised.value)


def test_another_level_and_a_model_without_quantiles_are_said():
    one = Quantiles((0.9,), (0.5,), ((0.5, 0.5),))
    assert limits(one, 0.9, by_class=True) == [0.5, 0.5]
    with pytest.raises(InvalidValueError, match=r"a level must be 0\.9; received 0\.95"):
        limits(one)
    with pytest.raises(InvalidValueError, match="received one without"):
        limits(None, 0.9)


def test_a_quantile_carries_over_to_a_network_that_is_surer_of_the_same_images():
    """With two classes a lower temperature keeps the order of the images."""
    rng = np.random.default_rng(4)
    theirs = tempered(rng.normal(size=(2000, 2)), 1)
    labels = (rng.random(2000) < np.exp(theirs[:, 1])).astype(int)
    ours = tempered(theirs, 0.5)
    found = quantiles(theirs[:500], labels[:500])
    own = carried(found, theirs, ours, labels)
    rows = np.arange(len(labels))
    for level in LEVELS:
        for by_class in (False, True):
            before = members(np.exp(theirs), limits(found, level, by_class))[rows, labels]
            after = members(np.exp(ours), limits(own, level, by_class))[rows, labels]
            assert np.mean(before != after) <= 0.001
            plain = members(np.exp(ours), limits(found, level, by_class))[rows, labels]
            assert level == 0.99 or plain.mean() != after.mean()
    assert own.levels == found.levels


def test_a_quantile_stays_where_every_class_is_in_the_set_or_no_image_ranks_it():
    p = np.log([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    found = Quantiles((0.9,), (1.0,), ((0.15, 0.3),))
    own = carried(found, p, p, np.array([0, 0, 0]))
    assert own.all == (1.0,) and own.by_class[0][1] == 0.3
    assert own.by_class[0][0] == pytest.approx(0.1, abs=3 / STEPS)  # the one below 0.15
