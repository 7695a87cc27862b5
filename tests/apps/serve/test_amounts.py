"""Bodies are counted as they are read, and no slower."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.apps.serve.amounts import DEEPEST_BODY, count_parts, every_value, is_deep

JSON: Any = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a,:{[\\"\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='",:\\', max_size=3), inner, max_size=4)
    ),
    max_leaves=30,
)


def marks(value: Any) -> int:
    """Count what opens, a comma before each part but the first, and a colon for each name."""
    if not isinstance(value, dict | list):
        return 0
    parts = [*value.values()] if isinstance(value, dict) else value
    names = len(value) if isinstance(value, dict) else 0
    return 1 + max(0, len(parts) - 1) + names + sum(map(marks, parts))


@given(JSON)
def test_commas_of_texts_are_no_values(value: Any) -> None:
    raw, true = json.dumps(value).encode(), marks(value)

    assert (count_parts(raw, true) > true) is False
    assert true == 0 or count_parts(raw, true - 1) > true - 1


def test_a_long_text_is_one_value() -> None:
    text = json.dumps(['He said: "a, b", {c} \\\\ [d]' * 1_000, "x", {"y": 1}]).encode()

    assert count_parts(text, 10) == 5
    assert count_parts(b'["' + b'","' * 100 + b'"]', 10) > 10
    assert count_parts(b"\\" * 9 + b'"' + b"," * 20, 10) <= 30


def nested(levels: int) -> Any:
    value: Any = 1
    for number in range(levels):
        value = [value] if number % 2 else {"a": value}
    return value


def count(value: Any) -> int:
    return len([*every_value(value)])


def test_levels_and_values() -> None:
    assert (
        is_deep(nested(DEEPEST_BODY)),
        is_deep(nested(DEEPEST_BODY + 1)),
        is_deep(nested(100_000)),
        is_deep("x"),
    ) == (
        False,
        True,
        True,
        False,
    )
    assert (count(1), count({"a": [1, 2], "b": {}}), count(nested(50_000))) == (1, 5, 50_001)
