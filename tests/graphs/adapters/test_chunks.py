"""What a mixture streams is one message, and what was abandoned of it is called void."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langgraph_moa import (
    ChatMoA,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.graphs.adapters.chunks import VOID
from loopback import Loopback, Reply
from worn import whole, worn


async def test_what_was_streamed_of_an_abandoned_answer_is_called_void(loopback: Loopback) -> None:
    loopback.say("first", Reply("one two three four", broken="reset_mid_stream"))
    model = worn(loopback, aggregator=["first", "second"])

    streamed = whole([chunk async for chunk in model.astream("Hi")])
    agent: Any = create_agent(model, tools=[])
    parts = [part async for part in agent.astream({"messages": [("user", "Hi")]}, stream_mode=["messages", "values"])]

    assert streamed.text == f"one {VOID}answer of second"
    assert [p for m, p in parts if m == "values"][-1]["messages"][-1].text == "answer of second"
    heard = [p[0] for m, p in parts if m == "messages"]
    assert whole([m for m in heard if m.text or m.chunk_position]).text == f"one {VOID}answer of second"
    assert len({m.id for m in heard}) == 1


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_a_proposal_in_place_of_the_answer_ends_where_that_was_to_end(loopback: Loopback, way: str) -> None:
    loopback.say("aggregator", Reply(status=500))
    model = worn(loopback, proposers=["m0"])

    said = model.invoke("Hi", stop=[" of"]) if way == "invoke" else whole(list(model.stream("Hi", stop=[" of"])))

    assert said.text == "answer"
    assert "word for word" in said.response_metadata["moa"]["degraded"]


async def test_streaming_can_be_turned_off(loopback: Loopback) -> None:
    model = worn(loopback).model_copy(update={"disable_streaming": True})

    assert [chunk.text async for chunk in model.astream("Hi")] == ["answer of aggregator"]
    assert [chunk.text for chunk in await asyncio.to_thread(lambda: list(model.stream("Hi")))] == [
        "answer of aggregator"
    ]


@pytest.mark.parametrize(
    ("said", "stop", "expected"),
    [
        ("answer END more words", ["END"], "answer "),
        ("a b c d e f", ["c d"], "a b "),
        ("nothing ends it", ["X"], "nothing ends it"),
        ("ends on EN", ["END"], "ends on EN"),
    ],
)
async def test_a_stop_ends_a_stream_where_it_ends_the_answer(said: str, stop: list[str], expected: str) -> None:
    moa = create_moa(proposers=["offline:words"], aggregator=ScriptedModel(script=said))

    streamed = whole([chunk async for chunk in ChatMoA(moa).astream("Hi", stop=stop)])

    assert streamed.text == (await ChatMoA(moa).ainvoke("Hi", stop=stop)).text == expected


async def test_an_abandoned_beginning_does_not_pass_for_the_answer(loopback: Loopback) -> None:
    loopback.say("m0", "42")
    loopback.say("aggregator", Reply("42 but then", broken="reset_mid_stream"))

    streamed = whole([chunk async for chunk in worn(loopback, proposers=["m0"]).astream("Hi")])

    assert streamed.text == f"42 {VOID}42"
