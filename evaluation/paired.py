"""Tell a difference from luck: a bootstrap over questions that every system was asked.

Questions are drawn with replacement, as many as there are, and all systems are measured on the same draw: what makes a
question hard makes it hard for both, and does not blur their difference (Efron 1979; Koehn 2004 for translation).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from operator import sub
from random import Random
from statistics import fmean

RESAMPLES = 2_000
_LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """Hold a mean and its 95 % interval."""

    mean: float
    low: float
    high: float


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
