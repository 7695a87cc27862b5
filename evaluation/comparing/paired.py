"""Tell a difference from luck, on questions that every system was asked.

What makes a question hard makes it hard for both, and does not blur their difference: shares of right answers are held
against each other question by question, and of marks the differences are drawn anew (Efron 1979; Koehn 2004).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, comb, floor, isclose, sqrt
from operator import sub
from random import Random
from statistics import NormalDist, fmean

from ..statistics import Z, wilson

RESAMPLES = 2_000
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Spread:
    """Hold a mean and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Hold how two systems differ where an answer is right or wrong: on which questions, and whether that is luck."""

    gains: int
    """Questions that the one has right, and the other wrong."""
    losses: int
    """The other way round."""
    p: float
    """How likely so uneven a split of gains and losses is by luck: McNemar's exact test, two-sided."""

    @property
    def differing(self) -> int:
        """Return on how many questions they differ."""
        return self.gains + self.losses


def paired(one: Sequence[float], other: Sequence[float]) -> Paired | None:
    """Compare two systems' grades of the same questions; None for marks, which are not right or wrong.

    Args:
        one: The grades of one, at least one.
        other: Those of the other, in the same order.
    """
    if not {0.0, 1.0} >= {*one, *other}:
        return None
    gains, losses = (sum(map(float.__gt__, a, b)) for a, b in ((one, other), (other, one)))
    return Paired(gains, losses, _mcnemar(gains, losses))


def newcombe(one: Sequence[float], other: Sequence[float]) -> Spread:
    """Return the difference of two shares of the same questions, which is no point where they differ nowhere.

    Its interval is made of Wilson's for each (Newcombe 1998, method 10).

    Args:
        one: The grades of one, each 0 or 1, at least one.
        other: Those of the other, in the same order.
    """
    mine_right, their_right, of = int(sum(one)), int(sum(other)), len(one)
    both = sum(a > 0 and b > 0 for a, b in zip(one, other, strict=True))
    mine, theirs, gains = mine_right / of, their_right / of, mine_right - both
    (my_low, my_high), (their_low, their_high) = wilson(mine_right, of), wilson(their_right, of)
    spread = sqrt(mine_right * (of - mine_right) * their_right * (of - their_right))
    together = both * (of - their_right - gains) - gains * (their_right - both)
    surely = max(together - of / 2, 0.0) if together > 0 else float(together)
    phi = surely / spread if spread else 0.0

    def side(down: float, up: float) -> float:
        return sqrt(max(down * down - 2 * phi * down * up + up * up, 0.0))

    difference = (mine_right - their_right) / of
    return Spread(
        difference,
        difference - side(mine - my_low, their_high - theirs),
        difference + side(my_high - mine, theirs - their_low),
    )


def _mcnemar(gains: int, losses: int) -> float:
    differing = gains + losses
    tail = sum(comb(differing, n) for n in range(min(gains, losses) + 1))
    return min(1.0, float(2 * tail / 2**differing))


class Bootstrap:
    """Measure systems again and again on questions drawn anew.

    The questions are drawn once for all systems, which is what makes their differences paired, and is quick: a draw of
    1,000 questions takes a tenth of a millisecond, and looking a system's scores up in it a third of that.
    """

    def __init__(self, columns: Sequence[Sequence[float]], *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        """Take what there is to draw from.

        Args:
            columns: Each system's score of every question, in one order; at least one question.
            resamples: How often.
            seed: What the draws depend on, and nothing else does.
        """
        columns = list(zip(*sorted(zip(*columns, strict=True)), strict=True))  # the questions' order decides nothing
        self._columns, self._resamples, self._seed = columns, resamples, seed

    @cached_property
    def _drawn(self) -> list[list[float]]:
        """Draw once it is needed: shares of right answers need no draws."""
        size, draw = len(self._columns[0]), Random(self._seed)  # noqa: S311 - no secret, and it must be the same tomorrow
        means: list[list[float]] = [[] for _ in self._columns]
        for _ in range(self._resamples):
            chosen = draw.choices(range(size), k=size)
            for column, drawn in zip(self._columns, means, strict=True):
                drawn.append(sum(map(column.__getitem__, chosen)) / size)
        return means

    def mean(self, system: int) -> Spread:
        """Return a system's mean."""
        return _corrected(self._columns[system], self._drawn[system])

    def difference(self, system: int, other: int) -> Spread:
        """Return how much more one system scores than another, on the same questions; never for sure.

        Where few questions differ, draws know of no others: the interval is no narrower than that of the differences
        with two questions more, on one of which they are level, and on the other half ahead and half behind by as much
        as on any (of shares that is Agresti and Min 2005).
        """
        values = list(map(sub, self._columns[system], self._columns[other]))
        spread = _corrected(values, list(map(sub, self._drawn[system], self._drawn[other])))
        most = max(map(abs, values)) or 1.0
        of = len(values) + 2
        middle, squares = sum(values) / of, sum(value * value for value in values) + most * most
        half = Z * sqrt(max(squares / of - middle * middle, 0.0) / of)
        return Spread(spread.mean, max(min(spread.low, middle - half), -1.0), min(max(spread.high, middle + half), 1.0))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of them does not exceed (nearest rank).

    Args:
        values: At least one.
        share: Above 0, up to 1.
    """
    return sorted(values)[max(ceil(round(share * len(values), 9)), 1) - 1]


def _corrected(values: Sequence[float], drawn: Sequence[float]) -> Spread:
    """Return the mean of values, and the interval of its draws, corrected for bias and skew (BCa: Efron 1987).

    Draws are too narrow for few values, which is made up for by the quantiles of Student's t (Hesterberg 2015).
    """
    mean, size = fmean(values), len(values)
    squares = sum((value - mean) ** 2 for value in values)
    if size < 2 or squares <= 1e-18 * size:
        return Spread(mean, mean, mean)
    skew = sum((value - mean) ** 3 for value in values) / (6 * squares**1.5)
    level = [isclose(value, mean, rel_tol=0, abs_tol=1e-12) for value in drawn]
    below = sum(value < mean and not same for value, same in zip(drawn, level, strict=True)) + sum(level) / 2
    edge = 1 / (2 * len(drawn))
    bias = _NORMAL.inv_cdf(min(max(below / len(drawn), edge), 1 - edge))
    reach = _student(size - 1) * sqrt(size / (size - 1))
    ordered = sorted(drawn)

    def end(z: float) -> float:
        lean = 1 - skew * (bias + z)
        share = _NORMAL.cdf(bias + (bias + z) / lean) if lean > 0 else float(z > 0)
        return _between(ordered, share)

    # Sums of floats differ by their order: where all draws are equal, they may miss the mean by a hair.
    return Spread(mean, min(end(-reach), mean), max(end(reach), mean))


def _student(degrees: int) -> float:
    """Return Student's quantile of 0.975, by its expansion (Fisher and Cornish 1960), near enough from three on."""
    return (
        Z
        + (Z**3 + Z) / (4 * degrees)
        + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * degrees**2)
        + (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / (384 * degrees**3)
    )


def _between(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lies, between two of them in proportion; the same from either end."""
    place = min(max(share * (len(ordered) + 1) - 1, 0.0), len(ordered) - 1.0)
    low, high = ordered[floor(place)], ordered[ceil(place)]
    return low + (high - low) * (place - floor(place))
