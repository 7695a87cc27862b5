"""What each member of a panel brings to it, and how far members err together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from operator import lt
from statistics import fmean

from ..comparing.paired import Spread, newcombe, paired
from ..statistics import mean_interval, standard_error
from .gathering import proposer_of
from .recording import PanelRow, Recording, marks_of
from .votes import Ballots

_Z = 1.96
_TWINS = 0.5
"""The share of long texts from which two that are equal are one author's."""
_ENOUGH = 5
"""Long texts that both must have written, to be told for one author."""


@dataclass(frozen=True)
class PanelMember:
    """Say what one member brings."""

    name: str
    model: str | None
    served_models: tuple[str, ...]
    """Those that servers said had answered."""
    answered: float
    """Share of questions with an answer that can be compared, or has a mark."""
    accuracy: Spread
    """The mean mark: of right and wrong, the share of right answers."""
    adds: Spread | None
    """What the vote of all has by it: its accuracy with the member minus that without; None without votes."""
    alone: float
    """Share of questions on which it is right and nobody else: what the ceiling falls by without it."""
    tokens: float | None
    """Of an answer, on average."""
    usd: float | None


@dataclass(frozen=True)
class Twins:
    """Name two members that seem to be one model."""

    first: str
    second: str
    served_model: str | None
    """The model that answered for both; None where their texts gave them away."""
    equal: float | None
    """The share of their long texts that are equal, word for word."""


def measured_members(recording: Recording, rows: Sequence[PanelRow], ballots: Ballots | None) -> list[PanelMember]:
    """Measure every member on the questions that have marks.

    Args:
        recording: Who sits on the panel.
        rows: The judged questions.
        ballots: Their votes; None where answers are not voted on.
    """
    marks = marks_of(rows)
    everyone = strongest_first(marks)
    whole = ballots.marks(everyone) if ballots else None
    members = []
    for n, name in enumerate(recording.names):
        answers = [row.answers[n] for row in rows]
        column = [row[n] for row in marks]
        others = ballots.marks([m for m in everyone if m != n]) if ballots and len(recording.names) > 1 else None
        members.append(
            PanelMember(
                name=name,
                model=recording.models.get(name),
                served_models=tuple(sorted({each.served_model for each in answers if each.served_model})),
                answered=fmean(each.answer is not None or bool(each.score) for each in answers),
                accuracy=spread_of(column),
                adds=difference(whole, others) if whole and others else None,
                alone=fmean(row[n] - max([*row[:n], *row[n + 1 :]], default=0.0) if row[n] == max(row) else 0.0
                            for row in marks),
                tokens=_mean([each.tokens for each in answers]),
                usd=_mean([each.usd for each in answers]),
            )
        )  # fmt: skip
    return members


def strongest_first(marks: Sequence[Sequence[float]]) -> list[int]:
    """Return members by what their answers are worth, the order in which to declare them, which ties of votes go by.

    Args:
        marks: A list a question.
    """
    strength = [fmean(column) for column in zip(*marks, strict=True)]
    return sorted(range(len(strength)), key=lambda n: (-strength[n], n))


def error_correlations(marks: Sequence[Sequence[float]]) -> list[list[float | None]]:
    """Return Pearson's correlation of the marks of each two members, which is phi where they are right or wrong.

    Args:
        marks: A list a question.

    Returns:
        A square; None where one of two has the same mark throughout, and nothing can be told.
    """
    columns = list(zip(*marks, strict=True))
    return [[_correlation(one, other) for other in columns] for one in columns]


def count_saves(marks: Sequence[Sequence[float]]) -> list[list[int]]:
    """Count who saves whom: on how many questions another member does better than one, or is right where it is wrong.

    Args:
        marks: A list a question.

    Returns:
        A square: a row for whoever is saved, a column for who saves.
    """
    columns = list(zip(*marks, strict=True))
    return [[sum(map(lt, saved, saver)) for saver in columns] for saved in columns]


def find_twins(recording: Recording) -> list[Twins]:
    """Name members that seem to be the same model: by the model that served both, or by texts that are equal."""
    pairs = []
    for one, other in combinations(range(len(recording.names)), 2):
        served = [_served(recording.rows, n) for n in (one, other)]
        both = [(row.answers[one].digest, row.answers[other].digest) for row in recording.rows]
        long = [(a, b) for a, b in both if a and b]
        equal = fmean(a == b for a, b in long) if len(long) >= _ENOUGH else None
        authors = {proposer_of(recording.names[n]) or recording.names[n] for n in (one, other)}
        same = served[0] if served[0] == served[1] and len(authors) > 1 else None  # samples of one are no secret
        if same or (equal is not None and equal >= _TWINS):
            pairs.append(Twins(recording.names[one], recording.names[other], same, equal))
    return pairs


def _served(rows: Sequence[PanelRow], n: int) -> str | None:
    served = {row.answers[n].served_model for row in rows} - {None}
    return served.pop() if len(served) == 1 else None


def spread_of(values: Sequence[float]) -> Spread:
    """Return a mean of marks with its interval."""
    return Spread(fmean(values), *mean_interval(values))


def difference(one: Sequence[float], other: Sequence[float]) -> Spread:
    """Return how much more one is right than another on the same questions: Newcombe's interval, or the normal one."""
    if paired(one, other):
        return newcombe(one, other)
    mean = fmean(one) - fmean(other)
    half = _Z * standard_error([a - b for a, b in zip(one, other, strict=True)])
    return Spread(mean, max(mean - half, -1.0), min(mean + half, 1.0))


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return fmean(numbers) if numbers else None


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    mine, theirs = fmean(one), fmean(other)
    both = fmean((a - mine) * (b - theirs) for a, b in zip(one, other, strict=True))
    spread = sqrt(fmean((a - mine) ** 2 for a in one) * fmean((b - theirs) ** 2 for b in other))
    return min(max(both / spread, -1.0), 1.0) if spread else None


def mean_correlation(correlations: Sequence[Sequence[float | None]], of: int, others: Sequence[int]) -> float | None:
    """Return how far one member errs with some others, on average; None where nothing can be told."""
    return _mean([correlations[of][other] for other in others])
