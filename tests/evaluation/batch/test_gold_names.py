"""Right answers under another name are noticed."""

from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.batch.gold_names import GoldNames, misnamed_gold
from langgraph_moa.evaluation.batch.reading import questions_in
from langgraph_moa.evaluation.grading.choose import graders_for

NAMES = ["answer", "Answer", "expected", "target", "reference", "solution", "label", "Gold", "ground_truth",
         "groundTruth", "correct answer", "expected-output", "reference_answer", "ideal"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_near_gold_is_told(name: str) -> None:
    questions = list(questions_in([{"question": "2 + 2?", name: 4}, {"question": "3 + 3?", "gold": 6}]))

    told = f"found `{name}` and no `gold` in 1 of 2 questions, expected the right answer as `gold`; rename it"
    assert misnamed_gold(questions) == told


@pytest.mark.parametrize(
    "item",
    [
        {"question": "Why?"},
        {"gold": 1, "answer": "x"},
        {"answer": None},
        {"topic": "answers to prayers"},
        {"goldfish": 1},
    ],
)
def test_what_is_well_named_or_has_none_is_left_alone(item: dict[str, Any]) -> None:
    names = GoldNames()
    names.look(item)

    assert names.sentence() is None


@pytest.mark.parametrize("grader", [None, "answer", "exact"])
def test_who_cannot_grade_says_what_to_rename(grader: Any) -> None:
    questions = list(questions_in([{"question": "2 + 2?", "answer": 4}]))

    with pytest.raises(ConfigError, match=r"in 1 of 1 questions, .*; rename it, or let a judge grade"):
        graders_for(grader, questions, judge=False)
