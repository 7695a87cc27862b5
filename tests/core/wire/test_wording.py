"""A server's own words are found, whatever the shape of what it sends, and however much that is."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.models.obstacles import fault_of
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.replies import answers_of
from langgraph_moa.core.wire.wording import body_of, error_in, words_in
from together import together

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


FILTERED = {"hate": {"filtered": True, "severity": "high"}, "violence": {"filtered": False}}
LISTED = {"custom_blocklists": [{"filtered": True, "id": "x"}]}
ERRORS = [
    ({"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}, "output new_sensitive", "refused"),
    ({"code": 429, "message": "quota exceeded"}, "quota exceeded", "rate_limited"),
    ({"code": "429", "msg": "quota exceeded"}, "quota exceeded", "rate_limited"),
    ({"status": 503}, "503", None),
    ({"detail": "model offline"}, "model offline", None),
    ({"success": False, "message": "model offline"}, "model offline", None),
    ({"x_groq": {"id": "r", "error": "over capacity"}}, "over capacity", None),
    ({"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERED}]}, "hate", "refused"),
    ({"prompt_filter_results": [{"content_filter_results": LISTED}]}, "custom_blocklists", "refused"),
    ({"promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY", "refused"),
]
NOTHING = [
    {"usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}},
    {"code": 0, "message": "Success", "sid": "s"},
    {"code": "200", "msg": "OK"},
    {"base_resp": {"status_code": 0, "status_msg": "success"}},
    {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}]},
    {"x_groq": {"id": "r"}},
    {"type": "ping"},
    {"message": {"role": "assistant", "content": ""}},
    {"error": None, "detail": None},
]


def _chunk(sent: dict[str, Any]) -> bytes:
    return json.dumps(sent).encode()


@pytest.mark.parametrize("choices", [{"choices": None}, {"choices": []}, {}])
@together(("error", "words", "status"), ERRORS)
@pytest.mark.parametrize("is_whole", [True, False])
def test_an_error_beside_no_choices_is_one(
    choices: dict[str, Any], error: dict[str, Any], words: str, status: str | None, *, is_whole: bool
) -> None:
    stream = StreamedAnswer(provider="openai", model="m", secrets=[])
    stream.chunk(_chunk({"choices": [{"index": 0, "delta": {"content": "half"}}]}))
    whole = partial(answers_of, provider="openai", model="m", secrets=[])
    read: Callable[[bytes], object] = whole if is_whole else stream.chunk

    with pytest.raises(ServerError, match=words) as failed:
        read(_chunk({**choices, **error}))

    assert fault_of(failed.value) == status
    assert "found no choices" not in str(failed.value)


@pytest.mark.parametrize("choices", [{"choices": None}, {"choices": []}, {"choices": [{"index": 0, "delta": {}}]}])
@together("sent", NOTHING)
def test_what_tells_of_no_fault_is_none(choices: dict[str, Any], sent: dict[str, Any]) -> None:
    assert error_in({**choices, **sent}) is None


@pytest.mark.parametrize("sent", [ERRORS[0][0], ERRORS[6][0]])
def test_what_is_called_an_error_is_one_beside_choices(sent: dict[str, Any]) -> None:
    assert error_in({"choices": [{"index": 0, "delta": {}}], **sent})


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "filtered", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ["base_resp", "x_groq", "prompt_filter_results", "promptFeedback", "message", "code", "choices", "detail"]


@given(st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=5))
def test_anything_is_an_error_or_none(sent: dict[str, Any]) -> None:
    assert error_in(sent) is None or isinstance(error_in(sent), dict)
