"""Graders that ask no model."""

from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.batch.questions import Question, Row
from langgraph_moa.evaluation.grading.by_gold import NO_GOLD, Grader, closed, exact, grade, has_gold, unread
from tables import each


def asked(gold: str | None, question: Any = "?", later: tuple[str, ...] = ()) -> Question:
    return Question(id="q", messages=[{"role": "user", "content": question}], later=later, gold=gold)


def answered(answer: str | None) -> Row:
    error = "it broke" if answer is None else None
    return Row(id="q", answer=answer, run=None, error=error, gold=None, seconds=1.0)


@each(
    ("gold", "answer", "score"),
    [
        ("408", "It is long.\n\nFinal answer: **408**", 1),
        ("408", "408.0", 1),
        ("408", "Final answer: 409", 0),
        ("408", "I cannot say.", 0),
        ("408", "Final answer: 408\nNo, wait.\nFinal answer: 407", 0),
        ("9 * 2 makes 18\n#### 18", "Answer: 18", 1),
        ("$5", "Final answer: $5", 1),
        ("$5", "Final answer: 5", 0),
        ("5 km", "Final answer: 5 miles", 0),
        ("B", "Final answer: (B)", 1),
        ("yes", "Final answer: no", 0),
        ("A whole sentence is no short answer that could be compared.", "Yes.", None),
        ("", "5", None),
        (None, "5", None),
    ],
)
def test_closed_answers_are_compared_as_what_they_are(gold: str | None, answer: str, score: float | None) -> None:
    assert closed(asked(gold), answer) == score


UNITS: list[tuple[str, str, Any, float]] = [
    ("48", "Final answer: 48 calories", "How many calories?", 1),
    ("48 calories", "Final answer: 48", "How many calories?", 1),
    ("48 calories", "Final answer: 48", [{"type": "image"}, {"type": "text", "text": "How many calories?"}], 1),
    ("48 calories", "Final answer: 48", "How much energy?", 0),
    ("$5", "Final answer: 5", "What do 5 cost, at $1 each?", 1),
    ("48", "Final answer: 48 km", "How many miles?", 0),
    ("50", "Final answer: 50%", "How many students?", 0),
    ("7", "They have \\(\\boxed{7}\\) cards.", "How many cards?", 1),
]


@each(("gold", "answer", "question", "score"), UNITS)
def test_the_question_says_which_unit_may_be_left_out(gold: str, answer: str, question: Any, score: float) -> None:
    assert closed(asked(gold, question), answer) == score


def test_what_is_asked_later_names_a_unit_too() -> None:
    assert closed(asked("5 cats", later=("How many cats?",)), "Final answer: 5") == 1


@each(
    ("gold", "answer", "score"),
    [
        ("Paris", " paris.\n", 1),
        ("Paris", "Paris, France", 0),
        ("a  b", "A B", 1),
        ("½", "1⁄2", 1),
        ("3.", "3", 1),
        (None, "x", None),
        (" . ", "x", None),
    ],
)
def test_exact_answers_may_differ_in_case_and_space(gold: str | None, answer: str, score: float | None) -> None:
    assert exact(asked(gold), answer) == score


@pytest.mark.parametrize(
    ("grader", "gold", "score"), [(closed, "5", 0.0), (exact, "5", 0.0), (closed, None, None), (exact, None, None)]
)
def test_no_answer_is_wrong_where_right_is_known(grader: Grader, gold: str | None, score: float | None) -> None:
    assert grade(grader, asked(gold), answered(None)).score == score


def test_a_function_of_ones_own_is_not_asked_about_no_answer() -> None:
    def never(question: Question, answer: str) -> float:
        raise AssertionError(answer)

    assert grade(never, asked(None), answered(None)).score == 0


@pytest.mark.parametrize(("said", "score"), [(0.25, 0.25), (1, 1.0), (True, 1.0), (None, None)])
def test_a_function_may_say_how_good_or_that_it_cannot_tell(said: Any, score: float | None) -> None:
    assert grade(lambda question, answer: said, asked(None), answered("x")).score == score


@pytest.mark.parametrize("said", [1.5, -0.1, "good", float("nan"), [1]])
def test_a_function_that_says_anything_else_is_refused(said: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"^found .* from the grader for the question 'q', expected a number from 0 to 1"
    ):
        grade(lambda question, answer: said, asked(None), answered("x"))


def test_a_function_that_fails_could_not_tell() -> None:
    def fails(question: Question, answer: str) -> float:
        raise KeyError(answer)

    assert grade(fails, asked(None), answered("x")) == (None, "where the grader failed (KeyError: 'x')")


def test_why_there_is_no_grade_is_told() -> None:
    assert grade(closed, asked(None), answered("x")).why == NO_GOLD


def test_answers_that_cannot_be_read_are_counted_where_there_is_gold() -> None:
    questions = [asked("5"), asked("5"), asked("5"), asked(None)]
    rows = [answered(text) for text in ("It may be five or so, I think.", "Final answer: 6", None, "No idea at all.")]

    assert unread(questions, rows) == 1


def test_gold_is_there_or_not() -> None:
    assert has_gold([asked(None), asked("5")])
    assert not has_gold([asked(None), asked("  ")])
