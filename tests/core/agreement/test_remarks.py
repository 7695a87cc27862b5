"""What stands after an answer may explain it, and may not take it back."""

import pytest
from langgraph_moa.core.agreement.remarks import adds_nothing, first_sentence, takes_back


@pytest.mark.parametrize(
    ("after", "stated", "nothing"),
    [
        ("", "42", True),
        ("\n```</s>", "Paris", True),
        ("\n\nI hope this helps! Let me know.", "Paris", True),
        ("\nShe had 42 eggs.", "42", True),
        ("\nShe had 43 eggs.", "42", False),
        ("\nWait, no.", "42", False),
        ("\nIt isn't.", "42", False),
        ("\nThe Seine flows there.", "Paris", False),
    ],
)
def test_what_follows_an_answer(after: str, stated: str, *, nothing: bool) -> None:
    assert adds_nothing(after, stated) == nothing


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("42", "42"),
        ("42 because 40 + 2 = 42", ""),
        ("42 because it is so.", "42"),
        ("Paris. This is its capital.", "Paris"),
        ("Paris. But this may be wrong.", "Paris. But this may be wrong."),
        ("St. Louis", "St. Louis"),
        ("['a. This', 2]", "['a. This', 2]"),
    ],
)
def test_a_sentence_that_explains_is_left_out(line: str, stated: str) -> None:
    assert first_sentence(line) == stated


@pytest.mark.parametrize(
    ("more", "back"), [("in all", False), ("in all, but less", True), ("and 3", True), ("", False)]
)
def test_what_takes_an_answer_back(more: str, *, back: bool) -> None:
    assert takes_back(more) == back
