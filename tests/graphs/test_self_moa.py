"""One model, sampled: read at once, window by window, or voted on."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    Aggregator,
    Proposer,
    Quorum,
    Rank,
    Vote,
    create_self_moa,
    create_self_moa_seq,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION, references_in, user
from running import THREAD


def folding(fails: int | None = None) -> tuple[Any, Any]:
    fresh, best = Counter[str](), Counter[str]()

    def say(messages: Any) -> str:
        fresh["n"] += 1
        return f"fresh {fresh['n']}"

    def join(messages: Any) -> str:
        best["n"] += 1
        if best["n"] == fails:
            raise ValueError("down")
        return f"best {best['n']}"

    return says(say, "anna"), says(join, "joiner")


def test_each_window_holds_what_came_of_the_one_before() -> None:
    model, joiner = folding()

    result = create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner).invoke(QUESTION)

    # Which sample comes first is a race; which window it is read in is not.
    assert [sorted(references_in(messages[-1].text)) for messages in joiner.asked] == [
        ["fresh 1", "fresh 2", "fresh 3"],
        ["best 1", "fresh 4", "fresh 5"],
        ["best 2", "fresh 6", "fresh 7"],
        ["best 3", "fresh 8"],
    ]
    assert result["messages"][-1].text == "best 4"
    assert all(references_in(messages[-1].text) == [] for messages in model.asked)


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_where_a_window_fails_the_next_ones_go_on(fails: int) -> None:
    model, joiner = folding(fails)

    result = create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner).invoke(QUESTION)

    assert result["messages"][-1].text == "best 4"
    why = "the one before stands for it: error (ValueError: down)"
    lost = f"1 of {3 if fails < 3 else 2} proposals of layer {fails + 1} are missing (best: {why})"
    assert lost in result["run"]["degraded"]


def test_where_a_window_fails_what_came_of_the_ones_before_is_kept() -> None:
    model, joiner = folding(2)

    create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner).invoke(QUESTION)

    assert "best 1" in references_in(joiner.asked[2][-1].text)


async def test_a_run_that_was_killed_asks_for_no_window_twice(loopback: Loopback) -> None:
    hung = Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        if "<reference-" in json.dumps(body):
            hung["m"] += 1
            return Reply(broken="hang") if hung["m"] == 2 else Reply(f"best {hung['m']}")
        return Reply("fresh")

    loopback.say("m", script)
    saver = InMemorySaver()

    def moa() -> Any:
        resolve = loopback.resolve
        return create_self_moa_seq(model="m", samples=8, window=3, resolve=resolve, checkpointer=saver)

    run = asyncio.create_task(moa().ainvoke(QUESTION, THREAD, durability="sync"))
    await asyncio.to_thread(loopback.wait_until, lambda: len(loopback.billed) == 4 and hung["m"] == 2)
    async with asyncio.timeout(60):
        while True:  # what a node returned is kept a little after its request was answered
            found = await saver.aget_tuple(THREAD)
            if found and [channel for _, channel, _ in found.pending_writes or []].count("proposals") == 1:
                break
            await asyncio.sleep(0.02)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    result = await moa().ainvoke(None, THREAD)

    asked = Counter((r.n, tuple(references_in(r.messages[-1]["content"]))) for r in loopback.requests)
    assert asked == {
        (3, ()): 1,
        (2, ()): 2,
        (1, ()): 1,
        (1, ("fresh", "fresh", "fresh")): 1,
        (1, ("best 1", "fresh", "fresh")): 2,
        (1, ("best 3", "fresh", "fresh")): 1,
        (1, ("best 4", "fresh")): 1,
    }
    assert result["run"]["degraded"] is None


def test_a_model_that_is_called_best_is_sampled_too() -> None:
    moa = create_self_moa_seq(model=Proposer("offline:words", name="best"), samples=4, window=2)

    assert moa.invoke(user("What is 6 * 7?"))["run"]["degraded"] is None


def test_who_aggregates_may_have_settings() -> None:
    last = says("joined", "last")

    result = create_self_moa_seq(
        model=says("fresh", "anna"), samples=5, window=3, aggregator=Aggregator(last, system_prompt="Join.")
    ).invoke(QUESTION)

    assert result["messages"][-1].text == "joined"
    assert [messages[0].text for messages in last.asked] == ["Join."] * len(last.asked)


def test_self_moa_may_be_voted_on_and_ranked() -> None:
    voted = create_self_moa(model=says("Final answer: 12", "anna"), aggregator=Vote()).invoke(QUESTION)
    ranked = create_self_moa(
        model=says("x", "anna"), aggregator=Rank(says('{"best": [1]}', "judge")), samples=2
    ).invoke(QUESTION)

    assert voted["messages"][-1].text == "Final answer: 12"
    assert ranked["messages"][-1].text == "x"


def test_no_quorum_cuts_who_carries_the_best() -> None:
    def slow(messages: Any) -> str:
        return "best" if references_in(messages[-1].text) else "fresh"

    model = ScriptedModel(script=slow, name_of_model="m")
    joiner = ScriptedModel(script="best", name_of_model="joiner", delay=0.3)

    result = create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner, quorum=Quorum(1)).invoke(QUESTION)

    assert {p["status"] for p in result["proposals"] if p["proposer"] == "best"} == {"ok"}
