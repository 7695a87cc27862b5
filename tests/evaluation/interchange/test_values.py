"""Values of other forms become JSON: as they are where JSON has them, and else as text, which is counted."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.interchange.values import as_json, shown_value, unreadable
from tables import each


@each(
    "value, written, words",
    [
        (float("nan"), None, "NaN"),
        (float("-inf"), "-Infinity", "infinite"),
        (b"\xff\x00", "/wA=", "base64"),
        (date(2026, 11, 30), "2026-11-30", "date"),
        (datetime(2026, 11, 30, 6, 30), "2026-11-30T06:30:00", "date"),
        (Decimal("1.50"), "1.50", "Decimal"),
        ("a\ud83d", "a\ufffd", "U+FFFD"),
        ([{"a": (1, float("nan"))}], [{"a": [1, None]}], "NaN"),
    ],
)
def test_what_json_does_not_have_is_told(value: Any, written: Any, words: str) -> None:
    losses = Losses()

    assert as_json(value, losses) == written
    assert [words in sentence for sentence in losses.sentences()] == [True]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_what_json_has_stays_as_it_is(value: Any) -> None:
    losses = Losses()

    assert as_json(value, losses) == value == json.loads(json.dumps(value))
    assert losses.sentences() == []


def test_a_value_is_shown_short_and_a_file_s_fault_in_one_sentence() -> None:
    assert len(shown_value("a" * 1_000)) == 60
    assert str(unreadable("a.eval", ValueError("bad\nzip"), "a zip")).startswith(
        "a.eval cannot be read: bad zip; expected a zip; "
    )
