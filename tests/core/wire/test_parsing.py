"""JSON is read and written as it comes, and never fails on what models write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire.parsing import read_json, write_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_what_is_written_is_read_by_anybody(value: object) -> None:
    assert json.loads(write_json(value)) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"text": "\\ud83d"}', {"text": "\ufffd"}),  # half of a character, as models write one in pieces
        (b'{"text": "\\ud83d\\ude00 \\ud83d"}', {"text": "\U0001f600 \ufffd"}),
        (b'{"text": "a\nb"}', {"text": "a\nb"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": -Infinity}', {"a": float("-inf")}),  # a log of nothing, as vLLM has sent it
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b"", None),
        (b"<html>", None),
        (b'{"a": 1', None),
        (b"9" * 10_000, None),
        (b"[" * 1_000_000, None),
    ],
)
def test_what_is_no_strict_json_is_read_all_the_same(body: bytes, value: object) -> None:
    assert read_json(body) == value


def test_half_of_a_character_stays_where_the_other_may_follow() -> None:
    assert read_json(b'{"text": "\\ud83d"}', halves=True) == {"text": "\ud83d"}


def test_what_no_encoding_carries_is_escaped() -> None:
    assert json.loads(write_json({"text": "\ud83d"})) == {"text": "\ud83d"}
