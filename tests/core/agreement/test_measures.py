"""Measures of agreement: texts in, groups out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa import (
    Agreement,
    ConfigError,
    EarlyStop,
    Vote,
    closed_answers,
    create_moa,
    embedding_agreement,
    judge_agreement,
    math_answers,
    near_duplicates,
)
from langgraph_moa.core.agreement.measures import abstain, complete_groups, is_measure, medoid


def test_the_medoid_has_most_in_common_with_the_rest() -> None:
    texts = ["no words shared", "the sky is blue today", "the sky is blue", "the sky is grey"]

    assert medoid(texts, [0, 1, 2, 3]) == 2
    assert medoid(["same", "same"], [0, 1]) == 0


@given(st.integers(0, 9), st.data())
def test_likeness_is_not_passed_on(size: int, data: Any) -> None:
    pairs = [(a, b) for b in range(size) for a in range(b)]
    alike = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []

    for group in complete_groups(size, alike):
        assert all((a, b) in alike for b in group for a in group if a < b)


FACTORIES = [closed_answers, math_answers, near_duplicates, embedding_agreement, judge_agreement]


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: factory.__name__)
def test_what_makes_a_measure_is_none_before_it_is_called(factory: Any) -> None:
    """It would abstain at every gate, and nothing would ever stop."""
    models: Any = {"proposers": ["offline:words", "offline:stems"], "aggregator": "offline:words"}

    for options in ({"early_stop": EarlyStop(agreement=factory)}, {"aggregator": Vote(agreement=factory)}):
        with pytest.raises(ConfigError, match=r"found <function .+agreement, expected a measure .*closed_answers\(\)"):
            create_moa(**models | options)


def test_a_measure_may_be_a_function_or_an_object() -> None:
    def of_ones_own(texts: Any) -> Agreement:
        return abstain("mine", "why not")

    assert is_measure(of_ones_own)
    assert is_measure(closed_answers())
    assert not is_measure("closed answers")
