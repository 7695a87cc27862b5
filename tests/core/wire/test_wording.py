"""A server's own words are found, whatever the shape of what it sends, and however much that is."""

import json
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire.wording import body_of, words_in

FASTAPI = {"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "input": {"a": "prompt"}}
RAW = json.dumps({"error": {"message": "slow down"}})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "no", "type": "x", "code": 3}}, "no"),
        ({"error": "no"}, "no"),
        ({"error": ["no", "never"]}, "no; never"),
        ({"error": {"message": {"text": "no"}}}, "no"),
        ({"error": True, "message": "no"}, "no"),
        ({"detail": "no"}, "no"),
        ({"detail": {"error": "no"}}, "no"),
        ({"detail": [FASTAPI]}, "body.stream_options: Extra inputs are not permitted"),
        ({"detail": [{"loc": 7, "msg": "no"}]}, "no"),
        ({"message": {"text": "no"}}, "no"),
        ({"Message": "no"}, "no"),
        ({"object": "error", "message": "no", "code": 404}, "no"),
        ({"errors": {"name": ["is bad", "and long"]}}, "name: is bad; name: and long"),
        ({"success": False, "errors": [{"code": 7003, "message": "no"}]}, "no"),
        ([{"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED"}}], "no"),
        (
            {"type": "https://a.example/x", "title": "No credit", "detail": "Costs 50", "status": 403},
            "Costs 50; No credit",
        ),
        ({"error": {"message": "upstream", "metadata": {"raw": RAW}}}, "upstream; slow down"),
        ({"error": {"message": json.dumps(RAW)}}, json.dumps(RAW)),
        ({"error": {"message": RAW}}, "slow down"),
        ({"error": {"code": "context_length_exceeded"}}, "code: context_length_exceeded"),
        ({"fault": {"faultstring": "no"}}, "no"),
        ({"odd": 1}, "odd: 1"),
        ({"error": {"message": "a\nb\x1b[31m \ud83d"}}, "a b[31m \ufffd"),
        (RAW, "slow down"),
        (RAW.encode(), "slow down"),
        (b"no\nmore", "no more"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("{'no", "{'no"),
        (b"<html><head><title>502 Bad</title><style>a {}</style></head><h1>502 Bad</h1> gateway", "502 Bad gateway"),
        ("<TITLE>No</TITLE><script>if (a < b) {}</script><p>A &amp; B", "No; A & B"),
        ("<html", "<html"),
        *(({}, ""), ([], ""), ("", ""), (b"", ""), (None, ""), (True, ""), ({"error": {}}, ""), ({"error": None}, "")),
    ],
)
def test_words_are_found(body: Any, words: str) -> None:
    assert words_in(body) == words


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.sampled_from(["error", "message", "detail", "loc", "msg"]), inner)
    ),
    max_leaves=20,
)


@given(ANYTHING)
def test_words_are_bounded_and_can_be_carried_anywhere(body: Any) -> None:
    words = words_in(body)

    assert len(words) <= 500
    assert "\n" not in words
    words.encode()


def test_what_is_nested_without_end_is_bounded() -> None:
    deep: Any = {"message": "at the bottom"}
    for _ in range(500):
        deep = {"error": [deep]}

    assert words_in(deep) == ""


def test_a_body_is_found_wherever_a_client_keeps_it() -> None:
    request = httpx2.Request("POST", "http://127.0.0.1/v1")
    unread = httpx2.Response(500, request=request, stream=httpx2.ByteStream(b"x"))
    for response, body, found in (
        (httpx2.Response(422, request=request, text="words"), None, "words"),
        (httpx2.Response(422, request=request, text="words"), {"a": 1}, {"a": 1}),
        (unread, None, None),
    ):
        assert body_of(openai.APIStatusError("no", response=response, body=body)) == found
    assert body_of(ValueError({"code": 5})) == {"code": 5}
    assert body_of(ValueError("no")) is None
