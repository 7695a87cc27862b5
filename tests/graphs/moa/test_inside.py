"""A mixture inside something larger: only its answer enters, and it goes on where its parent was stopped."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from langgraph_moa import Proposer, as_node, create_moa
from panels import says
from parents import QUESTION, Asked, within
from reading import question_in, user
from running import APIS, THREAD, run


@APIS
async def test_only_the_answer_enters_the_parents_messages(api: str) -> None:
    before = [HumanMessage("Hi!", id="1"), AIMessage("Hello!", id="2"), HumanMessage("Which?", id="3")]

    result = await run(
        within(create_moa(proposers=[says("a"), says("b")], aggregator=says("c"))), api, {"messages": before}
    )

    assert [(m.id, m.text) for m in result["messages"][:3]] == [("1", "Hi!"), ("2", "Hello!"), ("3", "Which?")]
    assert [m.text for m in result["messages"][3:]] == ["c"]
    assert set(result) == {"messages"}


@APIS
async def test_mixtures_in_branches_of_one_step_do_not_conflict(api: str) -> None:
    parent: Any = StateGraph(MessagesState)
    for name in ("left", "right"):
        parent.add_node(name, create_moa(proposers=[says("a"), says("b")], aggregator=says(name), layers=3, name=name))
        parent.add_edge(START, name)

    result = await run(parent.compile(), api, QUESTION)

    assert [m.text for m in result["messages"]] == ["Which?", "left", "right"]
    assert result["messages"][0].id == "question"
    assert set(result) == {"messages"}


@APIS
async def test_copies_answer_each_its_own_question_in_their_order(api: str) -> None:
    moa = create_moa(
        proposers=[says("a")], aggregator=says(lambda messages: f"answer to {question_in(messages[0].text)}")
    )
    parent: Any = StateGraph(Asked)
    parent.add_node("copy", as_node(moa, read="question", write=lambda r: {"answers": [r["messages"][-1].text]}))
    parent.add_conditional_edges(START, lambda state: [Send("copy", {"question": str(n)}) for n in range(12)], ["copy"])

    result = await run(parent.compile(), api, {"question": "all"})

    assert result["answers"] == [f"answer to {n}" for n in range(12)]


async def test_in_a_task_and_in_an_entrypoint() -> None:
    moa = create_moa(
        proposers=[says("a")], aggregator=says(lambda messages: f"answer to {question_in(messages[0].text)}")
    )

    @task
    async def answer(question: str) -> str:
        return str((await moa.ainvoke(user(question)))["messages"][-1].text)

    @entrypoint()
    async def workflow(questions: list[str]) -> list[str]:
        last = await moa.ainvoke(user("last"))
        return [*await asyncio.gather(*map(answer, questions)), last["messages"][-1].text]

    assert await workflow.ainvoke(["x", "y"]) == ["answer to x", "answer to y", "answer to last"]


class Both(MessagesState):
    answer: str


def placed(moa: Any, place: str, saver: InMemorySaver) -> Any:
    if place == "task":

        @task
        async def answer(state: Any) -> Any:
            return (await moa.ainvoke(state))["messages"]

        @entrypoint(checkpointer=saver)
        async def workflow(state: Any) -> Any:
            return {"messages": await answer(state)}

        return workflow
    written = as_node(moa, read="messages", write=lambda result: {"messages": [result["messages"][-1]]})
    return within(moa if place == "node" else written, Both, checkpointer=saver)


@pytest.mark.parametrize("place", ["node", "as_node", "task"])
async def test_killed_in_a_layer_it_asks_only_who_had_not_answered(place: str) -> None:
    reached, attempts = asyncio.Event(), 0

    async def hang_once(messages: Any) -> AIMessage:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            reached.set()
            await asyncio.Event().wait()
        return AIMessage("second")

    first, last, saver = says("first"), says("both"), InMemorySaver()
    moa = create_moa(proposers=[first, Proposer(RunnableLambda(hang_once), timeout=None)], aggregator=last)
    graph = placed(moa, place, saver)
    running = asyncio.create_task(graph.ainvoke(QUESTION, THREAD, durability="sync"))
    async with asyncio.timeout(60):
        await reached.wait()
        while True:
            if inner_proposals(saver):
                break
            await asyncio.sleep(0.01)  # the saver tells no one when it is done
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    result = await graph.ainvoke(None, THREAD)

    assert result["messages"][-1].text == "both"
    assert (len(first.asked), attempts, len(last.asked)) == (1, 2, 1)


def inner_proposals(saver: InMemorySaver) -> list[str]:
    """Return one entry for each proposal that a mixture in the thread has written, in a namespace of its own."""
    writes = [write for checkpoint in saver.list(THREAD) for write in checkpoint.pending_writes or []]
    return [channel for _, channel, _ in writes if channel == "proposals"]


@APIS
@pytest.mark.parametrize("place", ["node", "as_node"])
async def test_stopped_by_a_proposers_question_it_asks_nobody_twice(place: str, api: str) -> None:
    def ask(state: MessagesState) -> Any:
        return {"messages": [("ai", interrupt("which?"))]}

    first, last = says("first"), says("both")
    graph = placed(create_moa(proposers=[first, within(ask)], aggregator=last), place, InMemorySaver())

    waits = await run(graph, api, QUESTION, THREAD)
    result = await run(graph, api, Command(resume="that"), THREAD)

    assert waits["__interrupt__"][0].value == "which?"
    assert result["messages"][-1].text == "both"
    assert (len(first.asked), len(last.asked)) == (1, 1)
    assert "that" in last.asked[0][-1].text


@APIS
async def test_a_node_that_fails_after_it_costs_no_answer(api: str) -> None:
    first, last, failures = says("first"), says("both"), [RuntimeError("killed")]

    def after(state: MessagesState) -> Any:
        if failures:
            raise failures.pop()
        return {"messages": [("ai", "after")]}

    parent: Any = StateGraph(MessagesState)
    parent.add_node("moa", create_moa(proposers=[first], aggregator=last)).add_node("after", after)
    graph = parent.add_edge(START, "moa").add_edge("moa", "after").compile(checkpointer=InMemorySaver())
    with pytest.raises(RuntimeError, match="killed"):
        await run(graph, api, QUESTION, THREAD)

    result = await run(graph, api, None, THREAD)

    assert [m.text for m in result["messages"]] == ["Which?", "both", "after"]
    assert (len(first.asked), len(last.asked)) == (1, 1)
