"""A failing, hanging or lying server costs its own proposal, nothing else."""

import json
import threading
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langchain_openai import ChatOpenAI
from langgraph_moa import Aggregator, Proposer, create_moa
from loopback import Loopback, Reply
from mixtures import GOOD, mixture
from pydantic import SecretStr
from reading import QUESTION, references_in
from running import APIS, run

WAYS: dict[str, tuple[Reply, str, str]] = {
    "bad request": (Reply(status=400), "error", "scripted failure 400"),
    "unauthorized": (Reply(status=401), "error", "scripted failure 401"),
    "unknown model": (Reply(status=404), "error", "scripted failure 404"),
    "rate limit": (Reply(status=429), "rate_limited", "scripted failure 429"),
    "server error": (Reply(status=500), "error", "scripted failure 500"),
    "gateway's page": (Reply(status=502, body="<html><h1>Bad gateway</h1></html>"), "error", "502"),
    "hang": (Reply(broken="hang"), "timeout", "no answer within"),
    "reset": (Reply(broken="reset"), "error", "Server disconnected"),
    "cut body": (Reply(broken="cut"), "error", "onnection"),
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
        assert await loopback.asked("bad")[0].closed()


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


@APIS
async def test_a_blocking_proposer_is_left_behind_at_its_timeout(api: str) -> None:
    released = threading.Event()
    stuck: Any = RunnableLambda(lambda messages: released.wait(60) and "too late")
    moa = create_moa(proposers=[Proposer(stuck, timeout=0.2), "offline:words"], aggregator="offline:stems")

    result = await run(moa, api, QUESTION)
    released.set()

    assert [p["status"] for p in result["proposals"]] == ["timeout", "ok"]
    assert result["proposals"][0]["error"].endswith("(limit 0.2 s)")


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


@pytest.mark.parametrize("broken", ["proposer", "aggregator"])
async def test_a_lone_surrogate_breaks_nothing(loopback: Loopback, broken: str) -> None:
    loopback.say("m0" if broken == "proposer" else "aggregator", "half \ud800 of it")

    result = await mixture(loopback, "m0", "m1").ainvoke(QUESTION)

    assert result["run"]["degraded"] is None
    assert result["run"]["stopped"] == "completed"
    json.dumps(result["proposals"], ensure_ascii=False).encode()
    assert all(type(p["text"]) is str for p in result["proposals"])
