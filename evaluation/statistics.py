"""How sure a share of right answers is."""

from math import sqrt
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def wilson(right: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, by Wilson's score.

    Args:
        right: How many were.
        of: Out of how many, at least one.
    """
    share, z2 = right / of, _Z * _Z
    middle = share + z2 / (2 * of)
    half = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    return (middle - half) / scale if right else 0.0, (middle + half) / scale if right < of else 1.0
