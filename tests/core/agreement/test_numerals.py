"""Numbers and dates are read in whatever way they are written."""

from typing import Any

from agreement import same
from hypothesis import given
from hypothesis import strategies as st


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_numbers_are_compared_as_numbers(number: Any) -> None:
    assert same(f"Final answer: {number}", f"So:\n#### {number:,}")
