"""What became of proposals: whom answers are like, and which right ones the aggregator let go (paper, figure 4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..comparing.paired import Spread
from .members import error_correlations, spread_of
from .recording import Aggregated


@dataclass(frozen=True)
class Likeness:
    """Say by one measure how like the answers are to the proposals they were made of."""

    measure: str
    mean: float
    members: dict[str, float]
    """How like the answers are to each member's proposals, on average."""
    spearman: Spread | None
    """The rank correlation of likeness with marks, over a question's proposals, on average; None where all of a
    question's proposals are worth the same on nearly all."""
    questions: int
    """How many questions that is over."""


@dataclass(frozen=True)
class Fate:
    """Say what one mixture made of its proposals."""

    system: str
    questions: int
    likeness: list[Likeness]
    rescued: int
    """Questions on which only one proposal was right, and the answer is."""
    lost: int
    """Those on which only one was right, and the answer is wrong: a fact that one had, and that was let go."""
    unanimous_lost: int
    """Those on which all were right, and the answer is wrong."""
    written: int
    """Those on which all were wrong, and the answer is right: what no choice among them could have got."""
    nobody: int
    """Those on which all were wrong."""
    savers: dict[str, dict[str, int]]
    """By member, how often it alone was right, and the answer kept that (`kept`), or not (`lost`)."""


def fates_of(aggregated: Sequence[Aggregated]) -> list[Fate]:
    """Say what each recorded mixture made of its proposals.

    Args:
        aggregated: Its answers, with what each proposal was worth.
    """
    systems = dict.fromkeys(each.system for each in aggregated)
    return [_fate(system, [each for each in aggregated if each.system == system]) for system in systems]


def _fate(system: str, answers: Sequence[Aggregated]) -> Fate:
    judged = [each for each in answers if each.mark in (0.0, 1.0) and {0.0, 1.0} >= {m or 0.0 for m in each.marks}]
    alone: list[tuple[str, bool]] = []
    unanimous = written = nobody = 0
    for each in judged:
        right = [name for name, mark in zip(each.proposers, each.marks, strict=True) if mark]
        if len(right) == 1:
            alone.append((right[0], bool(each.mark)))
        unanimous += len(right) == len(each.proposers) and not each.mark
        nobody += not right
        written += not right and bool(each.mark)
    savers: dict[str, dict[str, int]] = {}
    for name, is_kept in alone:
        counts = savers.setdefault(name, {"kept": 0, "lost": 0})
        counts["kept" if is_kept else "lost"] += 1
    return Fate(
        system=system,
        questions=len(answers),
        likeness=list(_likeness(answers)),
        rescued=sum(is_kept for _, is_kept in alone),
        lost=sum(not is_kept for _, is_kept in alone),
        unanimous_lost=unanimous,
        written=written,
        nobody=nobody,
        savers=savers,
    )


def _likeness(answers: Sequence[Aggregated]) -> Iterator[Likeness]:
    compared = [each for each in answers if each.likeness]
    measures = dict.fromkeys(name for each in compared for one in each.likeness for name in one)
    for measure in measures:
        members: dict[str, list[float]] = {}
        correlations = []
        for each in compared:
            values = [one.get(measure, 0.0) for one in each.likeness]
            for name, value in zip(each.proposers, values, strict=True):
                members.setdefault(name, []).append(value)
            marks = [mark or 0.0 for mark in each.marks]
            correlation = spearman(values, marks)
            if correlation is not None:
                correlations.append(correlation)
        means = {name: fmean(values) for name, values in members.items()}
        yield Likeness(measure, fmean(means.values()), means, _over(correlations), len(correlations))


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return the rank correlation of two lists, ties sharing their ranks; None where one of them is all the same.

    Args:
        one: At least one number.
        other: As many.
    """
    return error_correlations(list(zip(_ranks(one), _ranks(other), strict=True)))[0][1]


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [fmean(places[value]) for value in values]


def _over(correlations: Sequence[float]) -> Spread | None:
    """Return the mean of correlations with its interval, from -1 to 1."""
    if not correlations:
        return None
    half = spread_of([(value + 1) / 2 for value in correlations])
    return Spread(2 * half.mean - 1, 2 * half.low - 1, 2 * half.high - 1)
