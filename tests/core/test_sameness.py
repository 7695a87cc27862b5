"""What tells values of anybody's apart."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.sameness import NoSameness, as_told_apart

KEYS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
VALUES: Any = st.recursive(
    KEYS | st.binary(max_size=2) | st.frozensets(KEYS, max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def text(value: Any) -> str:
    return json.dumps(as_told_apart(value), sort_keys=True)


@given(VALUES, VALUES)
def test_others_have_another_text(one: Any, other: Any) -> None:
    assert text(one) != text(other) or one == other


class Plain:
    pass


class Unhashable:
    __hash__ = None  # type: ignore[assignment]


def test_equal_ones_have_the_same() -> None:
    assert text({"a": 1, 2: {3, 1}}) == text({2: {1, 3}, "a": 1})
    assert text({1: "a"}) != text({"1": "a"})
    assert text([True, 1, 1.0, "1", None]) == text([True, 1, 1.0, "1", None])
    assert text(Path("x")) != text("x")
    assert text("a lock at 0x7f") == text("a lock at 0x7f"), "a text says what it is"


def test_what_shows_its_address_only_has_a_name_as_long_as_it_lives() -> None:
    one, other = Plain(), Plain()
    names = {text([one]), text([other]), text([lambda: 1]), text([threading.Lock()])}

    assert len(names) == 4
    assert text([one]) in names
    del one
    assert text([Plain()]) not in names


@pytest.mark.parametrize("value", [iter([]), object(), [Unhashable()], {"a": iter([])}])
def test_what_has_no_name_is_told(value: Any) -> None:
    with pytest.raises(NoSameness):
        as_told_apart(value)
    holds_itself: list[Any] = []
    holds_itself.append(holds_itself)
    with pytest.raises(NoSameness):
        as_told_apart(holds_itself)
