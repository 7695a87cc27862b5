"""What a run streams: the answer's tokens only, and events that tell what happens."""

from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import (
    create_moa,
)
from panels import agent, says
from reading import QUESTION


async def streamed(moa: Any, mode: str) -> list[Any]:
    return [part async for part in moa.astream(QUESTION, stream_mode=mode)]


async def test_only_the_aggregators_tokens_are_streamed() -> None:
    inner = agent(AIMessage("thinking"), AIMessage("from an agent"))
    chain = RunnableLambda(lambda m: m) | says("from a chain")
    moa = create_moa(proposers=[says("from a model"), chain, inner], aggregator=says("one two three"))

    parts = await streamed(moa, "messages")

    assert [chunk.text for chunk, _ in parts if chunk.text] == ["one", " two", " three"]
    assert {meta["moa_role"] for _, meta in parts} == {"aggregator"}
    assert {meta["moa_layer"] for _, meta in parts} == {2}


async def test_proposals_stream_when_asked_for() -> None:
    moa = create_moa(proposers=[says("a b"), says("c d")], aggregator=says("e f"), stream_proposals=True)

    parts = await streamed(moa, "messages")

    seen = {(meta["moa_role"], meta["moa_layer"], meta.get("moa_proposer")) for _, meta in parts}
    assert seen == {("proposer", 1, "scripted"), ("proposer", 1, "scripted-2"), ("aggregator", 2, None)}


async def test_events_tell_what_happens() -> None:
    moa = create_moa(proposers=[says("a", name="one"), says(ValueError("no"), name="two")], aggregator=says("e"))

    events = await streamed(moa, "custom")

    assert [e["moa"] for e in events] == ["layer", "proposal", "proposal", "verdict", "aggregating"]
    assert events[0]["proposers"] == ["one", "two"]
    told = {e["proposer"]: e for e in events if e["moa"] == "proposal"}
    assert (told["one"]["status"], told["two"]["status"]) == ("ok", "error")
    assert told["two"]["error"] == "ValueError: no"
    assert told["one"]["seconds"] >= 0
    assert (events[3]["usable"], events[3]["asked"]) == (1, 2)


async def test_a_stragglers_layer_is_announced_before_it_is_done() -> None:
    moa = create_moa(proposers=[says("a"), says("b", delay=0.05)], aggregator=says("e"), layers=3)

    events = await streamed(moa, "custom")

    assert [e["layer"] for e in events if e["moa"] == "layer"] == [1, 2]
    assert events[0]["moa"] == "layer"
