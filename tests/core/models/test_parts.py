"""What is inside a model is found, however deep, and each part once."""

from typing import Any, get_args

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph_moa import Proposer, create_moa, resolve_model
from langgraph_moa.core.models.capabilities import Transport
from langgraph_moa.core.models.parts import NoContext, may_write, secrets_of, tools_of
from langgraph_moa.core.offline.scripted import ScriptedModel
from tables import each

URL = "http://127.0.0.1:9/v1"


@tool
def look(word: str) -> str:
    """Look a word up."""
    return word


AGENT: Any = create_agent(ScriptedModel(), tools=[look])
MODELS: dict[str, tuple[Any, list[str]]] = {
    "an agent": (AGENT, ["look"]),
    "with a retry around it": (AGENT.with_retry(), ["look"]),
    "in a chain": (RunnableLambda(lambda text: text) | AGENT, ["look"]),
    "as a fallback": (ScriptedModel().with_fallbacks([AGENT]), ["look"]),
    "only bound": (ScriptedModel().bind_tools([look]), []),
    "in a mixture": (create_moa(proposers=[Proposer(AGENT, may_write=True)], aggregator="offline:words"), ["look"]),
}


@each("case", MODELS)
def test_tools_are_those_that_a_graph_runs_itself(case: str) -> None:
    model, names = MODELS[case]

    assert [each.name for each in tools_of(model)] == names


@pytest.mark.parametrize(
    ("metadata", "writes"),
    [
        (None, True),
        ({}, True),
        ({"readOnlyHint": False}, True),
        ({"readOnlyHint": "yes"}, True),
        ({"readOnlyHint": True}, False),
        ({"__handoff_destination": "other"}, False),
    ],
)
def test_a_tool_may_write_unless_it_says_otherwise(metadata: Any, *, writes: bool) -> None:
    hinted: BaseTool = look.model_copy(update={"metadata": metadata})

    assert may_write(hinted) == writes


def test_secrets_are_keys_and_headers_of_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", "tiger-burning-bright-1")
    one = resolve_model("m", base_url=URL, headers={"X-Team": "red", "X-Token": "forests-of-the-night-2"})
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", "what-immortal-hand-3")
    other: Any = resolve_model("m", base_url=URL)

    chain = one.with_retry() | RunnableLambda(str) | other.bind(stop=["."])

    assert secrets_of(chain) == {"tiger-burning-bright-1", "forests-of-the-night-2", "what-immortal-hand-3"}


@pytest.mark.parametrize("transport", get_args(Transport))
def test_the_values_of_an_addresss_query_are_secrets(transport: Transport) -> None:
    model: Any = resolve_model("m", base_url=f"{URL}?v=1&token=dare%2Fits-deadly-4", transport=transport)

    assert {"dare/its-deadly-4", "dare%2Fits-deadly-4"} <= secrets_of(model)
    assert "deadly" not in repr(model) + str(vars(model)) + str(model.model_dump(exclude={"client", "async_client"}))


def test_what_holds_itself_is_looked_at_once() -> None:
    endless: list[Any] = []
    endless.append(endless)
    model = RunnableLambda(str)
    object.__setattr__(model, "deps", endless)

    assert tools_of(model) == []


def test_an_empty_context_counts_as_one() -> None:
    assert NoContext()
    assert NoContext() == {}
