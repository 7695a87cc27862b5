"""What a screen made of a layer is told in words, from its fields."""

from typing import Any

import pytest
from langgraph_moa.core.run.screening import Alone, Screening, screened_words


def lone(name: str, answer: str | None = None, claims: float | None = None, others: float | None = None) -> Alone:
    return Alone(proposer=name, answer=answer, claims=claims, others=others)


TOLD: list[tuple[Any, list[str]]] = [
    (None, []),
    (Screening(alone=[], removed=[], most=2), []),
    (
        Screening(alone=[lone("m", "41 km")], removed=["m"], most=1),
        ["m was screened out: no other model answers 41 km"],
    ),
    (Screening(alone=[lone("m")], removed=["m"], most=1), ["m was screened out: no other model says the same"]),
    (
        Screening(alone=[lone("m", None, 0.871, 0.12)], removed=["m"], most=1),
        ["m was screened out: 87% of what it says stands alone, 12% of the others'"],
    ),
    (
        Screening(alone=[lone("a", "1"), lone("b", "2")], removed=[], most=1),
        ["2 stand alone, and at most 1 may be taken out: nobody was screened out"],
    ),
    (
        Screening(alone=[lone(name, name) for name in "abcde"], removed=list("abcde"), most=5),
        [*(f"{name} was screened out: no other model answers {name}" for name in "abc"), "and 2 more for the like"],
    ),
]


@pytest.mark.parametrize(("screening", "words"), TOLD)
def test_who_and_why(screening: Screening | None, words: list[str]) -> None:
    assert screened_words(screening) == words
