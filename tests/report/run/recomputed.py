"""Numbers as a page prints them, written here once more."""

from scipy import stats


def share(value, digits=2):
    return f"{100 * value:.{digits}f} %"


def between(low, high):
    return f"{100 * low:.2f} to {share(high)}"


def wilson(correct, n):
    bounds = stats.binomtest(int(correct), int(n)).proportion_ci(0.95, "wilson")
    return bounds.low, bounds.high


def signed(value):
    return f"{100 * value:+.2f}".replace("-", "\N{MINUS SIGN}")


def p_value(p):
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
