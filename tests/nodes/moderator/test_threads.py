"""Whom a moderator kept stays so where a run goes on: after a failure, a question, a person."""

import asyncio
import json
from collections import Counter
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    Moderator,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from moderating import NAMES, keeping, mixture, told
from reading import QUESTION, user
from running import THREAD


async def test_who_was_kept_stays_so_where_a_later_layer_fails(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"])
    for name in NAMES:
        loopback.say(
            name,
            lambda body, name=name: Reply(status=500) if "<reference-" in json.dumps(body) else Reply(f"{name} 1"),
        )

    result = await mixture(loopback, layers=3).ainvoke(QUESTION)

    assert told(loopback, "last") == [["bert 1", "dora 1"]]
    assert result["run"]["stopped"] == "fell_back"


async def test_its_verdict_is_kept_and_not_asked_for_again(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"])
    saver = InMemorySaver()
    hung: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        later = "<reference-" in json.dumps(body)
        hung["anna"] += later
        return Reply(broken="hang") if later and hung["anna"] == 1 else Reply("anna 1")

    loopback.say("anna", script)
    moa = mixture(loopback, layers=3, checkpointer=saver)
    run = asyncio.create_task(moa.ainvoke(QUESTION, THREAD, durability="sync"))
    await asyncio.to_thread(loopback.wait_until, lambda: len(loopback.billed) == 4 + 1 + 3 and hung["anna"] == 1)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    result = await mixture(loopback, layers=3, checkpointer=saver).ainvoke(None, THREAD)

    assert len(loopback.asked("moderator")) == 2  # once a layer
    assert told(loopback, "anna") == [[], ["bert 1", "dora 1"], ["bert 1", "dora 1"]]
    assert result["run"]["stopped"] == "completed"


async def test_a_second_question_sees_nothing_of_the_firsts_moderation(loopback: Loopback) -> None:
    keeping(loopback, ["dora"], ["dora"], ["anna", "bert"])
    moa = mixture(loopback, layers=3, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    loopback.say("moderator", "no idea")

    result = await moa.ainvoke(user("And then?"), THREAD)

    assert told(loopback, "last")[1] == [f"{name} 4" for name in NAMES]
    assert told(loopback, "anna")[2:] == [[], [f"{name} 3" for name in NAMES]]
    assert [v["moderation"]["kept"] for v in result["verdicts"]] == [NAMES, NAMES]


async def test_a_person_sees_all_and_who_was_kept_goes_on(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"])
    moa = mixture(loopback, layers=2, review=True, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    edited = {"proposer": "bert", "action": "edit", "text": "bert, better"}

    await moa.ainvoke(Command(resume={"decisions": [edited]}), THREAD)

    assert told(loopback, "last") == [["bert, better", "dora 1"]]


async def test_a_person_who_drops_all_that_were_kept_still_gets_an_answer(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"])
    moa = mixture(loopback, layers=2, review=True, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    dropped = [{"proposer": name, "action": "drop"} for name in ("dora", "bert")]

    result = await moa.ainvoke(Command(resume={"decisions": dropped}), THREAD)

    assert "__interrupt__" in result or told(loopback, "last") == [["anna 1", "carl 1"]]


def test_what_a_moderator_was_paid_before_a_retry_is_counted() -> None:
    moderator = ScriptedModel(script='{"best": [1, 2], "stop": false}', name_of_model="moderator")
    panel = [ScriptedModel(script=f"p{n}", name_of_model=f"p{n}") for n in range(4)]
    last = ScriptedModel(script="done", name_of_model="last")
    moa = create_moa(
        proposers=panel,
        aggregator=last,
        moderator=Moderator(moderator, keep=2),
        review=True,
        checkpointer=InMemorySaver(),
        early_stop=None,
    )

    shown = moa.invoke(QUESTION, THREAD)["__interrupt__"][0].value["proposals"]
    back = {"decisions": [{"proposer": shown[0]["proposer"], "action": "retry"}]}
    moa.invoke(Command(resume=back), THREAD)
    result = moa.invoke(Command(resume="accept"), THREAD)

    assert len(shown) == 2
    assert result["run"]["calls"] == sum(len(model.asked) for model in [moderator, last, *panel]) == 8


def test_a_person_may_accept_what_a_moderator_kept_though_it_is_less_than_a_layer_needs() -> None:
    moderator = ScriptedModel(script='{"best": [1]}', name_of_model="moderator")
    moa = create_moa(
        proposers=[ScriptedModel(script=f"p{n}", name_of_model=f"p{n}") for n in range(4)],
        aggregator=ScriptedModel(script="done", name_of_model="last"),
        moderator=Moderator(moderator, keep=2),
        min_proposals=2,
        review=True,
        checkpointer=InMemorySaver(),
        early_stop=None,
    )

    moa.invoke(QUESTION, THREAD)

    assert moa.invoke(Command(resume="accept"), THREAD)["messages"][-1].text == "done"
