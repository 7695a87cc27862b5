"""A failing, hanging or lying server costs its own proposal, nothing else."""

import asyncio
import json
import re
import subprocess
import sys
import threading
from typing import Any

import pytest
from faulty import Unprintable, awaits_what_somebody_cancelled
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from langgraph_moa import Aggregator, AllProposersFailed, Proposer, create_moa
from langgraph_moa.core.models.presets import PRESETS_FILE, load_preset
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from pydantic import SecretStr
from reading import QUESTION, references_in
from running import APIS, run

GOOD = ["m0", "m1", "m2", "m3", "m4"]

WAYS: dict[str, tuple[Reply, str, str]] = {
    "bad request": (Reply(status=400), "error", "scripted failure 400"),
    "unauthorized": (Reply(status=401), "error", "scripted failure 401"),
    "unknown model": (Reply(status=404), "error", "scripted failure 404"),
    "rate limit": (Reply(status=429), "rate_limited", "scripted failure 429"),
    "server error": (Reply(status=500), "error", "scripted failure 500"),
    "gateway's page": (Reply(status=502, body="<html><h1>Bad gateway</h1></html>"), "error", "502"),
    "hang": (Reply(broken="hang"), "timeout", "no answer within"),
    "reset": (Reply(broken="reset"), "error", "Server disconnected"),
    "cut body": (Reply(broken="cut"), "error", "Connection error"),
    "page for an answer": (Reply(body="<html>Please log in</html>"), "error", ""),
    "half of JSON": (Reply(body='{"choices": ['), "error", ""),
    "no choices": (Reply(body='{"choices": []}'), "error", ""),
    "null": (Reply(body="null"), "error", ""),
    "empty": (Reply(""), "empty", "holds no text"),
    "white space": (Reply(" \n "), "empty", "holds no text"),
    "refusal": (Reply("", refusal="Unthinkable"), "refused", "Unthinkable"),
    "content filter": (Reply("half of a", finish_reason="content_filter"), "refused", "content_filter"),
    "length": (Reply("cut in the mid", finish_reason="length"), "truncated", "token limit"),
    "nothing but length": (Reply("", finish_reason="length"), "empty", "length"),
}


def mixture(server: Loopback, *proposers: Any, **options: Any) -> Any:
    resolve = server.resolve
    return create_moa(proposers=list(proposers), aggregator="aggregator", resolve=resolve, **options)


@APIS
@pytest.mark.parametrize("way", WAYS)
async def test_one_of_six_fails(loopback: Loopback, way: str, api: str) -> None:
    reply, status, told = WAYS[way]
    loopback.say("bad", reply)
    bad = Proposer("bad", timeout=0.4 if way == "hang" else 30)

    result = await run(mixture(loopback, *GOOD[:2], bad, *GOOD[2:]), api, QUESTION)

    proposal = result["proposals"][2]
    assert (proposal["proposer"], proposal["status"]) == ("bad", status)
    assert told in proposal["error"]
    assert [p["status"] for p in result["proposals"] if p["proposer"] != "bad"] == ["ok"] * 5
    assert result["messages"][-1].text == "answer of aggregator"

    (aggregated,) = loopback.asked("aggregator")
    expected = [f"answer of {m}" for m in GOOD]
    if status == "truncated":
        expected.insert(2, "cut in the mid")
        assert result["run"]["degraded"] is None
    else:
        assert f"bad: {status}" in result["run"]["degraded"]
    assert references_in(aggregated.messages[-1]["content"]) == expected
    for word in ("scripted failure", "html", "Unthinkable", "Error", "half of a", proposal["error"]):
        assert word not in aggregated.prompt
    if way == "hang":
        assert await asyncio.to_thread(loopback.asked("bad")[0].closed_early.wait, 10)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}])
async def test_a_server_that_does_not_count_is_believed_to_cost_unknown(loopback: Loopback, usage: Any) -> None:
    loopback.say("m0", Reply("fine", usage=usage))

    result = await mixture(loopback, "m0").ainvoke(QUESTION)

    assert result["proposals"][0]["status"] == "ok"
    assert result["run"]["usd"] is None


async def test_a_model_that_lies_about_itself_is_told(loopback: Loopback) -> None:
    loopback.say("m0", Reply("fine", served="something-cheaper"))

    result = await mixture(loopback, "m0").ainvoke(QUESTION)

    assert (result["proposals"][0]["model"], result["proposals"][0]["served_model"]) == ("m0", "something-cheaper")


@pytest.mark.parametrize("broken", ["reset", "reset_mid_stream", "hang"])
async def test_a_broken_aggregator_costs_no_proposal(loopback: Loopback, broken: str) -> None:
    loopback.say("aggregator", Reply("some words that never end", broken=broken))
    moa = mixture(loopback, "m0", "m1", timeout=1 if broken == "hang" else 30)

    state: Any = {}
    async for mode, part in moa.astream(QUESTION, stream_mode=["values", "messages"]):
        state = part if mode == "values" else state

    assert state["messages"][-1].text == "answer of m0"
    assert "aggregator" in state["run"]["degraded"]


async def test_all_fail(loopback: Loopback) -> None:
    loopback.default = Reply(status=500)

    with pytest.raises(AllProposersFailed) as failed:
        await mixture(loopback, "m0", "m1").ainvoke(QUESTION)

    assert [p["status"] for p in failed.value.failures] == ["error", "error"]
    assert loopback.asked("aggregator") == []


async def test_a_retired_model_of_a_preset_names_the_file_to_edit(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired, *_ = load_preset("openai")["proposers"]
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", loopback.url)
    loopback.default = Reply(status=404)

    with pytest.raises(AllProposersFailed, match=re.escape(str(PRESETS_FILE))):
        await create_moa(proposers=[retired], aggregator="offline:words").ainvoke(QUESTION)


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.heard = ""

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.heard += repr(error) + str(getattr(error, "body", ""))


async def test_keys_appear_nowhere(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "tiger-burning-bright-0123456789"
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", key)
    echo = f'{{"error": {{"message": "wrong key Bearer {key}, sent as {key}"}}}}'
    loopback.say("openai-bad", Reply(status=401, body=echo))
    loopback.say("together-bad", Reply(status=500, body=f"<html>{key}</html>"))
    loopback.say("page", Reply(body=f"<html>{key}</html>"))
    loopback.say("lie", Reply(body=echo))
    collector, listener = RunCollectorCallbackHandler(), Listener()
    moa = mixture(loopback, "openai:openai-bad", "together:together-bad", "page", "lie", "openai:m0")

    told = []
    async for part in moa.astream(
        QUESTION, {"callbacks": [collector, listener]}, stream_mode=["values", "custom", "updates", "debug"]
    ):
        told.append(str(part))

    assert {r.headers["Authorization"] for r in loopback.requests} == {f"Bearer {key}"}
    assert "[redacted]" in listener.heard
    traced = [r.model_dump_json() for r in collector.traced_runs]
    assert len(traced) == 1
    for place in (*told, *traced, listener.heard):
        assert key not in place


@pytest.mark.parametrize("key", [None, "x", "test", "EMPTY", "ollama", "not-needed", "tiger-burning-bright-0123456789"])
@APIS
async def test_an_answer_is_what_the_server_said(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, key: str | None, api: str
) -> None:
    if key:
        monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", key)
    said = f'The latest test: run `ollama serve`; "EMPTY" is not-needed: {key}, {{"error": "{key}"}}.'
    loopback.default = lambda body: Reply(said)
    loopback.say("refused", Reply(status=400, body=json.dumps({"error": {"message": f"while executing {key}"}})))

    result = await run(mixture(loopback, "m0", "refused"), api, QUESTION)

    assert loopback.requests[0].headers["Authorization"] == f"Bearer {key or 'not-needed'}"
    assert [p["text"] for p in result["proposals"]] == [said, ""]
    assert result["messages"][-1].text == said
    told = result["proposals"][1]["error"]
    assert f"while executing {'[redacted]' if key and len(key) > 20 else key}" in told


@APIS
async def test_a_blocking_proposer_is_left_behind_at_its_timeout(api: str) -> None:
    released = threading.Event()
    stuck: Any = RunnableLambda(lambda messages: released.wait(60) and "too late")
    moa = create_moa(proposers=[Proposer(stuck, timeout=0.2), "offline:words"], aggregator="offline:stems")

    result = await run(moa, api, QUESTION)
    released.set()

    assert [p["status"] for p in result["proposals"]] == ["timeout", "ok"]
    assert result["proposals"][0]["error"].endswith("(limit 0.2 s)")


async def test_two_loops_in_a_row_share_nothing_and_leak_nothing(loopback: Loopback) -> None:
    moa = mixture(loopback, *GOOD, layers=3)

    def go() -> None:
        async def twice() -> None:
            await moa.ainvoke(QUESTION)
            await moa.ainvoke(QUESTION)

        asyncio.run(twice())

    for _ in range(2):
        loopback.ports.clear()
        await asyncio.to_thread(go)
        assert 1 <= len(loopback.ports) <= len(GOOD)


def test_the_sync_api_keeps_its_connections_too(loopback: Loopback) -> None:
    moa = mixture(loopback, *GOOD)

    moa.invoke(QUESTION)
    moa.invoke(QUESTION)

    assert len(loopback.requests) == 2 * (len(GOOD) + 1)
    assert len(loopback.ports) <= len(GOOD)


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


async def test_a_providers_key_is_not_sent_to_another_server(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-real-one")
    monkeypatch.setenv("TOGETHER_API_KEY", "the-real-one")

    await mixture(loopback, "m0", "together:m1", "openai:m2").ainvoke(QUESTION)

    assert {r.headers["Authorization"] for r in loopback.requests} == {"Bearer not-needed"}


async def test_wrapped_models_do_not_stream_and_keep_their_options(loopback: Loopback) -> None:
    def chat(name: str) -> ChatOpenAI:
        return ChatOpenAI(model=name, base_url=loopback.url, api_key=SecretStr("k"))

    chain = chat("chain") | StrOutputParser()
    panel: list[Any] = [chat("plain"), chat("retry").with_retry(), chat("fallback").with_fallbacks([chat("x")]), chain]
    moa = create_moa(
        proposers=[*panel, Proposer(chat("own"), temperature=0.2, max_tokens=9)],
        aggregator=Aggregator(chat("last"), temperature=0.1),
        temperature=0.7,
        max_tokens=77,
    )

    parts: Any = moa.astream(QUESTION, stream_mode="messages")
    tokens = [message.text async for message, _ in parts]

    assert "".join(tokens) == "answer of last"
    sent = {r.model: (r.body.get("temperature"), r.body.get("max_completion_tokens")) for r in loopback.requests}
    assert sent == {
        "plain": (0.7, 77),
        "retry": (0.7, 77),
        "fallback": (0.7, 77),
        "chain": (None, None),
        "own": (0.2, 9),
        "last": (0.1, 77),
    }
    assert [r.model for r in loopback.requests if r.body.get("stream")] == ["last"]


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


@pytest.mark.parametrize("broken", ["proposer", "aggregator"])
async def test_a_lone_surrogate_breaks_nothing(loopback: Loopback, broken: str) -> None:
    loopback.say("m0" if broken == "proposer" else "aggregator", "half \ud800 of it")

    result = await mixture(loopback, "m0", "m1").ainvoke(QUESTION)

    assert result["run"]["degraded"] is None
    assert result["run"]["stopped"] == "completed"
    json.dumps(result["proposals"], ensure_ascii=False).encode()
    assert all(type(p["text"]) is str for p in result["proposals"])


@APIS
@pytest.mark.parametrize("nested", ["sync", "async"])
async def test_mixtures_nest_through_the_sync_api(api: str, nested: str) -> None:
    inner = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words")

    async def asynchronous(messages: Any) -> Any:
        return inner.invoke({"messages": messages})

    def synchronous(messages: Any) -> Any:
        return inner.invoke({"messages": messages})

    step: Any = RunnableLambda(synchronous if nested == "sync" else asynchronous)

    result = await run(create_moa(proposers=[step] * 8, aggregator="offline:words", timeout=20), api, QUESTION)

    assert result["run"]["degraded"] is None
    assert result["run"]["calls"] == 8 * 3 + 1


def test_a_model_that_ends_its_loop_does_not_hang_the_sync_api() -> None:
    code = """
import asyncio, concurrent.futures
from langgraph_moa.core.portal import run_sync
async def end(): raise SystemExit(3)
try:
    run_sync(end())
except concurrent.futures.CancelledError:
    print(run_sync(asyncio.sleep(0, "again")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "again\n"


SERVED: list[tuple[str, str, bool]] = [
    ("m0", "m0", False),
    ("m0", "m0-2026-10-01", False),
    ("m0", "M0", False),
    ("m0", "m0-cheaper", True),
    ("m0", "something-else", True),
]


@pytest.mark.parametrize("role", ["proposer", "aggregator"])
@pytest.mark.parametrize(("asked", "served", "told"), SERVED)
async def test_a_served_model_that_is_another_is_told_in_the_report(
    loopback: Loopback, role: str, asked: str, served: str, told: bool
) -> None:
    loopback.say("m0" if role == "proposer" else "aggregator", Reply("fine", served=served.replace("m0", asked)))
    if role == "aggregator":
        loopback.say("aggregator", Reply("fine", served=served.replace("m0", "aggregator").replace("M0", "Aggregator")))

    result = await mixture(loopback, "m0").ainvoke(QUESTION)

    assert len(result["run"]["notes"]) == told
    if told:
        assert "asked for " in result["run"]["notes"][0]
        assert "served by " in result["run"]["notes"][0]
