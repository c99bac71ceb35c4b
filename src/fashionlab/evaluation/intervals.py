"""Confidence intervals: of one run's accuracy, and of the mean over several runs."""

import math
from collections.abc import Iterable
from statistics import NormalDist, fmean, stdev

from fashionlab.errors import InvalidValueError


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion, (low, high) in [0, 1].

        p = successes / n,  z = the normal quantile at (1 + confidence) / 2
        (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)

    Without continuity correction. Unlike p ± z √(p(1 − p)/n) it stays in [0, 1] and has a width
    at p = 0 and p = 1.

    Raises InvalidValueError unless n >= 1, 0 <= successes <= n and 0 < confidence < 1.
    Source: Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22(158), 209-212.
    """
    if n < 1:
        raise InvalidValueError(f"n must be at least 1; received {n!r}; measure at least one image")
    if not 0 <= successes <= n:
        raise InvalidValueError(
            f"successes must be from 0 to n = {n!r}; received {successes!r}; count them in n trials"
        )
    if not 0 < confidence < 1:
        raise InvalidValueError(
            f"confidence must be between 0 and 1; received {confidence!r}; try 0.95"
        )
    # The lower tail, since (1 + confidence) / 2 rounds to 1 for a confidence next to 1.
    z = -NormalDist().inv_cdf((1 - confidence) / 2)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # 0 and 1 are exact in algebra; rounding would leave 1e-17 or 1 + 1e-16.
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return low, high


def mean_std(values: Iterable[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation (divisor n − 1), in the unit of the values.

    Raises InvalidValueError for fewer than two values, or one that is not finite.
    """
    x = [float(value) for value in values]
    if len(x) < 2:
        raise InvalidValueError(
            f"a standard deviation needs at least 2 values; received {len(x)}; add a repetition"
        )
    for value in x:
        if not math.isfinite(value):
            raise InvalidValueError(
                f"values must be finite; received {value!r}; drop the failed run"
            )
    return fmean(x), stdev(x)


def mean_interval(values: Iterable[float], confidence: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of the mean of a few values, such as accuracies of several seeds.

        m ± t s / √n,  t = the quantile of Student's distribution with n − 1 degrees of freedom

    It measures how well the mean over seeds is known; how well the test images represent others is
    `wilson_interval`. Raises InvalidValueError as `mean_std` does, and unless 0 < confidence < 1.
    Source: Student (1908), "The probable error of a mean", Biometrika 6, 1-25.
    """
    x = list(values)
    mean, deviation = mean_std(x)
    if not 0 < confidence < 1:
        raise InvalidValueError(
            f"confidence must be between 0 and 1; received {confidence!r}; try 0.95"
        )
    half = _student_quantile((1 + confidence) / 2, len(x) - 1) * deviation / math.sqrt(len(x))
    return mean - half, mean + half


def _student_quantile(p: float, degrees: int) -> float:
    """Return the t at which Student's distribution function is p > 1/2, by bisection.

    With a whole number of degrees v and θ = atan(t / √v) the distribution function is a finite sum
    (Abramowitz and Stegun, 26.7.3 and 26.7.4).
    """

    def within(t: float) -> float:  # the probability of [-t, t]
        theta = math.atan(t / math.sqrt(degrees))
        cos, sin = math.cos(theta), math.sin(theta)
        term, total = (cos, cos) if degrees % 2 else (1.0, 1.0)
        for k in range(3 if degrees % 2 else 2, degrees - 1, 2):
            term *= cos * cos * (k - 1) / k
            total += term
        if degrees == 1:
            return 2 * theta / math.pi
        return 2 / math.pi * (theta + sin * total) if degrees % 2 else sin * total

    low, high = 0.0, 1.0
    while within(high) < 2 * p - 1:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) < 2 * p - 1 else (low, middle)
    return high
