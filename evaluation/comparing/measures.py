"""Compare systems on the same questions: how good, how dear, how slow, and whether a difference is luck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from ...core.run.records import Cost
from ..batch.rows import full_seconds_in
from ..ceiling import Ceiling
from ..grading.answered import GradedAnswers, per_question
from ..statistics import wilson
from .cast import Roles
from .over_repeats import RunVariance
from .paired import RESAMPLES, Bootstrap, Paired, Spread, newcombe, paired, percentile


@dataclass(frozen=True)
class MeasuredSystem:
    """Say how one system did; what is told of a question is an average, over those that it answered."""

    label: str
    is_single: bool
    score: Spread
    """The mean grade, from 0 to 1, of the questions that could be graded for all; its interval is of 95 %."""
    difference: Spread | None
    """How much more it scores than the baseline, question by question, with the interval that verdicts go by; None for
    the baseline itself."""
    calls: float | None
    """None is not known."""
    tokens: float | None
    usd: float | None
    p50: float | None
    """Seconds within which half of the answers came."""
    p95: float | None
    length: float | None
    """Characters of an answer, the median."""
    errors: int
    """Questions without an answer, which count as wrong."""
    unread: int
    """Answers in which no short answer was found to compare with gold, which count as wrong."""
    error: str | None = None
    """Why the first of the questions without an answer has none."""
    paired: Paired | None = None
    """On which questions it differs from the baseline where answers are right or wrong; None for marks."""
    repeats: RunVariance | None = None
    """How much of its variance is between runs; None where each question was asked once."""

    @property
    def missing(self) -> int:
        """Return how many questions count as wrong without having been read."""
        return self.errors + self.unread


@dataclass(frozen=True)
class Comparison:
    """Hold everything that was measured; plain data."""

    grader: str
    questions: int
    graded: int
    """Those that were graded for all systems, on which they are compared."""
    left_out: dict[str, int]
    """How many of the others were left out, and why."""
    systems: list[MeasuredSystem]
    baseline: str
    """What the others are held against: the best single model, where nobody named another."""
    verdict: str
    margin: float = 2.0
    """The gain, in points of a hundred, from which on one counts: below it `no better` and `about as good` are said."""
    repeat: int = 1
    """How often each system was asked each question; the mean is the question's grade."""
    notes: list[str] = field(default_factory=list)
    """What to keep in mind, one sentence each."""
    judging: Cost | None = None
    """What the judge cost, beside the systems; None where there was none."""
    ceiling: Ceiling | None = None
    """What a mixture of the compared models can win at most; None where there are not two models to choose from."""
    contradicted: float | None = None
    """The share of pairs on which the judge preferred a place, whatever stood there; None where no pair was judged."""
    roles: Roles | None = None
    """How the models of a mixture rank as aggregators and as proposers, where that was compared."""

    def named(self, label: str) -> MeasuredSystem:
        """Return one system's measures."""
        return next(system for system in self.systems if system.label == label)

    def _repr_html_(self) -> str:
        from .shown import comparison_html

        return comparison_html(self)


def graded_for_all(answered: Mapping[str, GradedAnswers]) -> tuple[list[int], dict[str, int]]:
    """Return the questions that every system has a grade for, by number, and why the others were left out."""
    graded: list[int] = []
    left_out: dict[str, int] = {}
    for number, grades in enumerate(zip(*(one.grades for one in answered.values()), strict=True)):
        why = next((grade.why or "that nobody could grade" for grade in grades if grade.score is None), None)
        if why is None:
            graded.append(number)
        else:
            left_out[why] = left_out.get(why, 0) + 1
    return graded, left_out


def measured(
    answered: Mapping[str, GradedAnswers],
    graded: Sequence[int],
    baseline: str,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[MeasuredSystem]:
    """Measure every system.

    Args:
        answered: What each made of the questions.
        graded: The questions to compare them on, by number; at least one.
        baseline: Whom to hold the others against.
        resamples: How often questions are drawn anew.
        seed: What the draws depend on.
    """
    labels = list(answered)
    columns = [[answered[label].grades[n].score or 0.0 for n in graded] for label in labels]
    drawn, other = Bootstrap(columns, resamples=resamples, seed=seed), columns[labels.index(baseline)]
    pairs = {label: None if label == baseline else paired(columns[n], other) for n, label in enumerate(labels)}

    def difference(number: int, label: str) -> Spread | None:
        if label == baseline:
            return None
        return newcombe(columns[number], other) if pairs[label] else drawn.difference(number, labels.index(baseline))

    return [
        _measured(
            label,
            answered[label],
            score=_share(columns[number]) or drawn.mean(number),
            difference=difference(number, label),
            pair=pairs[label],
        )
        for number, label in enumerate(labels)
    ]


def _measured(
    label: str, one: GradedAnswers, *, score: Spread, difference: Spread | None, pair: Paired | None
) -> MeasuredSystem:
    whole = [row for row in one.rows if row["answer"] is not None]
    cost, seconds = per_question(one.rows), [full_seconds_in(row) for row in whole]
    return MeasuredSystem(
        label=label,
        is_single=one.is_single,
        score=score,
        difference=difference,
        calls=cost["calls"],
        tokens=cost["tokens"],
        usd=cost["usd"],
        p50=percentile(seconds, 0.5) if seconds else None,
        p95=percentile(seconds, 0.95) if seconds else None,
        length=median(len(row["answer"] or "") for row in whole) if whole else None,
        errors=len(one.rows) - len(whole),
        unread=one.unread,
        error=next((row["error"] for row in one.rows if row["answer"] is None), None),
        paired=pair,
    )


def _share(scores: Sequence[float]) -> Spread | None:
    """Return a share of right answers with Wilson's interval, which is no point where all are right; None for marks."""
    if not {0.0, 1.0} >= set(scores):
        return None
    right = int(sum(scores))
    return Spread(right / len(scores), *wilson(right, len(scores)))
