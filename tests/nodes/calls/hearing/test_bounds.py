"""A model that is not ours is bounded while it is heard: what is beyond is taken off its chunks, which nobody keeps."""

import json
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langgraph_moa import create_moa
from langgraph_moa.nodes.calls.hearing import Heard
from panels import says

QUESTION: Any = {"messages": [{"role": "user", "content": "How many?"}]}


def pieces_of_a_call(count: int, size: int) -> list[AIMessageChunk]:
    texts = ['{"a": "', *["x" * size] * count, '"}']
    names = ["look", *[None] * (count + 1)]
    chunks = [AIMessageChunk(content="") for _ in texts]
    for chunk, name, text in zip(chunks, names, texts, strict=True):
        # Set, and not given: langchain-core's constructor takes minutes to see that a long piece is no JSON by itself.
        chunk.tool_call_chunks = [tool_call_chunk(name=name, args=text, index=0)]
    return chunks


def heard(chunks: list[AIMessageChunk], most: int) -> tuple[Heard, AIMessageChunk]:
    listener, last = Heard(most=most), AIMessageChunk(content="", chunk_position="last")
    for chunk in [*chunks, last]:
        listener.count(chunk)
        listener.take(chunk, is_last=chunk is last)
    first, *rest = [*chunks, last]
    whole: Any = first
    for chunk in rest:
        whole += chunk
    return listener, whole


def test_long_arguments_are_handed_on_at_the_end() -> None:
    chunks = pieces_of_a_call(200, 1_000)

    listener, whole = heard(chunks, 10**6)

    assert sum(len(call["args"] or "") for chunk in chunks for call in chunk.tool_call_chunks) < 2**16
    assert [call["args"] for call in whole.tool_calls] == [{"a": "x" * 200_000}]
    assert [json.loads(text) for text in listener.arguments] == [{"a": "x" * 200_000}]
    assert not listener.is_long


@pytest.mark.parametrize(
    "chunks",
    [
        [AIMessageChunk(content="word ") for _ in range(100)],
        [AIMessageChunk(content=[{"type": "text", "text": "word "}]) for _ in range(100)],
        [AIMessageChunk(content="", additional_kwargs={"reasoning_content": "word "}) for _ in range(100)],
    ],
)
def test_what_is_beyond_the_bound_is_taken_off(chunks: list[AIMessageChunk]) -> None:
    listener, whole = heard(chunks, 100)

    assert listener.is_long
    assert len(whole.text) <= 100
    assert len(listener.reasoning) <= 100


def test_more_arguments_than_any_answer_has_are_taken_off() -> None:
    listener, whole = heard(pieces_of_a_call(20, 100_000), 10**8)

    assert listener.is_long
    assert sum(len(call["args"] or "") for call in whole.tool_call_chunks) <= 2**16


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_long_text_of_any_model_is_cut_for_others_and_told(streamed: bool) -> None:
    texts = iter([AIMessage(" ".join(f"word{n}" for n in range(1_000)))])
    moa = create_moa(
        proposers=[GenericFakeChatModel(messages=texts), says("four")],
        aggregator=says("4"),
        max_answer_bytes=500,
        stream_proposals=streamed,
    )
    result: Any = None
    async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "values"]):
        result = part if mode == "values" else result

    long = result["proposals"][0]
    assert long["status"] == "truncated"
    assert 400 < len(long["text"]) <= 500
    assert long["error"] == "the answer is longer than max_answer_bytes; what was beyond it was cut off"
    assert long["text"] in str(result["run"]["aggregators"][0]["prompt"])
