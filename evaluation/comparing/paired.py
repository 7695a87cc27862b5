"""Tell a difference from luck: a bootstrap over questions that every system was asked.

Questions are drawn with replacement, as many as there are, and all systems are measured on the same draw: what makes a
question hard makes it hard for both, and does not blur their difference (Efron 1979; Koehn 2004 for translation).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, sqrt
from operator import sub
from random import Random
from statistics import fmean

from ..statistics import wilson

RESAMPLES = 2_000
_LEVEL = 0.95


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
    low: float
    """The 95 % interval of the difference of shares, which is no point where they differ nowhere."""
    high: float
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
    low, high = _newcombe(int(sum(one)), int(sum(other)), gains, len(one))
    return Paired(gains, losses, low, high, _mcnemar(gains, losses))


def _newcombe(one: int, other: int, gains: int, of: int) -> tuple[float, float]:
    """Return the interval of a difference of paired shares, of Wilson's for each (Newcombe 1998, method 10)."""
    mine, theirs, both = one / of, other / of, one - gains
    (my_low, my_high), (their_low, their_high) = wilson(one, of), wilson(other, of)
    spread = sqrt(one * (of - one) * other * (of - other))
    together = both * (of - other - gains) - gains * (other - both)
    surely = max(together - of / 2, 0.0) if together > 0 else float(together)
    phi = surely / spread if spread else 0.0

    def side(down: float, up: float) -> float:
        return sqrt(max(down * down - 2 * phi * down * up + up * up, 0.0))

    return (
        mine - theirs - side(mine - my_low, their_high - theirs),
        mine - theirs + side(my_high - mine, theirs - their_low),
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
        """Draw.

        Args:
            columns: Each system's score of every question, in one order; at least one question.
            resamples: How often.
            seed: What the draws depend on, and nothing else does.
        """
        columns = list(zip(*sorted(zip(*columns, strict=True)), strict=True))  # the questions' order decides nothing
        self._means = [fmean(column) for column in columns]
        size, draw = len(columns[0]), Random(seed)  # noqa: S311 - no secret, and it must be the same tomorrow
        self._drawn: list[list[float]] = [[] for _ in columns]
        for _ in range(resamples):
            chosen = draw.choices(range(size), k=size)
            for column, drawn in zip(columns, self._drawn, strict=True):
                drawn.append(sum(map(column.__getitem__, chosen)) / size)

    def mean(self, system: int) -> Spread:
        """Return a system's mean."""
        return _spread(self._means[system], self._drawn[system])

    def difference(self, system: int, other: int) -> Spread:
        """Return how much more one system scores than another, on the same questions."""
        drawn = list(map(sub, self._drawn[system], self._drawn[other]))
        return _spread(self._means[system] - self._means[other], drawn)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of them does not exceed (nearest rank).

    Args:
        values: At least one.
        share: Above 0, up to 1.
    """
    return sorted(values)[max(ceil(round(share * len(values), 9)), 1) - 1]


def _spread(mean: float, drawn: Sequence[float]) -> Spread:
    tail = (1 - _LEVEL) / 2
    # Sums of floats differ by their order: where all draws are equal, they may miss the mean by a hair.
    low, high = min(percentile(drawn, tail), mean), max(percentile(drawn, 1 - tail), mean)
    return Spread(mean, low, high)
