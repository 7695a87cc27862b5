"""A proposer is a model, a chain, a graph or a mixture, and tells what it does."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from langgraph_moa import (
    create_moa,
)
from panels import agent, says
from reading import QUESTION
from running import THREAD


def usage(tokens: int) -> Any:
    return {"input_tokens": tokens, "output_tokens": tokens, "total_tokens": 2 * tokens}


def test_a_graph_proposes_with_its_last_message_and_all_its_usage() -> None:
    inner = agent(AIMessage("thinking", usage_metadata=usage(1)), AIMessage("Lima", usage_metadata=usage(2)))

    result = create_moa(proposers=[inner], aggregator=says("x")).invoke(QUESTION)

    (proposal,) = result["proposals"]
    assert (proposal["proposer"], proposal["text"]) == ("agent", "Lima")
    assert proposal["usage"]["total_tokens"] == 6
    assert len(result["messages"]) == 2


def test_a_mixture_proposes_in_a_mixture() -> None:
    inner = create_moa(proposers=[says("a"), says("b")], aggregator=says("inner"), name="inner")

    result = create_moa(proposers=[inner, says("c")], aggregator=says("outer")).invoke(QUESTION)

    assert [p["calls"] for p in result["proposals"]] == [3, 1]
    assert result["run"]["calls"] == 5


@pytest.mark.parametrize("proposer", [lambda m: "text", lambda m: AIMessage("text"), lambda m: HumanMessage("text")])
def test_a_runnable_may_return_text_or_a_message(proposer: Any) -> None:
    result = create_moa(proposers=[RunnableLambda(proposer)], aggregator=says("x")).invoke(QUESTION)

    assert result["proposals"][0]["text"] == "text"


def test_a_runnable_that_returns_something_else_costs_its_own_proposal() -> None:
    result = create_moa(proposers=[RunnableLambda(lambda m: 42), says("b")], aggregator=says("x")).invoke(QUESTION)

    assert result["proposals"][0]["status"] == "error"
    assert "found int as its result" in result["proposals"][0]["error"]


async def test_an_interrupt_inside_a_proposer_reaches_the_caller() -> None:
    def ask_a_person(state: MessagesState) -> Any:
        return {"messages": [AIMessage(f"they said {interrupt('which?')}")]}

    graph = StateGraph(MessagesState)
    graph.add_node("ask", ask_a_person)
    graph.add_edge(START, "ask")
    moa = create_moa(proposers=[graph.compile()], aggregator=says("x"), checkpointer=InMemorySaver())

    result = await moa.ainvoke(QUESTION, THREAD)

    assert [i.value for i in result["__interrupt__"]] == ["which?"]
