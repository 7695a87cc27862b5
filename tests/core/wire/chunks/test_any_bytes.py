"""Whatever bytes come, cut wherever: an answer or a server's failure, and no call that was cut and does not say so."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.replies import answers_of

USAGE = {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}
ARGUMENTS = '{"path": "/srv/data \\ud83d\\ude00", "names": ["a", "b"], "times": 12}'
TEXT = "An answer 🙂 in words.\n"


async def given_as(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _read(pieces: Sequence[bytes]) -> list[AIMessageChunk]:
    answer = StreamedAnswer(provider="openai", model="m", secrets=["tiger-burning-bright-1"])
    chunks = [chunk.message async for chunk in answer.chunks(given_as(pieces))]
    return [chunk for chunk in chunks if isinstance(chunk, AIMessageChunk)]


Run = Callable[[Coroutine[Any, Any, list[AIMessageChunk]]], list[AIMessageChunk]]


def at_once(coroutine: Coroutine[Any, Any, list[AIMessageChunk]]) -> list[AIMessageChunk]:
    """Run what waits for nothing; a loop for each would take most of the time."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return list(done.value)
    raise AssertionError("it waits for something")


def read(pieces: Sequence[bytes], run: Run = at_once) -> AIMessageChunk | None:
    """Return what becomes of a stream; None for a server's failure."""
    try:
        chunks = run(_read(pieces))
    except ServerError:
        return None
    for chunk in chunks:
        shown = [chunk.content, chunk.additional_kwargs, chunk.tool_calls, chunk.tool_call_chunks]
        json.dumps([shown, chunk.response_metadata], ensure_ascii=False).encode()
    return chunks[0] + chunks[1:]


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut bytes at some places."""
    ends = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(ends)]


def stream(*, end: Sequence[Any], width: int, ascii_only: bool) -> bytes:
    """Write a whole answer as a server streams it, with a call whose arguments come in pieces."""

    def event(delta: Any, reason: Any = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return b"data: " + json.dumps({"choices": [choice], **more}, ensure_ascii=ascii_only).encode() + b"\n\n"

    def calls(**function: Any) -> Any:
        return {"tool_calls": [{"index": 0, "id": "i1", "function": function}]}

    texts = [event({"content": word}) for word in TEXT.split(" ")]
    starts = range(0, len(ARGUMENTS), width)
    pieces = [event(calls(arguments=ARGUMENTS[start : start + width])) for start in starts]
    ends = [event({}, reason, usage=USAGE) if reason != "[DONE]" else b"data: [DONE]\n\n" for reason in end]
    return b"".join([b": ping\n\n", *texts, event(calls(name="delete")), *pieces, *ends])


ENDS = st.sampled_from(
    [["tool_calls", "[DONE]"], ["tool_calls"], ["[DONE]"], [], ["length", "length"], ["error"], [""]]
)
STREAM = st.builds(stream, end=ENDS, width=st.integers(5, 40), ascii_only=st.booleans())
PLACES = st.lists(st.integers(0, 10_000), max_size=6)


@settings(deadline=None)
@given(STREAM, st.integers(0, 10_000), PLACES)
@example(stream(end=[], width=20, ascii_only=True), 10_000, [])
def test_a_call_is_whole_or_said_to_be_open(body: bytes, length: int, places: Sequence[int]) -> None:
    whole = read([body[: length % (len(body) + 1)]])
    pieces = read(cut(body[: length % (len(body) + 1)], places))

    assert (whole and whole.model_dump(exclude={"id"})) == (pieces and pieces.model_dump(exclude={"id"}))
    if whole is None:
        return
    about = whole.response_metadata
    said = "".join(TEXT.split(" "))
    assert said.startswith(whole.text)
    is_marked = about.get("calls_unclosed") or about.get("stream_ended") is False
    assert is_marked or [c["args"] for c in whole.tool_calls] in ([], [json.loads(ARGUMENTS)])
    assert is_marked or whole.usage_metadata is None or whole.usage_metadata["total_tokens"] == 16


@settings(deadline=None)
@given(STREAM, PLACES, st.binary(max_size=5), st.integers(0, 10_000))
def test_a_stream_that_was_spoilt_is_an_answer_or_a_failure(
    body: bytes, places: Sequence[int], noise: bytes, at: int
) -> None:
    at %= len(body)
    whole = read(cut(body[:at] + noise + body[at + 3 :], places))

    if whole is not None and whole.tool_calls and not {"calls_unclosed", "stream_ended"} & {*whole.response_metadata}:
        assert isinstance(whole.tool_calls[0]["args"], dict)


NAMES = ("choices", "delta", "message", "content", "tool_calls", "function", "error", "usage", "code", "type", "text")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
BITS = [b"data: ", b"\n\n", b"event: error\n", b"data: [DONE]\n\n", b"data: {\n\n", b"\xef\xbb\xbf", b"\r"]
FRAME = st.one_of(
    st.binary(max_size=20),
    JSON.map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n"),
    st.sampled_from(BITS),
)


@settings(deadline=None)
@given(st.lists(FRAME, max_size=6).map(b"".join), PLACES)
@example(b"data: [DONE]\n\n", [])
@example(b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: {"cho', [])
def test_any_bytes_are_an_answer_or_a_failure(body: bytes, places: Sequence[int]) -> None:
    read(cut(body, places))
    with suppress(ServerError):
        answers_of(body, provider="openai", model="m", secrets=["tiger-burning-bright-1"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":' * 900 + b"1" + b"}" * 900,
        b'{"choices": [{"message": {"content": ' + b"[" * 900 + b"]" * 900 + b"}}]}",
        b'{"choices": [{"logprobs": ' + b"[" * 900 + b'"\\ud83d"' + b"]" * 900 + b"}]}",
        b"[" * 100_000,
        b'{"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": "'
        + b"[" * 5_000
        + b'"}}]}}]}',
        b'{"error": {"message": "' + b"&#" + b"9" * 9_000 + b';"}}',
        b'{"usage": {"prompt_tokens": ' + b"9" * 400 + b'}, "choices": [{"message": {"content": "a"}}]}',
    ],
)
def test_what_is_nested_or_long_without_end_is_an_answer_or_a_failure(body: bytes) -> None:
    for pieces in ([body], [b"data: " + body + b"\n\n", b"data: [DONE]\n\n"]):
        read(pieces, asyncio.run)
