"""Samples of one model are one request where its server goes along, and each its own where it does not."""

import asyncio
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    Price,
)
from langgraph_moa.core.models.openai_transport import shared_async_client, shared_sync_client
from loopback import Loopback, Reply
from pydantic import SecretStr
from reading import QUESTION, references_in, user
from running import THREAD
from sampling import asked_for, bill_of, counted, counting, mixture


def own(server: Loopback, **options: Any) -> ChatOpenAI:
    """Build a model as a user would."""
    clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
    return ChatOpenAI(model="m", api_key=SecretStr("k"), base_url=server.url, **{**clients, **options})


@pytest.mark.parametrize("api", ["async", "sync", "astream", "stream"])
async def test_all_samples_are_one_request(loopback: Loopback, api: str) -> None:
    counting(loopback)
    moa = mixture(loopback)

    async def streamed() -> Any:
        return [state async for state in moa.astream(QUESTION, stream_mode="values")][-1]

    apis: dict[str, Any] = {
        "async": lambda: moa.ainvoke(QUESTION),
        "sync": lambda: asyncio.to_thread(moa.invoke, QUESTION),
        "astream": streamed,
        "stream": lambda: asyncio.to_thread(lambda: list(moa.stream(QUESTION, stream_mode="values"))[-1]),
    }
    result = await apis[api]()

    assert asked_for(loopback) == [4]
    texts = [f"m says {n}" for n in range(1, 5)]
    assert [(p["proposer"], p["text"], p["status"]) for p in result["proposals"]] == [
        (f"m/{n}", text, "ok") for n, text in enumerate(texts, 1)
    ]
    (last,) = loopback.asked("last")
    assert references_in(last.messages[-1]["content"]) == texts
    assert result["run"]["calls"] == 2
    assert result["run"]["degraded"] is None


async def test_only_the_answer_is_streamed(loopback: Loopback) -> None:
    counting(loopback)
    said = [message async for message, _ in mixture(loopback, layers=3).astream(QUESTION, stream_mode="messages")]

    assert "".join(message.text for message in said) == "answer of last"


async def test_they_are_paid_for_once(loopback: Loopback) -> None:
    counting(loopback)
    prices = {"m": Price(input=1_000_000, output=1_000_000), "last": Price()}

    result = await mixture(loopback, prices=prices, layers=3).ainvoke(QUESTION)

    assert asked_for(loopback) == [4, 4]
    assert counted(result["run"]) == bill_of(loopback)
    billed = sum(usage["total_tokens"] for usage in loopback.billed[:2])
    assert result["run"]["usd"] == billed
    assert result["run"]["calls"] == len(loopback.requests) == 3
    assert [p["calls"] for p in result["proposals"]] == [1, 0, 0, 0] * 2
    assert [p["usd"] is not None for p in result["proposals"]] == [True] * 8
    assert [p["usage"] is None for p in result["proposals"]] == [False, True, True, True] * 2


async def test_it_is_told_who_served_each_of_them(loopback: Loopback) -> None:
    counting(loopback, served="m-2026-01-01")
    result = await mixture(loopback, prices={"m-2026-01-01": Price(input=1.0), "last": Price()}).ainvoke(QUESTION)

    assert {(p["proposer"], p["served_model"]) for p in result["proposals"]} == {
        (f"m/{n}", "m-2026-01-01") for n in range(1, 5)
    }
    assert result["run"]["usd"] is not None


async def test_the_cache_keeps_each_of_them(loopback: Loopback) -> None:
    counting(loopback)
    cache: Any = InMemoryCache()

    few = await mixture(loopback, cache=cache, samples=2).ainvoke(QUESTION)
    many = await mixture(loopback, cache=cache, samples=5).ainvoke(QUESTION)
    again = await mixture(loopback, cache=cache, samples=5).ainvoke(QUESTION)

    assert asked_for(loopback) == [2, 3]
    assert [p["text"] for p in many["proposals"][:2]] == [p["text"] for p in few["proposals"]]
    assert [p["text"] for p in again["proposals"]] == [p["text"] for p in many["proposals"]]
    assert [p["cached"] for p in many["proposals"]] == [True, True, False, False, False]
    assert [p["cached"] for p in again["proposals"]] == [True] * 5
    assert [r["run"]["calls"] for r in (few, many, again)] == [2, 2, 1]
    assert len({p["text"] for p in many["proposals"]}) == 5


async def test_the_cache_keeps_whole_answers_only(loopback: Loopback) -> None:
    cache: Any = InMemoryCache()
    half, empty = Reply("half a", finish_reason="length"), Reply("")
    loopback.say("m", Reply(choices=[half, Reply("fine"), empty]))
    await mixture(loopback, cache=cache, samples=3).ainvoke(QUESTION)
    counting(loopback)

    result = await mixture(loopback, cache=cache, samples=3).ainvoke(QUESTION)

    assert asked_for(loopback) == [3, 2]
    assert [(p["text"], p["cached"]) for p in result["proposals"]] == [
        ("m says 1", False),
        ("fine", True),
        ("m says 2", False),
    ]


async def test_streamed_proposals_are_asked_for_one_at_a_time(loopback: Loopback) -> None:
    counting(loopback)

    result = await mixture(loopback, stream_proposals=True).ainvoke(QUESTION)

    assert asked_for(loopback) == [1] * 4
    assert "layer_1/m/4" in mixture(loopback, stream_proposals=True).nodes
    assert len({p["text"] for p in result["proposals"]}) == 4


OWN: dict[str, tuple[Any, list[int]]] = {
    "as it is": (lambda server: own(server), [4]),
    "streaming": (lambda server: own(server, streaming=True), [4]),
    "bound": (lambda server: own(server).bind(stop=["END"]), [4]),
    "named": (lambda server: own(server).with_config(run_name="x"), [4]),
    "one choice": (lambda server: own(server, n=1), [1] * 4),
    "bound to one": (lambda server: own(server).bind(n=1), [1] * 4),
    "several already": (lambda server: own(server, n=2), [2] * 4),
    "bound to several": (lambda server: own(server).bind(n=2), [2] * 4),
    "with retries": (lambda server: own(server).with_retry(), [1] * 4),
    "with fallbacks": (lambda server: own(server).with_fallbacks([own(server)]), [1] * 4),
    "a chain": (lambda server: own(server) | (lambda message: message), [1] * 4),
}


@pytest.mark.parametrize("kind", OWN)
async def test_a_users_own_model_is_asked_as_it_was_set(loopback: Loopback, kind: str) -> None:
    build, expected = OWN[kind]
    counting(loopback)

    result = await mixture(loopback, proposers=[build(loopback)]).ainvoke(QUESTION)

    assert asked_for(loopback) == expected
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
    assert [bool(r.body.get("stream")) for r in loopback.asked("m")] == [False] * len(expected)
    if kind == "bound":
        assert loopback.asked("m")[0].body["stop"] == ["END"]


RESPONSES: dict[str, Any] = {
    "reasoning": lambda server: own(server, reasoning={"effort": "low"}),
    "asked for": lambda server: own(server, use_responses_api=True),
    "version": lambda server: own(server, output_version="responses/v1"),
    "bound reasoning": lambda server: own(server).bind(reasoning={"effort": "low"}),
    "its own tool": lambda server: own(server).bind_tools([{"type": "web_search"}]),
}


@pytest.mark.parametrize("kind", RESPONSES)
async def test_the_responses_api_knows_no_n(loopback: Loopback, kind: str) -> None:
    moa = mixture(loopback, proposers=[RESPONSES[kind](loopback), "other"], samples=2)

    result = await moa.ainvoke(QUESTION)

    # The loopback server has no such API: what counts is that each sample was asked for, and none with `n`.
    found = [p for p in result["proposals"] if p["model"] == "m"]
    assert [(p["status"], p["calls"]) for p in found] == [("error", 1)] * 2
    assert "404" in found[0]["error"]


async def test_samples_in_other_mixtures_of_the_same_model_are_not_taken_for_another(loopback: Loopback) -> None:
    """What a server does is remembered of a proposer, and not of its name."""
    loopback.refuses_n = 400
    await mixture(loopback).ainvoke(QUESTION)
    loopback.refuses_n = None
    loopback.requests.clear()

    await mixture(loopback).ainvoke(QUESTION)

    assert asked_for(loopback) == [4]


async def test_the_same_model_twice_makes_a_request_each(loopback: Loopback) -> None:
    counting(loopback)

    result = await mixture(loopback, proposers=["m", "m"], samples=2).ainvoke(QUESTION)

    assert asked_for(loopback) == [2, 2]
    assert [p["proposer"] for p in result["proposals"]] == ["m/1", "m/2", "m-2/1", "m-2/2"]
    assert len({p["text"] for p in result["proposals"]}) == 4


async def test_a_conversation_with_tools_is_told_to_all_of_them(loopback: Loopback) -> None:
    call = {"id": "c", "name": "look", "args": {"at": "map"}}
    conversation: Any = [("user", "Where?"), {"role": "assistant", "content": "", "tool_calls": [call]}]
    conversation.append({"role": "tool", "content": "Lima", "tool_call_id": "c"})

    result = await mixture(loopback).ainvoke({"messages": conversation})

    assert asked_for(loopback) == [4]
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
    assert "Lima" in loopback.asked("m")[0].prompt
    assert {m["role"] for m in loopback.asked("m")[0].messages} == {"user", "assistant"}


async def test_two_turns_on_one_thread(loopback: Loopback) -> None:
    counting(loopback)
    moa = mixture(loopback, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)

    result = await moa.ainvoke(user("And then?"), THREAD)

    assert asked_for(loopback) == [4, 4]
    assert [p["text"] for p in result["proposals"]] == [f"m says {n}" for n in range(5, 9)]
