"""What was compared stays so where a run goes on: after a crash, a person, another question."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from comparing import DIFFER, NAMES, OPEN, panel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import Budget, report
from loopback import Loopback, Reply
from reading import QUESTION, references_in, user
from running import THREAD


def told(server: Loopback) -> str:
    return "".join(references_in(server.asked("last")[-1].messages[-1]["content"], "analysis"))


async def test_it_is_not_asked_again_where_the_run_broke_off_after_it(loopback: Loopback) -> None:
    saver, hung = InMemorySaver(), Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        hung["last"] += 1
        return Reply(broken="hang") if hung["last"] == 1 else Reply("the answer")

    loopback.say("last", script)
    moa = panel(loopback, DIFFER, checkpointer=saver)
    run = asyncio.create_task(moa.ainvoke(QUESTION, THREAD, durability="sync"))
    await asyncio.to_thread(loopback.wait_until, lambda: hung["last"] == 1)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    result = await panel(loopback, DIFFER, checkpointer=saver).ainvoke(None, THREAD)

    assert len(loopback.asked("analyst")) == 1
    assert "a caveat (1)" in told(loopback)
    assert (result["run"]["calls"], result["run"]["degraded"]) == (len(NAMES) + 2, None)


async def test_its_call_is_closed_where_the_run_is_cancelled(loopback: Loopback) -> None:
    loopback.say("analyst", Reply(broken="hang"))
    run = asyncio.create_task(panel(loopback).ainvoke(QUESTION))
    await asyncio.to_thread(loopback.wait_for, "analyst")

    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    assert await loopback.asked("analyst")[0].closed()
    assert loopback.asked("last") == []


@pytest.mark.parametrize(
    ("decision", "shown", "hidden"),
    [
        ({"proposer": "anna", "action": "drop"}, ["how many (2: many; 1: few)", "the reasons (1, 2)"], ["caveat"]),
        (
            {"proposer": "carl", "action": "edit", "text": "carl says something else"},
            ["how many (1: many; 2: few)", "the reasons (2)", "a caveat (1)"],
            ["another answer"],
        ),
    ],
)
async def test_a_person_sees_it_and_what_they_change_is_no_longer_said_to_differ(
    loopback: Loopback, decision: dict[str, str], shown: list[str], hidden: list[str]
) -> None:
    moa = panel(loopback, DIFFER, review=True, checkpointer=InMemorySaver())
    waiting = await moa.ainvoke(QUESTION, THREAD)

    assert waiting["__interrupt__"][0].value["disagreement"]["blind_spots"] == ["the price"]
    result = await moa.ainvoke(Command(resume={"decisions": [decision]}), THREAD)

    assert decision["proposer"] not in json.dumps(result["disagreement"])
    assert not [words for words in hidden if words in told(loopback)]
    assert [words for words in shown if words in told(loopback)] == shown
    assert len(loopback.asked("analyst")) == 1


async def test_where_less_than_two_are_left_as_they_were_nothing_is_said_to_differ(loopback: Loopback) -> None:
    moa = panel(loopback, DIFFER, review=True, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    changes = [
        {"proposer": "anna", "action": "drop"},
        {"proposer": "bert", "action": "edit", "text": "bert says something else"},
    ]

    result = await moa.ainvoke(Command(resume={"decisions": changes}), THREAD)

    assert result["disagreement"] is None
    assert "a caveat" not in report(result, moa)


async def test_a_page_tells_what_still_holds_of_texts_that_somebody_changed_in_the_state(loopback: Loopback) -> None:
    result = await panel(loopback, DIFFER).ainvoke(QUESTION)
    edited = [{**p, "text": "else"} if p["proposer"] == "anna" else p for p in result["proposals"]]

    before, after = report(result), report({**result, "proposals": edited})
    assert after.count("a caveat") == before.count("a caveat") - 1  # the prompt held it, and is told as it was


async def test_who_is_sent_back_is_compared_again_and_all_of_it_counts(loopback: Loopback) -> None:
    asked = Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        asked["bert"] += 1
        return Reply(f"{OPEN.format(name='bert')}, for the {asked['bert']}. time")

    loopback.say("bert", script)
    moa = panel(loopback, DIFFER, review=True, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)

    await moa.ainvoke(Command(resume={"decisions": [{"proposer": "bert", "action": "retry"}]}), THREAD)
    result = await moa.ainvoke(Command(resume="accept"), THREAD)

    assert len(loopback.asked("analyst")) == 2
    assert "for the 2. time" in loopback.asked("analyst")[1].prompt
    assert result["run"]["calls"] == len(loopback.requests)
    assert result["verdicts"][0]["analysis"]["call"]["calls"] == 2


async def test_the_next_question_sees_nothing_of_it(loopback: Loopback) -> None:
    moa = panel(loopback, DIFFER, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    loopback.say("analyst", Reply("no idea"))

    result = await moa.ainvoke(user("And then?"), THREAD)

    assert result["disagreement"] is None
    assert "<analysis-" not in json.dumps(loopback.asked("last")[-1].messages)
    assert result["run"]["degraded"].startswith("the proposals of layer 1 were not compared")


async def test_no_time_is_left_for_it(loopback: Loopback) -> None:
    loopback.say("analyst", Reply(broken="hang"))

    result = await panel(loopback, budget=Budget(seconds=1.0)).ainvoke(QUESTION)

    assert result["disagreement"] is None
    assert "timeout" in result["run"]["degraded"]
    assert result["run"]["stopped"] == "budget"
    assert result["messages"][-1].text
