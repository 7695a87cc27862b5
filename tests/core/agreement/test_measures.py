"""Measures of agreement: texts in, groups out."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.agreement.measures import complete_groups, medoid


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
