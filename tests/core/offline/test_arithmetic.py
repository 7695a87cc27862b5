"""Sums are worked out exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.offline.arithmetic import work_out
from langgraph_moa.core.offline.model import OfflineModel


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is 17 * 24?", "17 * 24 = 408"),
        ("17×24", "17*24 = 408"),
        ("Work out (2 + 3) * 4 please", "(2 + 3) * 4 = 20"),
        ("What is 1,500 times 3?", "1500 * 3 = 4500"),
        ("7 divided by 2?", "7 / 2 = 3.5"),
        ("2^10", "2**10 = 1024"),
        ("0.1 + 0.2", "0.1 + 0.2 = 0.3"),
        ("1/3", "1/3 = 0.333333333333"),
        ("10 % 3", "10 % 3 = 1"),
        ("-3 + 5", "-3 + 5 = 2"),
        ("5 / 0", "5 / 0 has no value: it divides by zero"),
        ("9**9**9**9", None),
        ("What happened on 2024-05-01?", None),
        ("Call 555", None),
        ("version 1.2.3", None),
        ("What happened on 9/11?", None),
        ("Did they win 3-1?", None),
        ("What is 3/4?", "3/4 = 0.75"),
        ("0 + 5", "0 + 5 = 5"),
        ("0 * 5", "0 * 5 = 0"),
        ("007 + 3", "007 + 3 = 10"),
        ("+".join(["11"] * 100), None),
        ("-" * 60_000 + "1", None),
        ("(" * 60_000 + "1+1", None),
        ("", None),
        ("(" * 500 + "1+1" + ")" * 500, None),
    ],
)
def test_arithmetic(question: str, answer: str | None) -> None:
    assert work_out(question) == answer


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.sampled_from("+-*"))
def test_arithmetic_is_exact(a: int, b: int, sign: str) -> None:
    expected = {"+": a + b, "-": a - b, "*": a * b}[sign]

    assert work_out(f"What is ({a}) {sign} ({b})?") == f"({a}) {sign} ({b}) = {expected}"


@given(st.text(alphabet="0123456789+-*/%^(). x", max_size=60))
def test_arithmetic_never_fails(question: str) -> None:
    answer = work_out(question)

    assert answer is None or " = " in answer or "no value" in answer


SUMS = {
    "What is 17 * 24?": "408",
    "17 * 24": "408",
    "What is 12 + 30?": "42",
    "How much is 19.99 * 3?": "59.97",
    "what's 5*5": "25",
    "What is 15% of 80?": "12",
    "20 percent of 50": "10",
    "What is 100% of 20?": "20",
    "What is half of 86?": "43",
    "a third of 90": "30",
    "What is a quarter of 60?": "15",
    "twice 21": "42",
    "Hello, can you tell me what 6 * 7 is?": "42",
    "What is 10 minus 4 times 2?": "2",
    "12 plus 30": "42",
    "What is 144 / 12?": "12",
}


NOT_WORKED_OUT = [
    "What is 100 - 10%?",
    "What is 2 + 2 minus three?",
    "What is the square root of 16 + 9?",
    "What is 2 * x + 3 * 4?",
    "What is half of 10 + 4?",
    "twice 3 + 4",
    "12 + 30 percent of 50",
    "3,5 + 2",
    "10:30 + 2",
    "5! + 3",
    "What is 5 + 3 thousand?",
    "What is 5 squared + 2?",
    "50 times 2 percent",
    "Is 2 + 2 = 5?",
    "If I have 12 + 30 apples and eat 5, how many are left?",
    "Multiply 3 * 4 by 5",
    "12 + 30 and then divide by 6",
    "2 + 2 in binary",
    "What is 17 * 24? What is 3 + 4?",
    "two plus two",
]
"""Each holds a sum, or sounds like one, and asks for another number than that."""


@pytest.mark.parametrize(("question", "value"), SUMS.items())
def test_sums_are_worked_out(question: str, value: str) -> None:
    assert OfflineModel.of("words").invoke(question).text.rpartition(" = ")[2] == value


@pytest.mark.parametrize("question", NOT_WORKED_OUT)
def test_there_is_never_a_wrong_number(question: str) -> None:
    assert "cannot answer this" in OfflineModel.of("words").invoke(question).text
