"""Events are the same however their bytes are cut, and what is no stream of events is kept as it is."""

import json
from collections.abc import AsyncIterator
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.events import Events, is_end, keeps_alive, parted
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer

STREAMS = {
    "as OpenAI sends them": (b'data: {"a": 1}\n\ndata: [DONE]\n\n', [b'{"a": 1}', b"[DONE]"]),
    "with carriage returns": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
    "without a blank": (b"data:1\n\ndata:2\n\n", [b"1", b"2"]),
    "with comments, names and ids": (b": PROCESSING\n\nevent: x\nid: 7\ndata: 1\nretry: 3\n\n:\n\n", [b"1"]),
    "over several lines": (b'data: {\ndata: "a": 1}\n\n', [b'{\n"a": 1}']),
    "without an end": (b"data: 1\n\ndata: 2", [b"1", b"2"]),
    "with a byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [b"1"]),
    "with empty data": (b"data:\n\ndata: 1\n\ndata: \n\n", [b"1"]),
    "with a name of its own": (b"event: x\n\ndata: 1\n\n", [b"1"]),
    "empty ones": (b"\n\n\n\ndata: 1\n\n\n\n", [b"1"]),
    "with what is no field": (b"data: 1\n\nnonsense\n\ndata: 2\n\n", [b"1", b"2"]),
}


@pytest.mark.parametrize("case", STREAMS)
@given(cuts=st.lists(st.integers(0, 80), max_size=6))
def test_a_stream_is_read_the_same_however_it_is_cut(case: str, cuts: list[int]) -> None:
    stream, held = STREAMS[case]
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = Events()

    data = [each for start, end in pairwise(ends) for each in reader.feed(stream[start:end])]
    rest, other = reader.end()

    assert data + rest == held
    assert other == b""


@pytest.mark.parametrize("body", [b'{"choices": [\n\n]}', b"<html>\n<p>log in</p>\n</html>", b"", b"\n"])
def test_what_is_no_stream_comes_back_whole(body: bytes) -> None:
    reader = Events()

    assert [*reader.feed(body[:9]), *reader.feed(body[9:])] == []
    rest, other = reader.end()

    assert rest == []
    assert b"".join(other.split()) == b"".join(body.split())


def test_a_line_without_end_is_refused() -> None:
    reader = Events(100)

    with pytest.raises(UnreadableAnswer, match="more than 100 bytes"):
        [reader.feed(b"data: " + b"x" * 50) for _ in range(3)]


def test_an_event_of_lines_without_end_is_refused() -> None:
    reader = Events(100)

    with pytest.raises(UnreadableAnswer, match="more than 100 bytes"):
        [reader.feed(b"data: x\n") for _ in range(100)]


def event(content: str | None = None, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": reason}
    return json.dumps({"choices": [choice]}).encode()


HELLO, WORLD, STOP, DONE = event("Hello "), event("world."), event(reason="stop"), b"[DONE]"


def framed(*data: bytes, by: bytes = b"\n\n") -> bytes:
    return b"".join(b"data: " + each + by for each in data)


async def read(body: bytes) -> AIMessage:
    async def pieces() -> AsyncIterator[bytes]:
        yield body

    answer = StreamedAnswer(provider="openai", model="m", secrets=[])
    chunks: list[Any] = [chunk.message async for chunk in answer.chunks(pieces())]
    whole = reduce(add, chunks)
    assert isinstance(whole, AIMessage)
    return whole


ODD = [b"null", b"[]", b'""', b"true", b"1", b"ping", b"keep-alive", b": OPENROUTER PROCESSING", b'"ping"', b"ping - 2"]
ENDS = [b"[Done]", b"[done]", b"DONE", b"done", b'"[DONE]"', b"[END]", b"[end]", b"[DONE] "]


@pytest.mark.parametrize("odd", ODD)
async def test_what_is_no_object_is_passed_over(odd: bytes) -> None:
    for data in ([odd, HELLO, WORLD, STOP], [HELLO, odd, WORLD, STOP], [HELLO, WORLD, STOP, odd], [HELLO, odd, WORLD]):
        whole = await read(framed(*data, DONE))
        assert whole.text == "Hello world."
        assert "stream_ended" not in whole.response_metadata


@pytest.mark.parametrize("odd", [b"upstream gone", b"<html>502</html>", b'"upstream gone"'])
async def test_words_that_cannot_be_read_are_no_end(odd: bytes) -> None:
    assert (await read(framed(HELLO, odd, WORLD, STOP, DONE))).text == "Hello world."
    assert "stream_ended" not in (await read(framed(HELLO, odd, WORLD, STOP))).response_metadata
    assert (await read(framed(HELLO, odd, DONE))).response_metadata["stream_ended"] is False


@pytest.mark.parametrize("data", [*([odd] for odd in ODD), [b"nonsense"], [b"null", b"ping"], [b'{"choices": [']])
@pytest.mark.parametrize("end", [[], [DONE]])
async def test_an_answer_of_nothing_else_is_none(data: list[bytes], end: list[bytes]) -> None:
    with pytest.raises(ServerError):
        await read(framed(*data, *end))


@pytest.mark.parametrize("data", [[HELLO, b'{"choices": [{"de', WORLD, STOP], [HELLO, b'[{"error": {"code": 429}}]']])
async def test_words_of_the_answer_are_not_lost_in_silence(data: list[bytes]) -> None:
    with pytest.raises(ServerError):
        await read(framed(*data, DONE))


@pytest.mark.parametrize(
    "late", [b"nonsense", b'{"choi', b"[1]", b'{"message": "bye"}', b'{"choices": [], "code": 429}', b'{"detail": "x"}']
)
async def test_what_comes_after_the_end_spoils_nothing(late: bytes) -> None:
    assert (await read(framed(HELLO, WORLD, STOP, late, DONE))).text == "Hello world."


@pytest.mark.parametrize("late", [b'{"error": "x"}', b'{"x_groq": {"error": "x"}}', b'{"type": "error"}'])
async def test_an_error_is_one_even_then(late: bytes) -> None:
    with pytest.raises(ServerError):
        await read(framed(HELLO, WORLD, STOP, late, DONE))


@pytest.mark.parametrize("end", ENDS)
async def test_an_end_is_one_in_any_spelling(end: bytes) -> None:
    whole = await read(framed(HELLO, WORLD, end, b'{"error": "never read"}'))

    assert (whole.text, "stream_ended" in whole.response_metadata) == ("Hello world.", False)


@pytest.mark.parametrize("ends", [[DONE], [b"done"], []])
@pytest.mark.parametrize("by", [b"\n", b"\r\n", b"\r"])
async def test_events_may_be_parted_by_one_newline(by: bytes, ends: list[bytes]) -> None:
    whole = await read(framed(HELLO, b"null", WORLD, STOP, *ends, by=by))

    assert (whole.text, whole.response_metadata["finish_reason"]) == ("Hello world.", "stop")


async def test_half_of_the_last_of_these_is_left_out() -> None:
    whole = await read(framed(HELLO, WORLD, by=b"\n") + b'data: {"choic')

    assert (whole.text, whole.response_metadata["stream_ended"]) == ("Hello world.", False)


async def test_data_may_be_named_twice() -> None:
    twice = [b"data: " + each for each in (HELLO, WORLD, STOP, DONE)]

    assert (await read(framed(*twice))).text == "Hello world."


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b'{\n"a": 1}', [b'{\n"a": 1}']),
        (b'{"a": 1}\n{"b": 2}', [b'{"a": 1}', b'{"b": 2}']),
        (b'{"a": 1}\nDONE', [b'{"a": 1}', b"DONE"]),
        (b'{"a": 1}\n{"b', [b'{"a": 1}\n{"b']),
        (b'{"a": 1}\nnonsense', [b'{"a": 1}\nnonsense']),
    ],
)
def test_what_is_one_object_stays_one(data: bytes, events: list[bytes]) -> None:
    assert parted(data) == events


def test_a_long_text_is_neither_an_end_nor_a_sign_of_life() -> None:
    assert not is_end(b"done" * 9)
    assert not keeps_alive(b"a ping")
