"""The parent's context leaks in nowhere: a graph that proposes gets its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph_moa import ChatMoA, ConfigError, Proposer, as_node, as_tool, create_moa
from panels import says
from parents import QUESTION, calls, within
from pydantic import BaseModel
from running import APIS, run
from typing_extensions import TypedDict


@dataclass
class Callers:
    secret: str = "s3cret"


@dataclass
class Plain:
    tone: str = "neutral"


class Checked(BaseModel):
    tone: str = "neutral"


class Loose(TypedDict, total=False):
    tone: str


@dataclass
class PlainNeeds:
    tone: str


class CheckedNeeds(BaseModel):
    tone: str


class LooseNeeds(TypedDict):
    tone: str


def speaker(schema: Any = None) -> tuple[list[Any], Any]:
    """Return a graph, and which contexts it was run with."""
    seen: list[Any] = []

    def speak(state: MessagesState, runtime: Runtime[Any]) -> Any:
        seen.append(runtime.context)
        return {"messages": [("ai", "x")]}

    graph: Any = StateGraph(MessagesState, context_schema=schema)
    return seen, graph.add_node("speak", speak).add_edge(START, "speak").compile(name="speaker")


DEFAULTS = [(None, {}), (Plain, Plain()), (Checked, Checked()), (Loose, {})]


@APIS
@pytest.mark.parametrize(("schema", "expected"), DEFAULTS, ids=["none", "dataclass", "pydantic", "typeddict"])
async def test_a_graph_that_proposes_gets_its_own_defaults(schema: Any, expected: Any, api: str) -> None:
    seen, graph = speaker(schema)
    wrapped = [graph, graph.with_config(tags=["x"]), graph.with_retry(), graph.with_fallbacks([graph])]
    moa = create_moa(proposers=wrapped, aggregator=graph, layers=3)

    await run(within(moa, context=Callers), api, QUESTION, context=Callers())

    assert seen == [expected] * 9


@APIS
@pytest.mark.parametrize(
    "place",
    [
        lambda moa: within(moa, context=Callers),
        lambda moa: within(as_node(moa, read="messages", write=lambda r: {"messages": r["messages"]}), context=Callers),
        lambda moa: within(create_moa(proposers=[moa], aggregator=says("y")), context=Callers),
        lambda moa: create_agent(ChatMoA(moa=moa), context_schema=Callers),
        lambda moa: create_agent(says([calls("moa", question="?"), "z"]), tools=[as_tool(moa)], context_schema=Callers),
    ],
    ids=["node", "as_node", "nested", "chat_model", "tool"],
)
async def test_the_parents_context_leaks_in_nowhere(place: Callable[[Any], Any], api: str) -> None:
    seen, graph = speaker()
    own, set_up = speaker(Plain)
    moa = create_moa(proposers=[graph, Proposer(set_up, context=Plain("dry"))], aggregator=says("y"))

    await run(place(moa), api, QUESTION, context=Callers())

    assert (seen, own) == ([{}], [Plain("dry")])


@pytest.mark.parametrize(
    "schema",
    [
        PlainNeeds,
        CheckedNeeds,
        pytest.param(
            LooseNeeds,
        ),
    ],
)
def test_a_context_that_is_needed_is_asked_for_when_it_is_built(schema: Any) -> None:
    _, graph = speaker(schema)

    with pytest.raises(
        ConfigError, match=r"found 'speaker' without the context it needs, expected Proposer\(\.\.\., context="
    ) as told:
        create_moa(proposers=[graph], aggregator=says("y"))
    assert "\n" not in str(told.value)
    assert create_moa(proposers=[Proposer(graph, context={"tone": "dry"})], aggregator=says("y")) is not None


@pytest.mark.parametrize("schema", [None, Loose])
def test_an_empty_context_is_one_too(schema: Any) -> None:
    seen, graph = speaker(schema)
    moa = create_moa(proposers=[Proposer(graph, context={})], aggregator=says("y"))

    within(moa, context=Callers).invoke(QUESTION, context=Callers())

    assert seen == [{}]


def test_the_parents_context_does_not_leak_into_a_graph_in_a_chain() -> None:
    seen, graph = speaker()
    chain = RunnableLambda(lambda messages: {"messages": messages}) | graph | (lambda state: state["messages"][-1])

    within(create_moa(proposers=[chain], aggregator=says("y")), context=Callers).invoke(QUESTION, context=Callers())

    assert seen == [None]


def test_a_context_is_for_graphs_only() -> None:
    with pytest.raises(ConfigError, match="found a context for 'scripted', expected it for a graph only"):
        create_moa(proposers=[Proposer(says("x"), context={"tone": "dry"})], aggregator=says("y"))
