"""How many proposers, or samples, it takes: what panels of each size get, from one recorded run (paper, table 3)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from random import Random
from statistics import fmean

from ..comparing.paired import Spread
from .members import PanelMember, spread_of
from .recording import Aggregated, PanelRow, marks_of
from .selection import Selection, is_within
from .votes import Ballots

_PANELS = 60
"""Panels of a size that are looked at; where there are more, so many are drawn."""
_LEAST_PANELS = 10
_MOST_WORK = 400_000
"""Questions times members of all panels of a size; of more, fewer panels are drawn."""


@dataclass(frozen=True)
class CurvePoint:
    """Say what panels of one size get, on average over the panels of that size."""

    size: int
    panels: int
    """How many of them were looked at."""
    vote: Spread | None
    """None where answers are not voted on."""
    ceiling: Spread
    rank: Spread | None
    """What whoever goes by the recorded judge's scores gets; None where there are none."""
    tokens: float | None
    """Of a question, the proposers' alone."""
    usd: float | None


@dataclass(frozen=True)
class Synthesis:
    """Say what a recorded mixture made of so many proposals."""

    system: str
    size: float
    accuracy: Spread
    is_verbatim: bool
    """Whether its answers are proposals, word for word: a ranker's or a vote's, and no synthesis."""
    tokens: float | None
    usd: float | None


@dataclass(frozen=True)
class Curve:
    """Hold what panels of all sizes get."""

    points: list[CurvePoint]
    synthesis: list[Synthesis]
    elbow: int | None
    """The smallest size that is within a standard error of the best; None where answers are not voted on."""


def curve_of(
    rows: Sequence[PanelRow],
    members: Sequence[PanelMember],
    ballots: Ballots | None,
    aggregated: Sequence[Aggregated],
    *,
    seed: int = 0,
) -> Curve:
    """Measure panels of all sizes.

    Args:
        rows: Questions with marks.
        members: The whole panel.
        ballots: Its votes; None where answers are not voted on.
        aggregated: What mixtures made of it.
        seed: What the panels depend on that are drawn, where there are too many.
    """
    marks = marks_of(rows)
    scores = [[each.score for each in row.answers] for row in rows]
    has_scores = any(score is not None for row in scores for score in row) and all(
        each.score is None or each.mark is not None for row in rows for each in row.answers
    )
    choice = Selection([member.name for member in members], marks, ballots)
    draw = Random(seed)  # noqa: S311 - no secret, and it must be the same tomorrow
    points, means = [], []
    for size in range(1, len(members) + 1):
        panels = list(_panels(len(members), size, _most_panels(size * len(rows)), draw))
        votes = _averaged(panels, choice.panel) if ballots else None
        means.append(votes)
        points.append(
            CurvePoint(
                size=size,
                panels=len(panels),
                vote=spread_of(votes) if votes else None,
                ceiling=spread_of(_averaged(panels, lambda panel: [max(row[n] for n in panel) for row in marks])),
                rank=spread_of(_averaged(panels, lambda panel: _ranked(panel, marks, scores))) if has_scores else None,
                tokens=_times(size, [member.tokens for member in members]),
                usd=_times(size, [member.usd for member in members]),
            )
        )
    votable = [mean for mean in means if mean]
    best = max(votable, key=fmean, default=None)
    return Curve(
        points,
        list(_synthesis(aggregated)),
        None if best is None else next(size for size, mean in enumerate(votable, 1) if is_within(mean, best)),
    )


def _most_panels(work: int) -> int:
    return max(min(_PANELS, _MOST_WORK // work), _LEAST_PANELS)


def _panels(members: int, size: int, most: int, draw: Random) -> Iterator[tuple[int, ...]]:
    """Yield all panels of a size, or as many of them as are looked at, each once."""
    if comb(members, size) <= most:
        yield from combinations(range(members), size)
        return
    drawn: set[tuple[int, ...]] = set()
    while len(drawn) < most:
        drawn.add(tuple(sorted(draw.sample(range(members), size))))
    yield from sorted(drawn)


def _averaged(panels: Sequence[tuple[int, ...]], measure: Callable[[tuple[int, ...]], Sequence[float]]) -> list[float]:
    return list(map(fmean, zip(*map(measure, panels), strict=True)))


def _ranked(
    panel: Sequence[int], marks: Sequence[Sequence[float]], scores: Sequence[Sequence[float | None]]
) -> list[float]:
    """Return what the proposal of the highest score is worth; the first of those that are level."""
    return [
        row[max(panel, key=lambda n: (-1.0 if (score := given[n]) is None else score, -n))]
        for row, given in zip(marks, scores, strict=True)
    ]


def _times(size: int, values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return size * fmean(numbers) if len(numbers) == len(values) else None


def _synthesis(aggregated: Sequence[Aggregated]) -> Iterator[Synthesis]:
    for system in dict.fromkeys(each.system for each in aggregated):
        of_it = [each for each in aggregated if each.system == system]
        marks = [each.mark for each in of_it if each.mark is not None]
        if marks:
            yield Synthesis(
                system,
                fmean(len(each.proposers) for each in of_it),
                spread_of(marks),
                all(each.is_verbatim for each in of_it),
                _mean([each.tokens for each in of_it]),
                _mean([each.usd for each in of_it]),
            )


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return fmean(numbers) if len(numbers) == len(values) else None
