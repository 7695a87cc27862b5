"""A stream that is cut at any byte has a status, and is never a call, nor a whole answer that is not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.messages import message_chunk_to_message
from langchain_core.outputs import ChatGenerationChunk
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.nodes.calls.reading import read_message
from langgraph_moa.nodes.calls.statuses import judged
from langgraph_moa.nodes.prompting.prompt import Prompt
from servers_say import DONE, called, piece, words

SEAT = seat_of("offline:words", Defaults(), role="aggregator")
OFFERED = frozenset({"delete_files"})
STREAMS = {
    "a call": [*called("delete_files", '{"path": ', '"/srv/data', '/old"}'), piece({}, "tool_calls"), DONE],
    "a text": [*words("It is ", "not 48, ", "but 50."), piece({}, "stop"), DONE],
}
WHOLE: dict[str, Any] = {"a call": {"path": "/srv/data/old"}, "a text": "It is not 48, but 50."}


def sent(events: list[Any]) -> bytes:
    return b"".join(e if isinstance(e, bytes) else b"data: " + json.dumps(e).encode() + b"\n\n" for e in events)


async def read(body: bytes, size: int) -> Any:
    """Return what a stream comes to, which arrives in pieces of a size; None where its server failed."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    answer = StreamedAnswer(provider="openai", model="m", secrets=[])
    try:
        chunks: list[ChatGenerationChunk] = [chunk async for chunk in answer.chunks(pieces())]
    except ServerError:
        return None
    whole = chunks[0] + chunks[1:]
    return read_message(message_chunk_to_message(whole.message), SEAT)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", STREAMS)
async def test_what_is_cut_is_never_whole(kind: str) -> None:
    body, statuses = sent(STREAMS[kind]), set()
    for cut in range(1, len(body) + 1):
        reply = await read(body[:cut], size=61)
        if reply is None:
            continue
        call = judged(reply, Prompt([]), "aggregator", OFFERED)
        statuses.add(call["status"])
        if call["status"] == "ok":
            held = reply.message.tool_calls[0]["args"] if kind == "a call" else reply.message.text
            assert held == WHOLE[kind], body[:cut]
            assert call["finish_reason"] or cut == len(body), body[:cut]

    assert statuses == {"ok", "invalid" if kind == "a call" else "truncated"} | ({"empty"} & statuses)
