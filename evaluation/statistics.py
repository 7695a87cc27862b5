"""How sure a share, or a mean, is."""

from collections.abc import Callable, Sequence
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist, fmean, stdev

_TAIL = 0.025
_MOST_STEPS, _PRECISE, _TINY = 5_000, 1e-14, 1e-300
Z = NormalDist().inv_cdf(1 - _TAIL)
"""Standard errors to either side of a 95 % interval."""


def wilson(right: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, by Wilson's score.

    Args:
        right: How many were.
        of: Out of how many, at least one.
    """
    share, z2 = right / of, Z * Z
    middle = share + z2 / (2 * of)
    half = Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    return (middle - half) / scale if right else 0.0, (middle + half) / scale if right < of else 1.0


def clopper_pearson(right: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that holds the truth at least so often, whatever it is.

    It is wider than Wilson's: for what must not be overstated (Clopper and Pearson 1934).

    Args:
        right: How many were.
        of: Out of how many, at least one.
    """
    low = 0.0 if not right else _crossing(lambda share: _at_least(right, of, share) - _TAIL)
    high = 1.0 if right == of else _crossing(lambda share: _TAIL - (1 - _at_least(right + 1, of, share)))
    return low, high


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a mean of grades from 0 to 1: Wilson's of shares, else the normal one.

    Args:
        values: At least one.
    """
    if {0.0, 1.0} >= set(values):
        return wilson(int(sum(values)), len(values))
    mean, error = fmean(values), standard_error(values)
    return max(mean - Z * error, 0.0), min(mean + Z * error, 1.0)


def standard_error(values: Sequence[float]) -> float:
    """Return how far the mean of such values is from the truth as a rule; endless for a single one."""
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else inf


def _at_least(right: int, of: int, share: float) -> float:
    """Return how likely so many or more are right, of at least one: an incomplete beta function."""
    if share in (0.0, 1.0):
        return share
    misses = of - right + 1
    if share * (of + 3) > right + 1:  # where the other side's fraction converges faster
        return 1 - _tail(misses, right, 1 - share)
    return _tail(right, misses, share)


def _tail(a: int, b: int, x: float) -> float:
    """Return the incomplete beta function by its continued fraction, in Lentz's way (Abramowitz and Stegun 26.5.8)."""
    before = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    upper, lower = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    fraction = lower
    for n in range(1, _MOST_STEPS):
        for part in (
            n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
            -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)),
        ):
            lower = 1 / _away(1 + part * lower)
            upper = _away(1 + part / upper)
            fraction *= lower * upper
        if abs(lower * upper - 1) < _PRECISE:
            break
    return before * fraction


def _away(value: float) -> float:
    """Keep a denominator away from zero."""
    return value if abs(value) > _TINY else _TINY


def _crossing(rises: Callable[[float], float]) -> float:
    """Return where a rising function is zero, between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < 0 else (low, middle)
    return (low + high) / 2
