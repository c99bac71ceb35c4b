"""Intervals and spreads against SciPy, the standard library, and values worked by hand."""

import math
import statistics

import numpy as np
import pytest
from scipy.stats import binomtest, t

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.intervals import (
    difference_interval_paired,
    mean_interval,
    mean_std,
    student_quantile,
    student_within,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (0, 10), (10, 10), (3, 7), (9017, 10000), (9999, 10000)]
)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_wilson_interval_equals_scipy(successes: int, n: int, confidence: float) -> None:
    expected = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson_interval(successes, n, confidence) == pytest.approx(
        (expected.low, expected.high), rel=1e-12, abs=1e-15
    )


def test_wilson_interval_by_hand_with_no_success_in_one_trial() -> None:
    # p = 0, n = 1: low = 0, high = z² / (1 + z²), z = 1.959964.
    assert wilson_interval(0, 1) == (0.0, pytest.approx(3.841459 / 4.841459, abs=1e-6))


def test_wilson_interval_accepts_a_confidence_next_to_one() -> None:
    low, high = wilson_interval(5, 10, math.nextafter(1.0, 0.0))
    assert 0.0 < low < 0.5 < high < 1.0


@pytest.mark.parametrize(
    ("successes", "n", "confidence"),
    [(0, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, 0.0), (1, 5, 1.0), (1, 5, math.nan)],
)
def test_wilson_interval_refuses_arguments_out_of_range(
    successes: int, n: int, confidence: float
) -> None:
    with pytest.raises(InvalidValueError, match=r"must .*; received .*; "):
        wilson_interval(successes, n, confidence)


def test_mean_std_by_hand_divides_by_n_minus_one() -> None:
    assert mean_std([1.0, 2.0, 6.0]) == pytest.approx((3.0, math.sqrt(7.0)), rel=1e-15)


def test_mean_std_equals_the_standard_library_on_close_values() -> None:
    values = [0.9012, 0.9013, 0.9011, 0.9020]
    expected = (statistics.mean(values), statistics.stdev(values))
    assert mean_std(iter(values)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("values", [[], [0.9], [0.9, math.nan], [0.9, math.inf]])
def test_mean_std_refuses_too_few_or_non_finite_values(values: list[float]) -> None:
    with pytest.raises(InvalidValueError, match=r"; received .*; "):
        mean_std(values)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 31])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_interval_of_a_mean_is_scipys(n, confidence):
    values = np.random.default_rng(n).normal(0.93, 0.002, n)
    expected = t.interval(confidence, n - 1, values.mean(), values.std(ddof=1) / math.sqrt(n))
    assert mean_interval(values, confidence) == pytest.approx(expected, rel=1e-9)


def test_the_interval_of_a_mean_by_hand():
    # 90, 92, 94: mean 92, deviation 2; t of 2 degrees at 97.5 % is 4.303 (any printed table)
    low, high = mean_interval([90, 92, 94])
    assert (low, high) == pytest.approx(
        (92 - 4.303 * 2 / 3**0.5, 92 + 4.303 * 2 / 3**0.5), abs=1e-3
    )


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95])
def test_the_interval_of_a_mean_refuses_other_confidences(confidence):
    with pytest.raises(InvalidValueError, match="confidence must be between 0 and 1"):
        mean_interval([1, 2], confidence)


def test_the_interval_of_one_value_is_refused():
    with pytest.raises(InvalidValueError, match="needs at least 2 values; received 1"):
        mean_interval([0.9])


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 100])
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 3.0, 50.0, 1e9])
def test_students_distribution_is_scipys(degrees, value):
    expected = t.cdf(value, degrees) - t.cdf(-value, degrees)
    assert student_within(value, degrees) == pytest.approx(expected, abs=1e-14)
    assert student_within(value, degrees) <= 1


@pytest.mark.parametrize("degrees", [1, 2, 3, 30])
def test_students_quantile_is_scipys(degrees):
    assert student_quantile(0.975, degrees) == pytest.approx(t.ppf(0.975, degrees), rel=1e-10)


def test_the_interval_of_paired_accuracies_is_the_published_one():
    # Complete response of 161 patients; Fagerland, Lydersen and Laake, "Statistical analysis of
    # contingency tables", 2017, chapter 8, as its software prints it.
    assert difference_interval_paired(59, 6, 16, 80) == pytest.approx((-0.1186, -0.0046), abs=5e-5)


def paired_by_vectors(correct_a, correct_b, z=1.959963984540054):
    """Newcombe's method 10 from the images themselves, φ as Pearson's correlation, corrected."""

    def wilson(p):
        roots = np.roots([1 + z * z / n, -(2 * p + z * z / n), p * p])
        return min(roots.real), max(roots.real)

    n, a, b = len(correct_a), correct_a.mean(), correct_b.mean()
    deviations = correct_a.std() * correct_b.std()
    covariance = np.mean((correct_a - a) * (correct_b - b))
    if covariance > 0:
        covariance = max(0, covariance - 1 / (2 * n))
    phi = covariance / deviations if deviations else 0
    (l_a, u_a), (l_b, u_b) = wilson(a), wilson(b)
    matrix = np.array([[1, -phi], [-phi, 1]])
    below, above = np.array([a - l_a, u_b - b]), np.array([u_a - a, b - l_b])
    return a - b - (below @ matrix @ below) ** 0.5, a - b + (above @ matrix @ above) ** 0.5


@pytest.mark.parametrize(
    "counts",
    [
        (36, 12, 2, 0),
        (59, 6, 16, 80),
        (1, 9, 8, 1),
        (3, 2, 2, 2),  # correlated by less than the correction
        (3, 0, 0, 2),
        (5, 0, 0, 0),
        (0, 4, 0, 0),
        (9000, 300, 250, 450),
    ],
)
def test_the_interval_of_paired_accuracies_is_that_of_an_independent_computation(counts):
    a, b = np.repeat([1, 1, 0, 0], counts), np.repeat([1, 0, 1, 0], counts)
    assert difference_interval_paired(*counts) == pytest.approx(paired_by_vectors(a, b), abs=1e-9)


@pytest.mark.parametrize("counts", [(5, 0, 0, 0), (0, 0, 0, 5), (0, 5, 0, 0), (0, 0, 1, 0)])
def test_the_interval_of_paired_accuracies_is_within_its_range_at_the_ends(counts):
    low, high = difference_interval_paired(*counts)
    assert -1 <= low <= (counts[1] - counts[2]) / sum(counts) <= high <= 1


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (5, -1, 3, 2)])
def test_counts_that_are_none_have_no_interval(counts):
    with pytest.raises(InvalidValueError, match="images must be counts from 0"):
        difference_interval_paired(*counts)
