"""A function that picks is checked before anything is paid for, and is given what it has parameters for."""

from functools import partial
from typing import Any, cast

import pytest
from langgraph_moa import ConfigError, Pick
from langgraph_moa.core.panel.pick import as_pick, check_pick
from langgraph_moa.core.run.records import Proposal

PROPOSAL = cast("Proposal", {"proposer": "a", "text": "one"})


class Judge:
    def __call__(self, text: str, question: str) -> float:
        return len(text) + len(question)


def compare(gold: str, text: str, *, question: str = "") -> float:
    return float(gold == text)


TAKEN: list[tuple[Any, str, list[str]]] = [
    (len, "len", []),
    (lambda text: 1, "<lambda>", []),
    (lambda text, question: 1, "<lambda>", ["question"]),
    (lambda text, *, proposal, strict=False: 1, "<lambda>", ["proposal"]),
    (lambda question: 1, "<lambda>", []),
    (lambda text, **more: 1, "<lambda>", []),
    (Judge(), "Judge", ["question"]),
    (partial(compare, "4"), "compare", ["question"]),
    (float, "float", []),
    (dict, "dict", []),
]


@pytest.mark.parametrize(("function", "name", "taken"), TAKEN)
def test_a_function_is_given_what_it_has_parameters_for(function: Any, name: str, taken: list[str]) -> None:
    pick = as_pick(function)
    check_pick(pick)

    assert (pick.name, list(pick.options("q", PROPOSAL))) == (name, taken)
    assert pick.sees_whole is ("proposal" in taken)
    assert as_pick(pick) is pick


@pytest.mark.parametrize("function", [lambda: 1, lambda text, gold: 1, lambda *, text: 1, None, 7])
def test_another_function_is_refused(function: Any) -> None:
    with pytest.raises(ConfigError, match=r"in Pick\(...\), expected a function of"):
        check_pick(Pick(function))
