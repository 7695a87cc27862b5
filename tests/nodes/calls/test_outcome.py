"""How a call ended is told in words that a report can hold: with the next step, without a key."""

import re
from typing import Any

import pytest
from faulty import Unprintable, awaits_what_somebody_cancelled
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from langgraph_moa import AllProposersFailed, create_moa
from langgraph_moa.core.models.presets import PRESETS_FILE, load_preset
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from pydantic import SecretStr
from reading import QUESTION
from running import APIS, run


async def test_a_retired_model_of_a_preset_names_the_file_to_edit(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired, *_ = load_preset("openai")["proposers"]
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", loopback.url)
    loopback.default = Reply(status=404)

    with pytest.raises(AllProposersFailed, match=re.escape(str(PRESETS_FILE))):
        await create_moa(proposers=[retired], aggregator="offline:words").ainvoke(QUESTION)


async def test_a_key_in_a_wrapped_model_is_struck_too(loopback: Loopback) -> None:
    key = "tiger-burning-bright-0123456789"
    loopback.default = Reply(status=401, body=f'{{"error": {{"message": "wrong key {key}"}}}}')
    chat = ChatOpenAI(model="m", base_url=loopback.url, api_key=SecretStr(key))
    graph = create_agent(chat, [])
    panel: list[Any] = [
        chat,
        chat.with_retry(stop_after_attempt=1),
        chat.with_fallbacks([chat]),
        chat | StrOutputParser(),
    ]

    with pytest.raises(AllProposersFailed) as failed:
        await create_moa(proposers=[*panel, graph], aggregator="offline:words").ainvoke(QUESTION)

    assert key not in str(failed.value)
    assert str(failed.value).count("[redacted]") >= len(panel) + 1


async def test_only_a_refused_request_is_known_to_cost_nothing(loopback: Loopback) -> None:
    loopback.default = Reply(status=500)
    chat = ChatOpenAI(model="m", base_url=loopback.url, api_key=SecretStr("k"))
    panel: list[Any] = [
        chat,
        ScriptedModel(script="paid for") | StrOutputParser() | chat,
        create_agent(chat, []),
        "offline:words",
    ]

    result = await create_moa(proposers=panel, aggregator="offline:words").ainvoke(QUESTION)

    assert [p["usd"] for p in result["proposals"]] == [0.0, None, None, 0.0]


def goes_in_circles() -> Exception:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    return one


def hands_off(state: Any) -> Any:
    return Command(graph=Command.PARENT, goto="elsewhere", update={"messages": [("ai", "mine now")]})


def graph_of(step: Any) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    return graph.compile()


ODD: dict[str, Any] = {
    "cannot be printed": ScriptedModel(script=[Unprintable()] * 9),
    "is its own cause": ScriptedModel(script=[goes_in_circles()] * 9),
    "was cancelled inside": RunnableLambda(awaits_what_somebody_cancelled),
    "hands off to its parent": graph_of(hands_off),
    "adds no message": graph_of(lambda state: {}),
    "ends with the user's words": graph_of(lambda state: {"messages": [("user", "again")]}),
    "returns text for messages": RunnableLambda(lambda messages: {"messages": "hi"}),
}


@APIS
@pytest.mark.parametrize("way", ODD)
async def test_an_odd_proposer_costs_only_its_own_proposal(way: str, api: str) -> None:
    result = await run(create_moa(proposers=[ODD[way], "offline:words"], aggregator="offline:stems"), api, QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["error", "ok"]
    assert len(result["messages"]) == 2
    assert result["run"]["usd"] is None
