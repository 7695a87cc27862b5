"""What is written elsewhere is said as one message."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph_moa.nodes.sections.speaking import Pieces, Speaking

MESSAGES: Any = [HumanMessage("x")]


def speaking() -> Speaking:
    pieces = Pieces()
    for piece in ("a", "b", None):
        pieces.put_nowait(piece)
    return Speaking(pieces=pieces)


async def test_it_is_streamed_and_told_as_a_whole() -> None:
    chunks = [chunk async for chunk in speaking().astream(MESSAGES)]

    assert [chunk.text for chunk in chunks if chunk.text] == ["a", "b"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert (await speaking().ainvoke(MESSAGES)).text == "ab"


def test_nobody_says_it_without_a_loop() -> None:
    with pytest.raises(NotImplementedError, match="expected `ainvoke`"):
        speaking().invoke(MESSAGES)
