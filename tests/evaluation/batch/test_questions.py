"""Questions as they are given in Python."""

from typing import Any

from langgraph_moa import Question
from langgraph_moa.evaluation.batch.reading import questions_in


def test_what_is_given_in_python_can_be_written_and_compared() -> None:
    odd: Any = {"id": "a\ud800", "gold": 6, "later": ["And\ud800?"]}

    (found,) = questions_in([Question(messages=[{"role": "user", "content": "Why?"}], **odd)])

    assert (found.id, found.gold, found.later) == ("a\ufffd", "6", ["And\ufffd?"])
