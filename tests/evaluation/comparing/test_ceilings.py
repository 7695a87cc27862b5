"""What a mixture of the compared models can win, counted on rows."""

from typing import Any

import pytest
from langgraph_moa.evaluation.batch.questions import Question, Row
from langgraph_moa.evaluation.comparing.ceilings import ceiling_in
from langgraph_moa.evaluation.grading.answered import GradedAnswers
from langgraph_moa.evaluation.grading.by_gold import Grade, closed, exact

QUESTIONS = [Question(id=str(n), messages=[{"role": "user", "content": "?"}], gold="1") for n in range(4)]


def graded(answers: list[str | None], *, is_single: bool = True, proposals: Any = None) -> GradedAnswers:
    rows = [
        Row(id=str(n), answer=answer, run=None, error=None, gold="1", seconds=0.0, proposals=proposals or [])
        for n, answer in enumerate(answers)
    ]
    return GradedAnswers(rows, [Grade(float(answer == "1")) for answer in answers], is_single)


def test_it_is_counted_on_single_models_with_their_vote() -> None:
    answered = {
        "a": graded(["1", "1", "2", None]),
        "b": graded(["2", "1", "2", "2"]),
        "c": graded(["1", "2", "2", "1"]),
        "moa": graded(["1"] * 4, is_single=False),
    }

    ceiling = ceiling_in(QUESTIONS, answered, closed)

    assert ceiling
    assert (ceiling.share, ceiling.best_share, ceiling.vote, ceiling.members) == (0.75, 0.5, 0.5, 3)


def test_of_one_model_it_is_counted_on_a_mixtures_proposals() -> None:
    proposals = [
        {"layer": layer, "proposer": name, "sample": 1, "text": text}
        for layer, name, text in [(1, "a", "1"), (1, "b", "2"), (2, "c", "2")]
    ]

    ceiling = ceiling_in(QUESTIONS, {"moa": graded(["2"] * 4, is_single=False, proposals=proposals)}, closed)

    assert ceiling
    assert (ceiling.share, ceiling.best, ceiling.members) == (1.0, "a", 2)


@pytest.mark.parametrize("by", [exact, None])
def test_without_short_answers_there_is_no_vote(by: Any) -> None:
    ceiling = ceiling_in(QUESTIONS, {"a": graded(["1", "1", "2", "2"]), "b": graded(["2"] * 4)}, by)

    assert ceiling
    assert (ceiling.share, ceiling.vote) == (0.5, None)


def test_nobody_to_choose_from_has_none() -> None:
    assert ceiling_in(QUESTIONS, {"a": graded(["1"] * 4), "moa": graded(["1"] * 4, is_single=False)}, closed) is None
