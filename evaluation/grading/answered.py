"""One system's answers to many questions, graded."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from ...core.run.records import Cost
from ..batch.questions import Row
from ..batch.rows import full_cost_in
from .by_gold import Grade


class GradedAnswers(NamedTuple):
    """Hold what one system made of all questions, in one order."""

    rows: Sequence[Row]
    grades: Sequence[Grade]
    is_single: bool
    """Whether it is one model asked once; anything else is a mixture."""
    unread: int = 0
    """Answers that end on nothing that could be compared with gold, and count as wrong."""


def best_of(answered: Mapping[str, GradedAnswers], labels: Sequence[str], graded: Sequence[int]) -> str:
    """Return the system of the best mean; the one of fewer tokens, then the one named first, where two are as good."""

    def worth(label: str) -> tuple[float, float]:
        cost = per_question(answered[label].rows)["tokens"]
        return _mean(answered[label], graded), -(float("inf") if cost is None else cost)

    return max(labels, key=worth)


def per_question(rows: Sequence[Row]) -> dict[str, float | None]:
    """Return the average calls, tokens and US dollars of a question; None where they are not known of all answers.

    What a question without an answer cost is counted where it was written down. Answers out of a cache count as what
    they cost once: systems that share one are not cheaper for it.
    """
    costs = [(full_cost_in(row), row["answer"] is not None) for row in rows]
    means: dict[str, float | None] = {}
    for what in ("calls", "tokens", "usd"):
        values = [value for cost, _ in costs if (value := _known(cost, what)) is not None]
        complete = all(_known(cost, what) is not None for cost, is_answered in costs if is_answered)
        means[what] = fmean(values) if values and complete else None
    return means


def _known(cost: Cost, what: str) -> float | None:
    """Return a part of a cost; no call takes no tokens, so none is what nobody counted."""
    value: float | None = cost[what]  # type: ignore[literal-required]
    return None if what == "tokens" and not value and cost["calls"] else value


def _mean(one: GradedAnswers, graded: Sequence[int]) -> float:
    return fmean(one.grades[n].score or 0.0 for n in graded)
