"""Enough answers end a layer; the rest are cut, and their requests closed."""

import asyncio
from functools import partial
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import Budget, Quorum, create_moa
from langgraph_moa.core.bounds.quorum import Cutoff
from loopback import Loopback, Reply
from reading import QUESTION, question_in, references_in, user
from running import APIS, THREAD, run

SIX = [f"m{n}" for n in range(6)]


def mixture(server: Loopback, quorum: Quorum | None, **options: Any) -> Any:
    resolve = server.resolve
    return create_moa(proposers=SIX, aggregator="aggregator", resolve=resolve, quorum=quorum, **options)


@pytest.mark.parametrize("checkpointed", [False, True])
@APIS
async def test_the_rest_are_cut_and_their_requests_closed(loopback: Loopback, api: str, checkpointed: bool) -> None:
    for name in ("m1", "m4"):
        loopback.say(name, Reply(broken="hang"))
    moa = mixture(loopback, Quorum(4), layers=3, checkpointer=InMemorySaver() if checkpointed else None)

    result = await run(moa, api, QUESTION, THREAD)

    for layer in (1, 2):
        statuses = [p["status"] for p in result["proposals"] if p["layer"] == layer]
        assert statuses == ["ok", "cancelled", "ok", "ok", "cancelled", "ok"]
    assert result["proposals"][1]["error"] == "cut 0 s after 4 proposals of the layer were usable"
    for request in (*loopback.asked("m1"), *loopback.asked("m4")):
        assert await request.closed()
    (last,) = loopback.asked("aggregator")
    assert references_in(last.messages[-1]["content"]) == [f"answer of m{n}" for n in (0, 2, 3, 5)]
    assert result["run"]["degraded"] is None
    assert result["run"]["usd"] is None


async def test_grace_lets_the_rest_finish(loopback: Loopback) -> None:
    loopback.say("m5", Reply("late", delay=0.3))

    result = await mixture(loopback, Quorum(5, grace_s=30)).ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 6


async def test_failures_do_not_count(loopback: Loopback) -> None:
    for name in ("m0", "m1"):
        loopback.say(name, Reply(status=500))
    loopback.say("m2", Reply("slow but needed", delay=0.3))

    result = await mixture(loopback, Quorum(4)).ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["error", "error", "ok", "ok", "ok", "ok"]


@APIS
async def test_all_may_finish_in_the_same_instant(api: str) -> None:
    gate: list[asyncio.Barrier] = []

    async def together(messages: Any) -> str:
        if not gate:
            gate.append(asyncio.Barrier(6))
        await gate[0].wait()
        return "now"

    moa = create_moa(proposers=[RunnableLambda(together)] * 6, aggregator="offline:words", quorum=Quorum(3))

    result = await run(moa, api, QUESTION)

    statuses = [p["status"] for p in result["proposals"]]
    assert set(statuses) <= {"ok", "cancelled"}
    assert statuses.count("ok") >= 3


async def test_a_layer_that_queues_asks_nobody_after_its_quorum() -> None:
    asked = []

    async def answer(messages: Any, number: int) -> str:
        asked.append(number)
        await asyncio.sleep(0)
        return "yes"

    proposers: list[Any] = [RunnableLambda(partial(answer, number=n)) for n in range(6)]
    moa = create_moa(proposers=proposers, aggregator="offline:words", quorum=Quorum(2))

    result = await moa.ainvoke(QUESTION, {"max_concurrency": 1})

    assert asked == [0, 1]
    cancelled = [p for p in result["proposals"] if p["status"] == "cancelled"]
    assert [(p["calls"], p["usd"]) for p in cancelled] == [(0, 0.0)] * 4


@pytest.mark.parametrize("runs_at_once", [40, pytest.param(200, marks=pytest.mark.soak)])
async def test_many_runs_at_once_do_not_mix(runs_at_once: int) -> None:
    """Each run's first two proposers answer, the others wait for ever: any mixing would cut or keep the wrong ones."""
    never = asyncio.Event()

    async def wait(messages: Any) -> str:
        await never.wait()
        return "never"

    async def answer(messages: Any) -> str:
        number = question_in(messages[0].text)
        await asyncio.sleep(0.001 * (int(number) % 7))
        return f"answer to {number}"

    moa = create_moa(
        proposers=[RunnableLambda(answer), RunnableLambda(answer), RunnableLambda(wait), RunnableLambda(wait)],
        aggregator="offline:words",
        quorum=Quorum(2),
        layers=3,
    )
    parent = StateGraph(MessagesState).add_node("moa", moa).add_edge(START, "moa").compile()

    numbers = range(runs_at_once // 2)
    runs = await asyncio.gather(
        *(moa.ainvoke(user(str(n))) for n in numbers), *(parent.ainvoke(user(str(n))) for n in numbers)
    )

    for number, result in zip(numbers, runs, strict=False):
        layer = [p for p in result["proposals"] if p["layer"] == 1]
        assert [p["text"] for p in layer] == [f"answer to {number}", f"answer to {number}", "", ""]
        assert [p["status"] for p in layer] == ["ok", "ok", "cancelled", "cancelled"]
    assert all(len(result["messages"]) == 2 for result in runs)


async def test_a_layer_made_again_from_the_same_checkpoint_runs_its_own_race(loopback: Loopback) -> None:
    loopback.say("m5", Reply(broken="hang"))
    moa = mixture(loopback, Quorum(5), checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    before = [state async for state in moa.aget_state_history(THREAD)][-2]
    loopback.requests.clear()

    again = await moa.ainvoke(None, before.config)

    assert [p["status"] for p in again["proposals"]] == ["ok"] * 5 + ["cancelled"]
    assert len(loopback.requests) == 7


async def test_a_call_that_is_over_cannot_be_cut() -> None:
    async with Cutoff() as cut:
        pass

    cut.by(asyncio.get_running_loop().time(), "quorum", "too late")

    assert (cut.why, cut.happened) == (None, False)


async def test_a_quorums_grace_does_not_put_the_deadline_off(loopback: Loopback) -> None:
    loopback.say("m5", Reply(broken="hang"))

    result = await mixture(loopback, Quorum(5, grace_s=30), budget=Budget(seconds=2)).ainvoke(QUESTION)

    assert result["proposals"][5]["status"] == "timeout"


async def test_a_run_made_again_from_the_same_checkpoint_is_a_race_of_its_own(loopback: Loopback) -> None:
    moa = mixture(loopback, Quorum(6), checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    (start,) = [s async for s in moa.aget_state_history(THREAD) if s.next and s.next[0].startswith("layer_1/")]

    results = await asyncio.gather(*(moa.ainvoke(None, start.config) for _ in range(5)))

    for result in results:
        assert [p["status"] for p in result["proposals"]] == ["ok"] * 6
