"""Runs that somebody gives up, takes back, or asks for twice, and what Agent Chat UI sends, on LangGraph's server."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from devserver import DevServer
from langgraph_sdk import get_client
from loopback import Loopback, Reply

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]
PROPOSERS = ("a", "b", "c")
FIRST, SECOND = "Which was first?", "And which was second?"


def asked(text: str) -> Any:
    return {"messages": [{"role": "user", "content": text}]}


def context(loopback: Loopback) -> Any:
    return {"proposers": list(PROPOSERS), "aggregator": "last", "layers": 2, "base_url": loopback.url}


def texts(state: Any) -> list[str]:
    return [message["content"] for message in state["messages"]]


def hang_once(loopback: Loopback, model: str) -> None:
    """Let a model hang the first time that it is asked."""
    calls: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        calls[model] += 1
        return Reply(broken="hang") if calls[model] == 1 else Reply(f"answer of {model}")

    loopback.say(model, script)


async def under_way(client: Any, loopback: Loopback, thread: str) -> Any:
    """Begin a run whose proposer `b` hangs, and return it when all three were asked."""
    hang_once(loopback, "b")
    run = await client.runs.create(thread, "moa", input=asked(FIRST), context=context(loopback), durability="sync")
    await asyncio.to_thread(loopback.wait_until, lambda: {r.model for r in loopback.requests} >= set(PROPOSERS))
    return run


async def new_thread(client: Any) -> str:
    return str((await client.threads.create(graph_id="moa"))["thread_id"])


async def test_a_client_that_goes_away_closes_the_proposers_requests(
    client: Any, server: DevServer, loopback: Loopback
) -> None:
    for model in PROPOSERS:
        loopback.say(model, Reply(broken="hang"))
    thread = await new_thread(client)
    async with get_client(url=server.url) as leaving:
        stream: Any = leaving.runs.stream(
            thread, "moa", input=asked(FIRST), context=context(loopback), on_disconnect="cancel"
        )
        await anext(stream)
        await asyncio.to_thread(loopback.wait_until, lambda: len(loopback.requests) == 3)
        await stream.aclose()

    assert all([await request.closed() for request in loopback.requests])
    assert len(loopback.requests) == 3


async def test_a_run_that_is_cancelled_closes_its_requests_and_leaves_its_thread_whole(
    client: Any, loopback: Loopback
) -> None:
    thread = await new_thread(client)
    run = await under_way(client, loopback, thread)

    await client.runs.cancel(thread, run["run_id"], wait=True)

    (hanging,) = loopback.asked("b")
    assert await hanging.closed()
    done = await client.runs.wait(thread, "moa", input=None, context=context(loopback))
    assert texts(done) == [FIRST, "answer of last"]
    assert Counter(r.model for r in loopback.requests) == {"a": 1, "b": 2, "c": 1, "last": 1}


STRATEGIES: dict[str, tuple[Callable[[list[str]], bool], dict[str, int]]] = {
    "interrupt": (lambda said: said == [FIRST, SECOND, "answer of last"], {"a": 2, "b": 2, "c": 2, "last": 1}),
    "rollback": (lambda said: said == [SECOND, "answer of last"], {"a": 2, "b": 2, "c": 2, "last": 1}),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_second_question_ends_the_first_run_and_is_answered(
    client: Any, loopback: Loopback, strategy: Any
) -> None:
    thread = await new_thread(client)
    await under_way(client, loopback, thread)

    done = await client.runs.wait(
        thread, "moa", input=asked(SECOND), context=context(loopback), multitask_strategy=strategy
    )

    is_right, calls = STRATEGIES[strategy]
    assert is_right(texts(done)), texts(done)
    assert Counter(r.model for r in loopback.requests) == calls
    assert await loopback.asked("b")[0].closed()
    assert (await client.threads.get_state(thread))["values"]["run"]["stopped"] == "completed"


async def test_a_second_question_is_refused_or_waits(client: Any, loopback: Loopback) -> None:
    thread = await new_thread(client)
    run = await under_way(client, loopback, thread)

    with pytest.raises(Exception, match="already running"):
        await client.runs.create(
            thread, "moa", input=asked(SECOND), context=context(loopback), multitask_strategy="reject"
        )
    waiting = await client.runs.create(
        thread, "moa", input=asked(SECOND), context=context(loopback), multitask_strategy="enqueue"
    )
    await client.runs.cancel(thread, run["run_id"], wait=True)
    await client.runs.join(thread, waiting["run_id"])

    assert texts((await client.threads.get_state(thread))["values"]) == [FIRST, SECOND, "answer of last"]


async def test_agent_chat_ui_shows_one_answer_and_writes_it_anew(client: Any, loopback: Loopback) -> None:
    """What its source sends (langchain-ai/agent-chat-ui, and `useStream` of LangGraph's JS SDK)."""
    thread = (await client.http.post("/threads", json={}))["thread_id"]
    human = {"id": "h1", "type": "human", "content": [{"type": "text", "text": FIRST}]}
    sent = {
        "assistant_id": "moa",
        "context": context(loopback),
        "stream_mode": ["values", "messages-tuple", "custom"],
        "stream_subgraphs": True,
        "stream_resumable": True,
        "on_disconnect": "continue",
    }

    async def stream(given: Any) -> list[Any]:
        return [part async for part in client.http.stream(f"/threads/{thread}/runs/stream", "POST", json=given)]

    parts = await stream({**sent, "input": {"messages": [human]}})
    history = await client.http.post(f"/threads/{thread}/history", json={"limit": 10})
    (before,) = [state["parent_checkpoint"] for state in history if len(state["values"]["messages"]) == 2]
    again = await stream({**sent, "input": None, "checkpoint": before})
    found = await client.http.post("/threads/search", json={"metadata": {"graph_id": "moa"}, "limit": 100})

    for streamed in (parts, again):
        chunks = [part.data[0] for part in streamed if part.event == "messages"]
        (shown,) = [m for m in streamed[-1].data["messages"] if m["type"] == "ai"]
        assert {chunk["id"] for chunk in chunks} == {shown["id"]}, "with two ids it would be shown twice"
        assert "".join(chunk["content"] for chunk in chunks) == shown["content"] == "answer of last"
    assert [part.data["moa"] for part in parts if part.event == "custom"][-1] == "aggregating"
    assert Counter(r.model for r in loopback.requests) == {"a": 1, "b": 1, "c": 1, "last": 2}
    assert thread in {one["thread_id"] for one in found}
