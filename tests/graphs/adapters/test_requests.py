"""What a mixture cannot do as a chat model is refused before anything is paid for."""

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import ChatMoA, ConfigError, Rank, Vote, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.graphs.adapters.requests import check_request
from langgraph_moa.nodes.prompting.request import Request
from panels import panel, says
from tables import each

TOOL = {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": {"type": "object"}}}


@each(
    ("options", "expected"),
    [
        ({"moa": "x"}, "found str that is no mixture, expected what create_moa returned"),
        ({}, "found NoneType that is no mixture"),
        (
            {"moa": None, "timeout": 60},
            r"found 'timeout' for ChatMoA, expected it in the mixture; write ChatMoA\(create_moa\(",
        ),
        ({"moa": None, "proposers": []}, r"ChatMoA\(create_moa\(proposers=...\)\)"),
        ({"moa": None, "temperature": -1}, "found NoneType that is no mixture"),
        ({"moa": None, "temprature": 1}, "did you mean 'temperature'?"),
        ({"moa": create_agent(ScriptedModel(script="x"), [])}, "is no mixture, expected what create_moa returned"),
    ],
)
def test_what_is_no_mixture_is_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        ChatMoA(**options)


def test_a_mixture_that_keeps_threads_of_its_own_is_refused() -> None:
    moa = create_moa(proposers=["offline:words"], aggregator="offline:words", checkpointer=InMemorySaver())
    with pytest.raises(ConfigError, match="found a mixture with a checkpointer, expected one without"):
        ChatMoA(moa=moa)


@pytest.mark.parametrize(
    ("aggregator", "expected"),
    [
        (Vote(), "found a mixture whose answers are only voted on, expected an aggregator that can write"),
        (Rank(says("x")), "found a mixture whose answers are only ranked"),
        (RunnableLambda(lambda _: "x"), "found tools or a form for .+, a chain or graph, expected a chat model"),
    ],
)
def test_who_cannot_call_tools_is_refused(aggregator: Any, expected: str) -> None:
    moa = create_moa(proposers=panel("1", "2"), aggregator=aggregator)

    with pytest.raises(ConfigError, match=expected):
        check_request(moa, Request(of=None, tools=[TOOL]))


def test_each_of_several_aggregators_has_to_do_it() -> None:
    moa = create_moa(proposers=panel("1", "2"), aggregator=[says("x"), RunnableLambda(lambda _: "y")])

    with pytest.raises(ConfigError, match="a chain or graph"):
        check_request(moa, Request(of=None, tools=[TOOL]))
    check_request(create_moa(proposers=panel("1"), aggregator=says("x")), Request(of=None, tools=[TOOL]))
