"""Aggregators are tried in order, and what one of them began is told apart."""

from typing import Any

import pytest
from langgraph_moa import Aggregator, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from mixtures import chain_of
from reading import QUESTION


@pytest.mark.parametrize("broken", ["reset", "reset_mid_stream", "hang"])
async def test_a_broken_aggregator_costs_no_proposal(loopback: Loopback, broken: str) -> None:
    loopback.say("aggregator", Reply("some words that never end", broken=broken))
    moa = chain_of(loopback, "aggregator", timeout=1 if broken == "hang" else 30)

    state: Any = {}
    async for mode, part in moa.astream(QUESTION, stream_mode=["values", "messages"]):
        state = part if mode == "values" else state

    assert state["messages"][-1].text == "answer of m0"
    assert "aggregator" in state["run"]["degraded"]


async def streamed(moa: Any) -> tuple[dict[str, str], list[dict[str, Any]], dict[str, Any]]:
    """Return the streamed texts by message id, the events and the final state."""
    texts: dict[str, str] = {}
    events: list[dict[str, Any]] = []
    state: dict[str, Any] = {}
    async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "custom", "values"]):
        if mode == "messages":
            texts[part[0].id] = texts.get(part[0].id, "") + part[0].text
        elif mode == "custom":
            events.append(part)
        else:
            state = part
    return texts, events, state


WAYS: dict[str, tuple[Reply, str]] = {
    "unauthorized": (Reply(status=401), "error"),
    "rate limit": (Reply(status=429), "rate_limited"),
    "hang": (Reply(broken="hang"), "timeout"),
    "empty": (Reply(""), "empty"),
    "content filter": (Reply("", finish_reason="content_filter"), "refused"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_before_its_first_token_a_failing_aggregator_is_replaced_silently(loopback: Loopback, way: str) -> None:
    reply, status = WAYS[way]
    loopback.say("first", reply)

    texts, events, state = await streamed(chain_of(loopback, Aggregator("first", timeout=0.5), "second"))

    assert [text for text in texts.values() if text] == ["answer of second"]
    assert [e["aggregator"] for e in events if e["moa"] == "aggregating"] == ["first", "second"]
    assert [e for e in events if e["moa"] == "abandoned"] == []
    assert [call["status"] for call in state["run"]["aggregators"]] == [status, "ok"]
    assert [m.text for m in state["messages"]] == ["Which?", "answer of second"]
    assert state["run"]["degraded"].startswith(f"aggregator first: {status} (")
    assert state["run"]["calls"] == 4


@pytest.mark.parametrize("broken", ["reset_mid_stream", "slow"])
async def test_after_tokens_went_out_the_attempt_is_told_apart_and_abandoned(loopback: Loopback, broken: str) -> None:
    half = Reply("half of an answer", broken=broken) if broken != "slow" else Reply("half of it", chunk_delay=1.0)
    loopback.say("first", half)

    texts, events, state = await streamed(chain_of(loopback, Aggregator("first", timeout=1.5), "second"))

    (abandoned,) = [e for e in events if e["moa"] == "abandoned"]
    assert (abandoned["aggregator"], len(abandoned["message_ids"])) == ("first", 1)
    given_up = abandoned["message_ids"][0]
    assert texts[given_up].startswith("half")
    assert [text for key, text in texts.items() if key != given_up] == ["answer of second"]
    assert state["messages"][-1].id != given_up
    assert [m.text for m in state["messages"]] == ["Which?", "answer of second"]


async def test_streamed_tokens_carry_their_aggregators_name(loopback: Loopback) -> None:
    loopback.say("first", Reply(status=401))

    parts = [part async for part in chain_of(loopback, "first", "second").astream(QUESTION, stream_mode="messages")]

    assert {meta["moa_aggregator"] for message, meta in parts if message.text} == {"second"}


def test_aggregators_of_one_kind_get_names_of_their_own() -> None:
    failing = ScriptedModel(script=ValueError("x"))

    result = create_moa(proposers=[ScriptedModel(script="p")], aggregator=[failing, failing]).invoke(QUESTION)

    assert "aggregator scripted: error" in result["run"]["degraded"]
    assert "aggregator scripted-2: error" in result["run"]["degraded"]
