"""How far runs agree."""

from typing import Any

from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.grading.between_runs import runs_report, sentence_of_runs


def row(id_: str, answer: str | None) -> Any:
    return {"id": id_, "answer": answer}


def test_runs_are_compared_question_by_question() -> None:
    questions = [
        Question(id=id_, messages=[{"role": "user", "content": "?"}], gold=gold)
        for id_, gold in (("a", "1"), ("b", "2"), ("c", "3"), ("d", None), ("e", "5"))
    ]
    rows = [
        *(row("a", "Final answer: 1"), row("a#2", "Final answer: 1.0")),
        *(row("b#2", "Final answer: 2"), row("b", "Final answer: 3")),
        *(row("c", None), row("c#2", "Final answer: 3")),
        *(row("d", "It depends on many a thing."), row("d#2", "So it does, I should say.")),
        row("e", "Final answer: 5"),
    ]
    report = runs_report(rows, questions, 2)

    assert report == {"repeat": 2, "compared": 2, "same": 1, "graded": 3, "right": [1 / 3, 1.0]}
    assert sentence_of_runs(report) == (
        "all 2 repeats end on the same short answer in 1 of the 2 questions that have one in all; right in 33.3, 100.0 "
        "% of 3 (standard deviation 47.1 points)"
    )
    assert sentence_of_runs(runs_report([], questions, 2)) == "no question has a short answer in all 2 repeats"
