"""How a call ended is told in words that a report can hold: with the next step, without a key."""

import json
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
from langgraph_moa import AllProposersFailed, create_moa, resolve_model
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


SLOW = {"message": "slow down", "code": 429}
WORDS = [
    (422, {"detail": "no such field"}, "no such field"),
    (422, {"detail": [{"loc": ["body", "n"], "msg": "no such field"}]}, "body.n: no such field"),
    (400, {"error": "no such field"}, "no such field"),
    (400, {"message": {"text": "no such field"}}, "no such field"),
    (400, [{"error": {"message": "no such field"}}], "no such field"),
    (502, "<html><title>Bad gateway</title><h1>Bad gateway</h1>", "Bad gateway"),
    (500, "out of memory", "out of memory"),
    (429, {"error": SLOW}, "slow down"),
]


@pytest.mark.parametrize(("status", "body", "words"), WORDS)
async def test_a_servers_own_words_are_told_whoever_asked(
    loopback: Loopback, status: int, body: Any, words: str
) -> None:
    loopback.default = Reply(status=status, body=body if isinstance(body, str) else json.dumps(body))

    errors = {p["error"] for p in (await asked(loopback))["proposals"][:3]}

    assert errors == {f"Error code: {status} - {words}"}


async def test_a_limit_that_came_with_success_is_one_whoever_asked(loopback: Loopback) -> None:
    loopback.default = Reply(body=json.dumps({"error": SLOW}), headers={"Retry-After": "900"})

    proposals = (await asked(loopback))["proposals"][:3]

    assert [p["status"] for p in proposals] == ["rate_limited"] * 3
    assert all((p["error"] or "").startswith("Error code: 429 - slow down") for p in proposals)


async def test_how_long_a_server_asks_to_wait_is_told(loopback: Loopback) -> None:
    loopback.default = Reply(status=429, body=json.dumps({"error": SLOW}), headers={"Retry-After": "900"})

    errors = {p["error"] for p in (await asked(loopback))["proposals"][:3]}

    assert errors == {"Error code: 429 - slow down; the server asks to wait 900 s, longer than the call may take"}


async def asked(server: Loopback) -> Any:
    chat = ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("k"), max_retries=0)
    ours = [resolve_model("m", base_url=server.url, transport=each) for each in ("lean", "openai")]
    return await create_moa(proposers=[*ours, chat, "offline:words"], aggregator="offline:words").ainvoke(QUESTION)


async def test_what_broke_off_in_mid_answer_may_have_been_billed(loopback: Loopback) -> None:
    begun = 'data: {"choices": [{"delta": {"content": "half"}}]}\n\n'
    loopback.default = Reply(body=begun + f"data: {json.dumps({'error': SLOW})}\n\n")
    lean = resolve_model("m", base_url=loopback.url, transport="lean")
    graph = create_moa(proposers=[lean, "offline:words"], aggregator="offline:words", stream_proposals=True)

    events: list[Any] = [event async for event in graph.astream(QUESTION, stream_mode=["messages", "values"])]
    call: Any = [state for kind, state in events if kind == "values"][-1]["proposals"][0]

    assert (call["status"], call["usd"]) == ("rate_limited", None)
    assert call["at_most"]


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
