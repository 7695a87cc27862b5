"""What a system's answers cost on average, and which of several is the best."""

from typing import Any

from langgraph_moa.evaluation.grading.answered import GradedAnswers, best_of, per_question
from langgraph_moa.evaluation.grading.by_gold import Grade
from tables import each


def row(answer: str | None = "x", **cost: Any) -> Any:
    return {"id": "q", "answer": answer, "run": None, "cost": {"calls": 1, "tokens": 10, "usd": 0.1, **cost}}


def graded(*scores: float | None, tokens: int | None = 10) -> GradedAnswers:
    return GradedAnswers([row(tokens=tokens) for _ in scores], [Grade(score) for score in scores], True)


@each(
    ("rows", "mean"),
    [
        ([row(), row(tokens=30)], 20),
        ([row(), row(tokens=None)], None),  # an answer whose cost nobody knows
        ([row(), row(None, tokens=30)], 20),  # what failed is counted where it was written down
        ([row(), row(None, tokens=None)], 10),
        ([row(), row(tokens=0)], None),  # no call takes no tokens: nobody counted
        ([row(calls=0, tokens=0)], 0),
        ([row(None, tokens=None)], None),
    ],
)
def test_tokens_of_a_question(rows: list[Any], mean: float | None) -> None:
    assert per_question(rows)["tokens"] == mean


def test_systems_that_share_a_cache_are_no_cheaper_for_it() -> None:
    cached: Any = {**row(calls=0, tokens=0, usd=0.0), "spared": {"calls": 1, "tokens": 10, "usd": 0.1, "seconds": 2.0}}

    assert per_question([cached]) == per_question([row()])


def test_parts_of_a_cost_are_known_or_not_each_on_its_own() -> None:
    assert per_question([row(usd=None), row()]) == {"calls": 1, "tokens": 10, "usd": None}


@each(
    ("one", "other", "best"),
    [
        (graded(1, 0), graded(1, 1), "other"),
        (graded(1, 1), graded(1, 0), "one"),
        (graded(1, 0), graded(0, 1), "one"),  # the one named first
        (graded(1, 0, tokens=20), graded(0, 1), "other"),  # the one of fewer tokens
        (graded(1, 0, tokens=None), graded(0, 1), "other"),
        (graded(1, 0, None), graded(1, 1, None), "other"),
    ],
)
def test_the_best_of_two(one: GradedAnswers, other: GradedAnswers, best: str) -> None:
    assert best_of({"one": one, "other": other}, ["one", "other"], [0, 1]) == best
