"""Gathered pieces are the same answer, and of a long one not many."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langgraph_moa.core.wire.gathering import Gathered
from langgraph_moa.core.wire.refusals import UnreadableAnswer

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
PIECES = st.one_of(
    st.builds(lambda text: {"content": text}, TEXTS),
    st.builds(lambda text: {"additional_kwargs": {"reasoning_content": text}}, TEXTS),
    st.builds(
        lambda index, text: {"tool_call_chunks": [tool_call_chunk(args=text, index=index)]}, st.integers(0, 3), TEXTS
    ),
)


def handed_on(gathered: Gathered, pieces: list[dict[str, Any]], logprobs: Any = None) -> list[ChatGenerationChunk]:
    chunks = [gathered.add(piece, logprobs, 10) for piece in pieces]
    return [chunk for chunk in [*chunks, gathered.taken()] if chunk]


def added_up(messages: list[AIMessageChunk]) -> AIMessageChunk:
    return reduce(lambda one, other: one + other, messages, AIMessageChunk(content=""))


@given(pieces=st.lists(PIECES, max_size=30), words=st.integers(0, 3_000))
def test_what_is_handed_on_comes_to_the_same(pieces: list[dict[str, Any]], words: int) -> None:
    pieces = [{"content": "word " * words}, *pieces]
    alone = added_up([AIMessageChunk(**{"content": "", **piece}) for piece in pieces])

    together = added_up([chunk.message for chunk in handed_on(Gathered(), pieces)])  # type: ignore[misc]

    assert together.content == alone.content
    assert together.additional_kwargs.get("reasoning_content", "") == alone.additional_kwargs.get(
        "reasoning_content", ""
    )
    calls = {call["index"]: call["args"] or "" for call in together.tool_call_chunks}
    assert calls == {call["index"]: call["args"] or "" for call in alone.tool_call_chunks}


def test_a_short_answer_is_handed_on_as_it_comes() -> None:
    assert len(handed_on(Gathered(), [{"content": "word "}] * 200)) == 200


@pytest.mark.parametrize(
    "piece",
    [
        {"content": "w"},
        {"additional_kwargs": {"reasoning_content": "w"}},
        {"tool_call_chunks": [tool_call_chunk(args="w", index=0)]},
    ],
)
def test_120_000_pieces_become_a_few_thousand(piece: dict[str, Any]) -> None:
    """Servers send as many: arguments letter by letter (github.com/earendil-works/pi/issues/9062)."""
    gathered = Gathered()

    chunks = [chunk for _ in range(120_000) if (chunk := gathered.add(piece, None, 60))]

    assert len(chunks) < 8_000


def test_names_and_ids_of_calls_stay_with_their_calls() -> None:
    gathered = Gathered()
    gathered.add({"content": "word " * 20_000}, None, 9)
    pieces = [
        {"tool_call_chunks": [tool_call_chunk(name="look", id="a", args="", index=0)]},
        {"tool_call_chunks": [tool_call_chunk(args="{", index=0), tool_call_chunk(name="find", id="b", index=1)]},
        {"tool_call_chunks": [tool_call_chunk(args="}", index=0), tool_call_chunk(args="{}", index=1)]},
    ]

    (chunk,) = handed_on(gathered, pieces)

    assert chunk.message.tool_call_chunks == [  # type: ignore[attr-defined]
        tool_call_chunk(name="look", id="a", args="{}", index=0),
        tool_call_chunk(name="find", id="b", args="{}", index=1),
    ]


def test_what_stands_beside_several_pieces_stands_beside_one() -> None:
    gathered = Gathered()
    gathered.add({"content": "word " * 20_000}, None, 9)

    chunks = handed_on(gathered, [{"content": "a"}] * 3, {"content": [{"token": "a"}], "refusal": None})

    (info,) = [chunk.generation_info for chunk in chunks]
    assert info == {"logprobs": {"content": [{"token": "a"}] * 3, "refusal": None}}


def test_audio_is_handed_on() -> None:
    chunks = handed_on(Gathered(), [{"additional_kwargs": {"audio": {"id": "a", "data": "x"}}}])

    assert chunks[0].message.additional_kwargs == {"audio": {"id": "a", "data": "x"}}


@pytest.mark.parametrize("text", ["w" * 50, "é" * 25])
def test_a_longer_answer_than_may_be_is_refused(text: str) -> None:
    gathered = Gathered(100)
    gathered.add({"content": text}, None, 9)

    with pytest.raises(UnreadableAnswer, match="found more than 100 bytes of text, thinking and calls"):
        gathered.add({"content": text}, None, 9)
