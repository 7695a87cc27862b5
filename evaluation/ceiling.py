"""What choosing among a panel's answers can come to at most: the share of questions on which somebody is right.

Whoever chooses among answers, a vote, a ranker or a router, is right on at most 1 - beta of the questions, beta being
the share on which all are wrong (arXiv 2606.27288). How often two models agree says little about it. An aggregator
writes an answer of its own, and may be right where nobody was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from ..core.agreement.values import FinalAnswer, kind_of
from .statistics import clopper_pearson, mean_interval

Worth = float | None
"""What an answer is worth, from 0 to 1: right or wrong, or a judge's mark; None where there is none to grade."""
WORTHWHILE = 0.02
"""What a mixture must be able to gain, to be worth asking several models for."""
FEWEST = 30
"""Judged questions below which nobody is advised."""
_MOSTLY = 0.9
_EITHER = {"yes", "no", "true", "false"}


@dataclass(frozen=True)
class Ceiling:
    """Hold what choosing among the answers of some models gets at most."""

    judged: int
    """Questions on which it was counted."""
    share: float
    """The mean of the best answer's mark: of right and wrong, the share of questions on which somebody is right."""
    interval: tuple[float, float]
    """Of 95 %: Clopper and Pearson's, for right and wrong."""
    best: str
    """The best single model."""
    best_share: float
    vote: float | None
    """What the vote of all gets; None where answers cannot be compared."""
    options: int | None
    """Of how many options the right one was to be named, where the questions are multiple choice."""
    members: int
    are_proposals: bool = False
    """Whether the answers are what proposers of a mixture said, and not models that were asked alone."""

    @property
    def gain(self) -> float:
        """Return how much more than the best single model choosing can get at most."""
        return self.share - self.best_share

    @property
    def is_worthwhile(self) -> bool:
        """Tell whether a mixture could gain two points or more."""
        return round(self.gain, 9) >= WORTHWHILE

    @property
    def guessers(self) -> float | None:
        """Return what so many models that only guess would have for a ceiling; None where there are no options."""
        return None if self.options is None else 1 - (1 - 1 / self.options) ** self.members

    def sentence(self) -> str:
        """Say what a mixture of these can win."""
        low, high = (f"{100 * end:.1f}" for end in self.interval)
        vote = "" if self.vote is None else f", their vote {_percent(self.vote)}"
        caution = (
            ""
            if self.guessers is None
            else f"; a guess is right now and then, too: {self.members} models that only guess among {self.options} "
            f"options would have a ceiling of {_percent(self.guessers)}"
        )
        best = f"the best single {'proposer' if self.are_proposals else 'model'} ({self.best})"
        return (
            f"choosing among these answers gets at most {_percent(self.share)} ({low} to {high}), {best} gets "
            f"{_percent(self.best_share)}{vote}: a mixture of these can win at most "
            f"{100 * self.gain:.1f} points, unless the aggregator writes better than all of them{caution}"
        )

    def advice(self) -> str | None:
        """Say not to mix where too little can be won; None where there is something to win, or too little is known."""
        if self.is_worthwhile or self.judged < FEWEST:
            return None
        most = self.interval[1] - self.best_share
        room = f"; on {self.judged:,} questions {100 * most:.1f} are not ruled out" if most >= WORTHWHILE else ""
        return (
            f"do not mix: by these answers choosing wins at most {100 * self.gain:.1f} points over {self.best} alone, "
            f"less than {100 * WORTHWHILE:g}{room}"
        )


def ceiling_of(
    names: Sequence[str],
    marks: Sequence[Sequence[Worth]],
    *,
    votes: Sequence[Worth] | None = None,
    golds: Sequence[FinalAnswer | None] = (),
) -> Ceiling | None:
    """Return the ceiling of a panel; None without two models, or without questions that all have marks for.

    Args:
        names: The models.
        marks: For each question, a mark a model; questions without any are passed over, a model without one has 0.
        votes: For each question, what the vote of all is worth; None where there is no vote.
        golds: The right answers, by which multiple choice shows itself.
    """
    judged = [n for n, row in enumerate(marks) if any(mark is not None for mark in row)]
    if len(names) < 2 or not judged:
        return None
    rows = [[mark or 0.0 for mark in marks[n]] for n in judged]
    shares = [fmean(row[member] for row in rows) for member in range(len(names))]
    best = max(range(len(names)), key=lambda member: shares[member])
    reached = [max(row) for row in rows]
    is_share = {0.0, 1.0} >= set(reached)
    return Ceiling(
        judged=len(judged),
        share=fmean(reached),
        interval=clopper_pearson(int(sum(reached)), len(judged)) if is_share else mean_interval(reached),
        best=names[best],
        best_share=shares[best],
        vote=None if votes is None else fmean(votes[n] or 0.0 for n in judged),
        options=_options(golds),
        members=len(names),
    )


def _options(golds: Sequence[FinalAnswer | None]) -> int | None:
    """Return how many options there are, at least, where nearly all right answers are letters of some."""
    readable = [gold for gold in golds if gold]
    if readable and {gold.shown.casefold() for gold in readable} <= _EITHER:
        return 2
    letters = [gold.shown.strip("()[]. ")[:1].upper() for gold in readable if kind_of(gold) == "letter"]
    if not letters or len(letters) < _MOSTLY * len(readable):
        return None
    return max(ord(max(letters)) - ord("A") + 1, 2)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
