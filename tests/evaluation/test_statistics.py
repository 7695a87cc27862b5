"""Intervals of shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.evaluation.statistics import wilson


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (95, 100, 0.8882, 0.9785),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (5, 10, 0.2366, 0.7634),
    ],
)
def test_wilsons_interval(right: int, of: int, low: float, high: float) -> None:
    assert wilson(right, of) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilsons_interval_holds_the_share(counted: tuple[int, int]) -> None:
    low, high = wilson(*counted)

    assert 0 <= low <= counted[0] / counted[1] <= high <= 1
