"""ChatMoA stands wherever LangChain takes a chat model, and every answer of it is a mixture's."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    AllProposersFailed,
    ChatMoA,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from reading import question_in, references_in
from running import THREAD
from worn import whole, worn


async def test_usage_is_that_of_all_calls_and_the_report_goes_along(loopback: Loopback) -> None:
    answer = await worn(loopback).ainvoke("Hi")
    chunks = [chunk async for chunk in worn(loopback).astream("Hi")]

    sent = sum(len(r.prompt.split()) for r in loopback.requests[:3])
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_tokens"] == sent
    assert answer.response_metadata["moa"]["served_model"] == "aggregator"
    assert answer.response_metadata["model_name"] == "moa"
    assert whole(chunks).usage_metadata == answer.usage_metadata
    assert len([chunk for chunk in chunks if chunk.text]) == 3
    assert whole(chunks).text == answer.text == "answer of aggregator"


async def test_it_is_cached_retried_and_replaced_like_any_model(loopback: Loopback) -> None:
    model = worn(loopback).model_copy(update={"cache": InMemoryCache()})
    first, second = await model.ainvoke("Hi"), await model.ainvoke("Hi")
    assert first.text == second.text
    assert len(loopback.requests) == 3
    await model.ainvoke("Hi", temperature=0.5)
    assert len(loopback.requests) == 6

    for name in ("m0", "m1"):
        loopback.say(name, Reply(status=500))
    with pytest.raises(AllProposersFailed):
        await model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).ainvoke("Ho")
    assert len(loopback.asked("m0")) == 4
    spare = ScriptedModel(script="spare")
    assert (await model.with_fallbacks([spare]).ainvoke("Ho")).text == "spare"


def test_a_message_that_stands_twice_in_a_conversation_is_there_twice(loopback: Loopback) -> None:
    again = HumanMessage("Again.")

    worn(loopback).invoke([again, AIMessage("What?"), again])

    assert [m["content"] for m in loopback.asked("m0")[0].messages[:3]] == ["Again.", "What?", "Again."]
    assert again.id is None


def test_a_review_inside_an_agents_model_waits_for_a_person_and_goes_on() -> None:
    one, two, last = (ScriptedModel(script=text, name_of_model=text) for text in ("advice", "nonsense", "done"))
    moa = create_moa(proposers=[one, two], aggregator=last, review=True)
    agent: Any = create_agent(ChatMoA(moa=moa), tools=[], checkpointer=InMemorySaver())

    waits = agent.invoke({"messages": [("user", "Which?")]}, THREAD)
    decided = {"decisions": [{"proposer": "nonsense", "action": "drop"}]}
    result = agent.invoke(Command(resume=decided), THREAD)

    assert [p["text"] for p in waits["__interrupt__"][0].value["proposals"]] == ["advice", "nonsense"]
    assert result["messages"][-1].text == "done"
    assert [len(model.asked) for model in (one, two, last)] == [1, 1, 1]
    assert references_in(last.asked[0][-1].text) == ["advice"]


async def test_an_agent_that_is_killed_in_a_mixture_does_not_ask_again_who_had_answered() -> None:
    at_the_aggregator = asyncio.Event()

    class Stuck(ScriptedModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            if not at_the_aggregator.is_set():
                at_the_aggregator.set()
                await asyncio.sleep(60)
            return await super()._agenerate(*args, **kwargs)

    one = ScriptedModel(script="advice")
    moa = create_moa(proposers=[one], aggregator=Stuck(script="done"))
    agent: Any = create_agent(ChatMoA(moa=moa), tools=[], checkpointer=InMemorySaver())
    run = asyncio.create_task(agent.ainvoke({"messages": [("user", "Which?")]}, THREAD, durability="sync"))
    await at_the_aggregator.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    result = await agent.ainvoke(None, THREAD)

    assert result["messages"][-1].text == "done"
    assert len(one.asked) == 1


async def test_a_batch_is_answered_in_order(loopback: Loopback) -> None:
    loopback.say("aggregator", lambda body: Reply(question_in(body["messages"][0]["content"]).upper()))

    assert [m.text for m in await worn(loopback).abatch(["a", "b", "c"])] == ["A", "B", "C"]


def test_a_mixture_may_be_given_by_position(loopback: Loopback) -> None:
    assert ChatMoA(worn(loopback).moa).invoke("Hi").text == "answer of aggregator"


async def test_a_copy_with_another_mixture_is_another_in_the_cache(loopback: Loopback) -> None:
    model = worn(loopback).model_copy(update={"cache": InMemoryCache()})
    other = model.model_copy(update={"moa": worn(loopback, aggregator="other").moa})

    assert (await model.ainvoke("Hi")).text == "answer of aggregator"
    assert (await other.ainvoke("Hi")).text == "answer of other"
