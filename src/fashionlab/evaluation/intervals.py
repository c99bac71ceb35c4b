"""How far to trust a measured figure: an interval for one run, mean and spread over several."""

import math
from collections.abc import Iterable
from statistics import NormalDist

from fashionlab.errors import InvalidValueError


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval for a proportion, without continuity correction: (low, high) in [0, 1].

        p = successes / n,  z = the normal quantile at (1 + confidence) / 2
        (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)

    Unlike p ± z √(p(1 − p)/n) it never leaves [0, 1] and keeps a width at p = 0 and p = 1.
    The default, 0.95, is the level customary in reports of accuracy.

    Raises InvalidValueError unless n >= 1, 0 <= successes <= n and 0 < confidence < 1.
    Source: Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22(158), 209-212.
    """
    if n < 1:
        raise InvalidValueError(f"n must be at least 1, got {n!r}; measure at least one image")
    if not 0 <= successes <= n:
        raise InvalidValueError(
            f"successes must lie in 0..n = {n!r}, got {successes!r}; count them among the n trials"
        )
    if not 0 < confidence < 1:
        raise InvalidValueError(
            f"confidence must lie strictly between 0 and 1, got {confidence!r}; use e.g. 0.95"
        )
    # The lower tail, since (1 + confidence) / 2 rounds to 1 for a confidence next to 1.
    z = -NormalDist().inv_cdf((1 - confidence) / 2)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Both ends are exact in algebra; rounding would leave 1e-17 or 1 + 1e-16.
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return low, high


def mean_std(values: Iterable[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divisor n − 1), in the unit of the values.

    Raises InvalidValueError for fewer than two values, whose spread is undefined, or a value
    that is not finite.
    """
    x = [float(value) for value in values]
    if len(x) < 2:
        raise InvalidValueError(
            f"a standard deviation needs at least 2 values, got {len(x)}; add a repetition"
        )
    for value in x:
        if not math.isfinite(value):
            raise InvalidValueError(f"values must be finite, got {value!r}; drop the failed run")
    mean = math.fsum(x) / len(x)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in x) / (len(x) - 1))
