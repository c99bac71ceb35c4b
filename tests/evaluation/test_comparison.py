"""Differences on the same images agree with SciPy; none is certain where the spread is unknown."""

import numpy as np
import pytest
from scipy import stats

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.comparison import (
    MCNEMAR,
    RESAMPLED,
    accuracy_interval,
    adjusted,
    difference,
    recall_differences,
)
from fashionlab.evaluation.intervals import difference_interval_paired

TRAIN = 600


def draw(seeds, images, share, seed=0):
    return np.random.default_rng(seed).random((seeds, images)) < share


def test_one_seed_is_mcnemars_exact_test():
    ours, theirs = draw(1, 400, 0.8), draw(1, 400, 0.6, seed=1)
    found = difference(ours, theirs, TRAIN)
    only = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    assert found.p == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue, rel=1e-9)
    both, neither = int((ours & theirs).sum()), int((~ours & ~theirs).sum())
    assert found.interval == difference_interval_paired(both, *only, neither)
    assert found.value == pytest.approx(ours.mean() - theirs.mean(), abs=1e-15)
    assert (found.test, found.seeds, found.is_better) == (MCNEMAR, 1, True)


def test_several_seeds_are_the_corrected_resampled_test():
    ours, theirs = draw(5, 400, 0.8), draw(5, 400, 0.7, seed=1)
    found = difference(ours, theirs, TRAIN)
    x = ours.mean(axis=1) - theirs.mean(axis=1)
    error = np.sqrt((1 / 5 + 400 / TRAIN) * x.var(ddof=1))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(x.mean()) / error, 4), rel=1e-6)
    low, high = stats.t.interval(0.95, 4, x.mean(), error)
    assert found.interval == pytest.approx((low, high), rel=1e-6)
    assert (found.test, found.seeds) == (RESAMPLED, 5)


def test_equal_differences_are_not_certain_but_tested_by_their_images():
    theirs = np.zeros((2, 20), bool)
    ours = theirs.copy()
    ours[0, 0] = ours[1, 1] = True
    found = difference(ours, theirs, TRAIN)
    assert (found.value, found.p, found.test) == (1 / 20, 1.0, MCNEMAR)
    assert not found.is_better


def test_the_same_predictions_do_not_differ():
    ours = draw(3, 50, 0.5)
    found = difference(ours, ours, TRAIN)
    assert (found.value, found.p) == (0, 1)
    low, high = found.interval
    assert low <= 0 <= high


@pytest.mark.parametrize("seeds", [1, 4])
def test_recall_is_compared_on_the_images_of_the_class(seeds):
    labels = np.arange(400) % 4
    ours, theirs = draw(seeds, 400, 0.8), draw(seeds, 400, 0.7, seed=1)
    found = recall_differences(ours, theirs, labels, 5, TRAIN)
    assert found[4] is None  # a class without an image
    raw = []
    for k, one in enumerate(found[:4]):
        x = ours[:, labels == k].mean(axis=1) - theirs[:, labels == k].mean(axis=1)
        assert one.value == pytest.approx(x.mean(), abs=1e-12)
        raw.append(one.p)
        if seeds > 1:
            error = np.sqrt((1 / seeds + 400 / TRAIN) * x.var(ddof=1))
            expected = 2 * stats.t.sf(abs(x.mean()) / error, seeds - 1)
            assert one.p == pytest.approx(expected, rel=1e-5)
    holm = np.maximum.accumulate(np.sort(raw) * np.arange(4, 0, -1)).clip(max=1)
    assert [found[k].adjusted_p for k in np.argsort(raw, kind="stable")] == pytest.approx(holm)


def test_p_values_are_adjusted_for_their_number():
    one = difference(draw(1, 400, 0.8), draw(1, 400, 0.75, seed=1), TRAIN)
    assert adjusted([one])[0].adjusted_p == one.p
    assert [x.adjusted_p for x in adjusted([one] * 3)] == pytest.approx([min(1, 3 * one.p)] * 3)
    assert adjusted([]) == []


def test_significant_is_below_five_per_cent_and_has_a_sign():
    ours, theirs = np.ones((1, 40), bool), np.zeros((1, 40), bool)
    assert difference(ours, theirs, TRAIN).is_better
    assert difference(theirs, ours, TRAIN).is_worse
    assert not difference(theirs, ours, TRAIN).is_better


def test_the_interval_of_an_accuracy_is_wilsons_or_students():
    ours = draw(1, 300, 0.8)
    wilson = stats.binomtest(int(ours.sum()), 300).proportion_ci(method="wilson")
    assert accuracy_interval(ours) == pytest.approx((wilson.low, wilson.high), rel=1e-9)
    more = draw(4, 300, 0.8)
    x = more.mean(axis=1)
    student = stats.t.interval(0.95, 3, x.mean(), stats.sem(x))
    assert accuracy_interval(more) == pytest.approx(student, rel=1e-9)
    assert accuracy_interval(np.array([[True] * 9 + [False], [True] * 10]))[1] == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "images"),
    [
        (draw(1, 4, 0.5), draw(2, 4, 0.5), 5),
        (draw(1, 4, 0.5).astype(int), draw(1, 4, 0.5), 5),
        (draw(1, 4, 0.5)[0], draw(1, 4, 0.5)[0], 5),
        (draw(1, 0, 0.5), draw(1, 0, 0.5), 5),
        (draw(1, 4, 0.5), draw(1, 4, 0.5), 0),
    ],
)
def test_other_arrays_are_refused(ours, theirs, images):
    with pytest.raises(InvalidValueError, match="must be"):
        difference(ours, theirs, images)
