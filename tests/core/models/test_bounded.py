"""What the openai package reads is bounded: bytes, unpacked, and events of a stream; and what is in an answer."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from langgraph_moa.core.models import bounded
from langgraph_moa.core.models.bounded import bound_bytes, check_calls_in
from langgraph_moa.core.wire.refusals import UnreadableAnswer
from langgraph_moa.core.wire.sizes import answers_up_to

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1")


class Sent(httpx2.AsyncByteStream):
    """Be what a server sends, and know whether it was closed."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.is_closed = pieces, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece

    async def aclose(self) -> None:
        self.is_closed = True


def answer(*pieces: bytes, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(200, headers=named, stream=Sent(*pieces), request=REQUEST)


async def read(response: httpx2.Response, most: int) -> bytes:
    with answers_up_to(most):
        bound_bytes(response)
    return await response.aread()


@pytest.mark.parametrize("packed", [False, True])
async def test_what_fits_is_read(packed: bool) -> None:
    body = b"words " * 100
    response = answer(gzip.compress(body), content_encoding="gzip") if packed else answer(body)

    assert await read(response, 600) == body


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (answer(*[b"x" * 99] * 9), "more than 500 bytes from 127.0.0.1"),
        (answer(gzip.compress(bytes(10**6)), content_encoding="gzip"), "more than 500 bytes"),
        (answer(*[b"data: x\n\n" * 99] * 90, content_type="text/event-stream"), "more than 8,000 bytes"),
        (answer(*[b"x" * 99] * 9, content_type="text/event-stream"), "an event of more than 500 bytes"),
        (
            answer(gzip.compress(b"x"), *[bytes(2**14)] * 9, content_encoding="gzip"),
            "more than 500 packed bytes",
        ),
        (answer(b"x", content_encoding="br"), "packed as 'br'"),
    ],
)
async def test_what_is_more_is_refused(response: httpx2.Response, words: str) -> None:
    with pytest.raises(UnreadableAnswer, match=words):
        await read(response, 500)


async def test_what_was_packed_and_cut_breaks_off() -> None:
    with pytest.raises(httpx2.RemoteProtocolError, match="breaks off"):
        await read(answer(gzip.compress(b"words " * 99)[:-9], content_encoding="gzip"), 600)


async def test_events_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_MOST_EVENTS", 100)

    with pytest.raises(UnreadableAnswer, match="more than 100 events"):
        await read(answer(*[b"data: x\n\n" * 60] * 2, content_type="text/event-stream"), 500)


@pytest.mark.parametrize("calls", [None, "x", [None], [{"function": {"arguments": "{}"}}] * 128])
def test_calls_that_may_be_are_taken(calls: Any) -> None:
    check_calls_in({"choices": [{"message": {"tool_calls": calls}}, {"message": None}]})


@pytest.mark.parametrize("calls", [[{"function": {}}] * 129, [{"function": {"arguments": "x" * 600_000}}] * 2])
def test_more_calls_than_any_answer_makes_are_refused(calls: Any) -> None:
    with pytest.raises(UnreadableAnswer, match="in one answer"):
        check_calls_in({"choices": [{"message": {"tool_calls": calls}}]})
