"""Mathematics is compared by what it means, in bounds."""

import sys

import pytest
from agreement import judge
from langgraph_moa import (
    ConfigError,
    math_answers,
)

MEANING = [
    (["\\boxed{\\sqrt{8}}", "\\boxed{2\\sqrt{2}}", "Final answer: 3"], [[0, 1], [2]]),
    (["\\boxed{x^2+2x+1}", "\\boxed{(x+1)^2}", "\\boxed{(x-1)^2}"], [[0, 1], [2]]),
    (["\\boxed{\\frac{1}{2}}", "0.5", "1/2"], [[0, 1, 2]]),
]


@pytest.mark.parametrize(("texts", "groups"), MEANING)
def test_mathematics_is_compared_by_what_it_means(texts: list[str], groups: list[list[int]]) -> None:
    assert judge(math_answers(seconds=60), texts)["groups"] == groups


def test_mathematics_that_never_ends_is_abstained_from() -> None:
    found = judge(math_answers(seconds=1), ["\\boxed{9^{9^{9^{9}}}}", "\\boxed{8^{8^{8^{8}}}}"])

    assert found["abstained"] == "comparing took longer than 1 s"


def test_mathematics_that_breaks_is_abstained_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert judge(math_answers(), ["\\boxed{x+1}", "\\boxed{y+1}"])["abstained"].startswith("it failed: ")  # type: ignore[union-attr]


NOT_MATHEMATICS = [
    ["\\boxed{\\text{listen}}", "\\boxed{\\text{silent}}"],
    ["Final answer: 2024-03-05", "Final answer: 2024-05-03"],
    ["Final answer: 5 km", "Final answer: 5 miles"],
    ["Final answer: $5", "Final answer: 5%"],
    ["Final answer: {1, 2}", "Final answer: (1, 2)"],
    ["\\boxed{1,2}", "\\boxed{2,1}"],
    ["Final answer: " + "1+" * 120 + "2", "Final answer: " + "1+" * 120 + "3"],
]


@pytest.mark.parametrize("texts", NOT_MATHEMATICS)
def test_what_is_no_formula_is_left_as_it_is(texts: list[str]) -> None:
    assert judge(math_answers(), texts)["groups"] in ([[0], [1]], [])


def test_seconds_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="found seconds=0, expected a number above 0"):
        math_answers(0)
