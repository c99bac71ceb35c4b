"""The tests are SciPy's, by hand, or those of an independent and slower definition."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact, hypergeom, t, ttest_1samp

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import difference_interval_paired
from fashionlab.evaluation.significance import corrected_resampled, fisher_lower, holm, mcnemar


def pairs(both, only_a, only_b, neither):
    counts = (both, only_a, only_b, neither)
    return np.repeat([True, True, False, False], counts), np.repeat(
        [True, False, True, False], counts
    )


def test_mcnemar_by_hand():
    # 5 images that only one gets right, 4 of them a: 2 (1 + 5) / 32.
    found = mcnemar(*pairs(10, 4, 1, 2))
    assert (found.both, found.only_a, found.only_b, found.neither) == (10, 4, 1, 2)
    assert found.p == pytest.approx(12 / 32)
    assert found.images == 17
    assert found.difference == pytest.approx(3 / 17)
    assert found.interval == difference_interval_paired(10, 4, 1, 2)


@pytest.mark.parametrize(
    ("only_a", "only_b"), [(0, 1), (1, 0), (0, 8), (30, 30), (30, 31), (3, 90), (400, 520)]
)
def test_mcnemar_is_the_exact_binomial_test(only_a, only_b):
    expected = binomtest(only_a, only_a + only_b).pvalue
    assert mcnemar(*pairs(5, only_a, only_b, 5)).p == pytest.approx(expected, rel=1e-10)


def test_mcnemar_is_exact_to_the_last_digits_of_a_sum_of_fractions():
    m, k = 700, 300
    expected = 2 * Fraction(sum(comb(m, i) for i in range(k + 1)), 2**m)
    assert mcnemar(*pairs(1, k, m - k, 1)).p == pytest.approx(float(expected), rel=1e-11)


@pytest.mark.parametrize("more", [0, 1000, 3000, 900_000])
def test_mcnemar_takes_a_million_images(more):
    only_a = (1_000_000 - more) // 2
    found = mcnemar(*pairs(0, only_a, 1_000_000 - only_a, 0))
    assert found.p == pytest.approx(binomtest(only_a, 1_000_000).pvalue, rel=1e-8)


def test_classifiers_that_never_differ_are_not_different():
    assert mcnemar(*pairs(7, 0, 0, 3)).p == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros(3, bool), np.zeros(4, bool)),
        (np.zeros(0, bool), np.zeros(0, bool)),
        (np.zeros((2, 2), bool), np.zeros((2, 2), bool)),
        (np.array([1, 0]), np.array([True, False])),
    ],
)
def test_mcnemar_refuses_what_is_not_the_same_images(a, b):
    with pytest.raises(InvalidValueError, match="both classifiers need an array"):
        mcnemar(a, b)


def test_the_corrected_test_by_hand():
    # 1, 2, 3: mean 2, s² = 1; (1/3 + 1/6) s² = 1/2, t = 2 √2; of 2 degrees p = 1 - t / √(t² + 2).
    found = corrected_resampled([1, 2, 3], 60_000, 10_000)
    assert (found.runs, found.mean) == (3, 2)
    assert found.p == pytest.approx(1 - 8**0.5 / 10**0.5)
    assert found.interval == pytest.approx((2 - 4.3027 * 0.5**0.5, 2 + 4.3027 * 0.5**0.5), abs=1e-4)


@pytest.mark.parametrize("n", [2, 3, 10, 31])
def test_the_corrected_test_is_scipys_with_a_larger_error(n):
    x = np.random.default_rng(n).normal(0.002, 0.003, n)
    found = corrected_resampled(x, 50_000, 10_000)
    error = np.sqrt((1 / n + 0.2) * x.var(ddof=1))
    assert found.p == pytest.approx(2 * t.sf(abs(x.mean()) / error, n - 1), rel=1e-9)
    expected = t.interval(0.95, n - 1, x.mean(), error)
    assert found.interval == pytest.approx(expected, rel=1e-9)
    assert found.p > ttest_1samp(x, 0).pvalue


def test_few_test_images_leave_students_test():
    x = [0.1, 0.3, -0.1, 0.4]
    found = corrected_resampled(x, 10**15, 1)
    assert found.p == pytest.approx(ttest_1samp(x, 0).pvalue, rel=1e-9)


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.01, 0.0), (-0.3, 0.0)])
def test_differences_that_are_all_equal_leave_no_doubt(value, p):
    found = corrected_resampled([value] * 3, 100, 10)
    assert (found.p, found.mean, found.interval) == (p, value, (value, value))


@pytest.mark.parametrize(
    ("differences", "train", "test", "message"),
    [
        ([0.1], 10, 10, "needs at least 2 values; received 1"),
        ([0.1, np.nan], 10, 10, "values must be finite"),
        ([0.1, 0.2], 0, 10, "at least 1; received 0 and 10"),
        ([0.1, 0.2], 10, 0, "at least 1; received 10 and 0"),
    ],
)
def test_the_corrected_test_refuses_what_cannot_be_tested(differences, train, test, message):
    with pytest.raises(InvalidValueError, match=message):
        corrected_resampled(differences, train, test)


def test_fisher_by_hand():
    # 4 of 6 images are correct; 1 or fewer among 3: C(3,1) C(3,3) / C(6,4) = 3 / 15.
    assert fisher_lower(1, 3, 3, 3) == pytest.approx(3 / 15)


def test_fisher_is_scipys_in_every_small_table():
    for n in range(1, 6):
        for m in range(1, 6):
            for a in range(n + 1):
                for b in range(m + 1):
                    table = [[a, n - a], [b, m - b]]
                    expected = fisher_exact(table, alternative="less").pvalue
                    assert fisher_lower(a, n, b, m) == pytest.approx(expected, rel=1e-12), table


@pytest.mark.parametrize(
    "counts",
    [
        (40, 60, 9000, 9940),
        (59, 60, 9000, 9940),
        (1854, 2000, 7652, 8000),
        (0, 500, 1, 500),
        (400_000, 500_000, 400_900, 500_000),
        (400_900, 500_000, 400_000, 500_000),
    ],
)
def test_fisher_is_scipys_in_large_tables(counts):
    a, n, b, m = counts
    expected = hypergeom.cdf(a, n + m, a + b, n)
    assert fisher_lower(*counts) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (1, 2, 0, 0), (3, 2, 1, 2), (1, 2, -1, 2)])
def test_fisher_refuses_what_is_no_share(counts):
    with pytest.raises(InvalidValueError, match="correct images must be from 0 to their number"):
        fisher_lower(*counts)


def test_holm_by_hand():
    # Holm's steps: 4 * 0.01, 3 * 0.02, 2 * 0.03 as large as the one before, and 0.9.
    assert holm([0.9, 0.01, 0.03, 0.02]) == pytest.approx((0.9, 0.04, 0.06, 0.06))


def closed_test(p):
    """Holm's values as what they are derived from: Bonferroni's test of every set of hypotheses."""
    values = []
    for i in range(len(p)):
        others = [j for j in range(len(p)) if j != i]
        sets = [(i, *some) for r in range(len(p)) for some in combinations(others, r)]
        values.append(max(min(1, len(s) * min(p[j] for j in s)) for s in sets))
    return values


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_the_closed_test_of_bonferronis(seed):
    p = np.random.default_rng(seed).random(7) ** 3
    p[3] = p[1]
    assert holm(p) == pytest.approx(closed_test(p), rel=1e-12)


def test_holm_of_none_and_of_one():
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan])
def test_holm_refuses_what_is_no_probability(p):
    with pytest.raises(InvalidValueError, match="p-values must be from 0 to 1"):
        holm([0.1, p])
