"""Servers of one's own: small windows, few slots, models that load, keys of their own, and nobody there."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph_moa import AllProposersFailed, Budget, ConfigError, Proposer, Quorum, create_moa, resolve_model
from langgraph_moa.core.panel.declared import Aggregator
from langgraph_moa.nodes.calls import call as calls
from loopback import Loopback, Reply, serve
from reading import QUESTION
from running import APIS, run

KEY, HEADER = "tiger-burning-bright-42", "fearful-symmetry-77"


@pytest.fixture
def other(socket_enabled: None) -> Iterator[Loopback]:
    with serve() as server:
        yield server


def mixture(server: Loopback, **options: Any) -> Any:
    defaults: dict[str, Any] = {"proposers": ["a", "b"], "aggregator": "last", "early_stop": None, "max_tokens": 100}
    return create_moa(**{**defaults, "resolve": server.resolve, **options})


def sent(server: Loopback) -> set[tuple[str | None, str | None]]:
    """Return the key and the header of all requests."""
    headers = [{name.lower(): value for name, value in r.headers.items()} for r in server.requests]
    return {(h.get("authorization"), h.get("x-team")) for h in headers}


def holds(
    window: int, text: str = "an answer", *, told: bool = True, rate: int = 3
) -> Callable[[dict[str, Any]], Reply]:
    """Be a model of so many tokens, of some bytes each, whose server counts as llama.cpp's or as vLLM's."""

    def script(body: dict[str, Any]) -> Reply:
        size = sum(len(message["content"].encode()) for message in body["messages"]) // rate
        if size <= window:
            return Reply(text)
        if not told:
            return Reply(status=400, body=json.dumps({"message": f"maximum context length is {window} tokens"}))
        error = {"code": 400, "message": "too much", "type": "exceed_context_size_error"}
        return Reply(status=400, body=json.dumps({"error": {**error, "n_prompt_tokens": size, "n_ctx": window}}))

    return script


@pytest.mark.parametrize("told", [True, False], ids=["counted", "uncounted"])
@pytest.mark.parametrize("overflow", ["cut", "fold"])
@APIS
async def test_an_aggregator_is_asked_once_more_with_what_fits(
    loopback: Loopback, api: str, overflow: Any, told: bool
) -> None:
    loopback.say("a", "apple " * 600)
    loopback.say("b", "berry " * 600)
    loopback.say("last", holds(2048, "the answer", told=told))
    moa = mixture(loopback, overflow=overflow)

    first, second = await run(moa, api, QUESTION), await run(moa, api, QUESTION)

    assert [m["messages"][-1].text for m in (first, second)] == ["the answer"] * 2
    assert len(loopback.asked("last")) == 3, "its window is known from then on"
    assert first["run"]["calls"] == second["run"]["calls"] == 3
    assert [call["status"] for call in first["run"]["aggregators"]] == ["ok"]
    assert first["run"]["aggregators"][0]["references_cut"] == 2
    assert first["run"]["degraded"] is None
    assert "2 references or passages were shortened" in " ".join(first["run"]["notes"])


@pytest.mark.parametrize("budget", [None, Budget(calls=5)], ids=["free", "bounded"])
@pytest.mark.parametrize("samples", [1, 2])
async def test_a_proposer_is_asked_once_more_with_what_fits(loopback: Loopback, budget: Any, samples: int) -> None:
    loopback.say("a", "apple " * 600)
    loopback.say("b", "berry " * 600)
    loopback.say("small", holds(2048, "small's", rate=2))
    layers = [["a", "b"], [Proposer("small", samples=samples)]]
    budget = budget and Budget(calls=4 + samples, strict=False)

    result = await mixture(loopback, proposers=layers, budget=budget).ainvoke(QUESTION)

    told = [p for p in result["proposals"] if p["proposer"].startswith("small")]
    assert [(p["status"], p["references_cut"]) for p in told] == [("ok", 2)] * samples
    assert len(loopback.asked("small")) == 2, "samples are refused together, and asked again together"
    assert sum(p["calls"] for p in told) == 1
    assert (result["run"]["calls"], result["run"]["stopped"]) == (4, "completed")


async def test_a_conversation_alone_that_is_too_long_is_not_asked_again(loopback: Loopback) -> None:
    loopback.default = holds(2048)
    moa = mixture(loopback)

    for _ in range(2):
        with pytest.raises(AllProposersFailed) as failed:
            await moa.ainvoke({"messages": [HumanMessage("word " * 2000)]})

    assert len(loopback.requests) == 4
    assert "expected at most 2,048, the window (n_ctx) of a" in str(failed.value)
    assert str(failed.value).endswith(
        "shorten the conversation, or start the server with a larger window (n_ctx 2,048)"
    )
    assert failed.value.failures[0]["obstacle"]["window"] == 2048


async def test_a_prompt_that_still_does_not_fit_is_not_asked_a_third_time(loopback: Loopback) -> None:
    loopback.default = Reply("apple " * 600)
    error = {"type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 2048, "message": "no"}
    loopback.say("last", Reply(status=400, body=json.dumps({"error": error})))

    result = await mixture(loopback).ainvoke(QUESTION)

    assert len(loopback.asked("last")) == 2
    assert result["run"]["stopped"] == "fell_back"


def still_loading(times: int) -> Callable[[dict[str, Any]], Reply]:
    left = [times]
    loading = Reply(
        status=503, body='{"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}'
    )

    def script(body: dict[str, Any]) -> Reply:
        left[0] -= 1
        return loading if left[0] >= 0 else Reply("loaded")

    return script


@APIS
async def test_a_model_that_loads_is_waited_for(loopback: Loopback, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    loopback.say("a", still_loading(3))

    result = await run(mixture(loopback), api, QUESTION)

    proposal = result["proposals"][0]
    assert (proposal["text"], proposal["status"], proposal["calls"], proposal["retries"]) == ("loaded", "ok", 1, 3)


async def test_a_model_that_loads_too_long(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    loopback.default = still_loading(10_000)

    with pytest.raises(AllProposersFailed, match="wait until the server has loaded its model") as failed:
        await mixture(loopback, timeout=3).ainvoke(QUESTION)

    assert {p["status"] for p in failed.value.failures} == {"timeout"}
    assert "its server had to load the model first" in str(failed.value)


async def test_a_quorum_does_not_wait_for_a_model_that_loads(loopback: Loopback) -> None:
    loopback.say("a", still_loading(10_000))

    result = await mixture(loopback, quorum=Quorum(1), timeout=None).ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["cancelled", "ok"]


async def test_nobody_listens(loopback: Loopback) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        gone = Proposer("x", base_url=f"http://127.0.0.1:{port}/v1")

        with pytest.raises(AllProposersFailed) as failed:
            await mixture(loopback, proposers=[gone]).ainvoke(QUESTION)

    failure = failed.value.failures[0]
    assert failure["error"] == f"nothing listens at http://127.0.0.1:{port}/v1; is the server running?"
    assert (failure["status"], failure["obstacle"]["why"]) == ("error", "unreachable")
    assert str(failed.value).endswith("start the server that is named, or correct its address")


CURES: dict[str, tuple[Reply, str]] = {
    "key": (Reply(status=401), "no key was sent, for LANGGRAPH_MOA_API_KEY is not set"),
    "path": (Reply(status=404, body='{"error": {"message": "File Not Found"}}'), "correct the base URL, which mostly"),
    "model": (
        Reply(status=404, body='{"error": {"message": "model not found"}}'),
        "it serves: qwen3:8b, phi4); name a model that the server has",
    ),
    "anything": (Reply(status=500), "replace these models"),
}


@pytest.mark.parametrize(("reply", "cure"), CURES.values(), ids=CURES)
async def test_the_cure_is_that_of_the_cause(loopback: Loopback, reply: Reply, cure: str) -> None:
    loopback.default = reply
    loopback.listing = Reply(body='{"data": [{"id": "phi4"}, {"id": "qwen3:8b"}]}')

    with pytest.raises(AllProposersFailed) as failed:
        await mixture(loopback, proposers=["qwen3:8"]).ainvoke(QUESTION)

    assert cure in str(failed.value)
    assert ("replace these models" in str(failed.value)) == (reply.status == 500)


@pytest.mark.parametrize(
    ("slots", "samples", "known", "asked"),
    [(4, 6, None, [6, 4, 2]), (4, 6, 4, [4, 2]), (4, 5, 4, [4, 1]), (4, 6, 1, [1] * 6), (1, 3, None, [3, 1, 1, 1])],
)
async def test_samples_are_as_many_requests_as_the_slots_need(
    loopback: Loopback, slots: int, samples: int, known: int | None, asked: list[int]
) -> None:
    loopback.slots = slots
    moa = mixture(loopback, proposers=[Proposer("a", samples=samples, slots=known)])

    first = await moa.ainvoke(QUESTION)
    before = len(loopback.asked("a"))
    await moa.ainvoke(QUESTION)

    told = [request.n for request in loopback.asked("a")]
    assert sorted(told[:before], reverse=True) == asked
    assert sorted(told[before:], reverse=True) == [n for n in asked if n <= slots]
    assert [p["status"] for p in first["proposals"]] == ["ok"] * samples
    assert sum(p["calls"] for p in first["proposals"]) == len([n for n in asked if n <= slots])


@pytest.mark.parametrize(("slots", "seeds"), [(None, [7]), (4, [7, 11]), (1, [7, 8, 9, 10, 11, 12])])
async def test_further_samples_count_on_from_the_seed(loopback: Loopback, slots: int | None, seeds: list[int]) -> None:
    sampled = Proposer("a", samples=6, slots=slots, seed=7, top_p=0.5, stop="END", extra_body={"top_k": 20})

    await mixture(loopback, proposers=[sampled]).ainvoke(QUESTION)

    bodies = [request.body for request in loopback.asked("a")]
    assert sorted(body["seed"] for body in bodies) == seeds
    assert {(body["top_p"], tuple(body["stop"]), body["top_k"]) for body in bodies} == {(0.5, ("END",), 20)}


async def test_two_servers_are_one_mixture(
    loopback: Loopback, other: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)
    monkeypatch.setenv("OTHER_HEADER", HEADER)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-others")
    own: dict[str, Any] = {"base_url": other.url, "api_key_env": "OTHER_KEY", "headers": {"X-Team": "$OTHER_HEADER"}}
    proposers = [Proposer("same", base_url=loopback.url), Proposer("same", **own)]
    moa = create_moa(proposers=proposers, aggregator=Aggregator("last", **own), early_stop=None)

    result = await moa.ainvoke(QUESTION)

    assert [p["endpoint"] for p in result["proposals"]] == [f"{loopback.url}/", f"{other.url}/"]
    assert f"same (at {loopback.url}), same-2 (same at {other.url}) | last (at {other.url})" in result["run"]["mixture"]
    assert sent(other) == {(f"Bearer {KEY}", HEADER)}
    assert sent(loopback) == {("Bearer not-needed", None)}
    for secret in (KEY, HEADER, "sk-not-for-others"):
        assert secret not in repr(proposers) + repr(result)


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_server_that_repeats_a_header_tells_nobody(
    loopback: Loopback, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Past the node, too: what a client raises is logged and traced before the node sees it."""
    echo = json.dumps({"error": {"message": f"no such token {HEADER}"}})
    loopback.say("bad", Reply(status=status, body=echo))
    seat = Proposer("bad", base_url=loopback.url, headers={"X-Token": HEADER})
    model = resolve_model("bad", base_url=loopback.url, headers={"X-Token": HEADER})

    with pytest.raises(AllProposersFailed) as failed:
        await create_moa(proposers=[seat], aggregator="offline:words").ainvoke(QUESTION)
    with pytest.raises(Exception, match="no such token") as raised:
        await model.ainvoke("Hm?")

    assert "[redacted]" in str(failed.value)
    for told in (str(failed.value), repr(raised.value), repr(model), repr(seat), caplog.text):
        assert HEADER not in told


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a model that was built": ({"model": HumanMessage, "base_url": "http://a/v1"}, "a model that was built"),
    "offline": ({"model": "offline:words", "base_url": "http://a/v1"}, "is asked in this process; drop it"),
    "another provider": ({"model": "anthropic:x", "headers": {"X-A": HEADER}}, "for an OpenAI-compatible server"),
    "no variable": (
        {"model": "x", "base_url": "http://a/v1", "api_key_env": "NO_SUCH"},
        "in NO_SUCH, which is not set",
    ),
    "the key itself": (
        {"model": "x", "base_url": "http://a/v1", "api_key_env": KEY},
        "never write down the key itself",
    ),
    "a provider's key": (
        {"model": "x", "base_url": "http://a/v1", "api_key_env": "OPENAI_API_KEY"},
        "a provider's key is not sent to another address",
    ),
    "a password": ({"model": "x", "base_url": f"http://me:{KEY}@a/v1"}, "found a user or password in the base URL"),
    "no scheme": ({"model": "x", "base_url": "a:1/v1"}, "expected an address like http://localhost:8080/v1"),
    "empty address": ({"model": "x", "base_url": ""}, "found an empty base_url"),
    "a header's line": ({"model": "x", "base_url": "http://a/v1", "headers": {"X-A": f"{KEY}\r\nX-B: 1"}}, "'X-A'"),
    "a header's name": ({"model": "x", "base_url": "http://a/v1", "headers": {"X A": HEADER}}, "the name of a header"),
    "no header": ({"model": "x", "base_url": "http://a/v1", "headers": {"X-A": ""}}, "without a value"),
    "a header's variable": (
        {"model": "x", "base_url": "http://a/v1", "headers": {"X-A": "$NO_SUCH"}},
        "needs NO_SUCH, which is not set",
    ),
    "headers": ({"model": "x", "base_url": "http://a/v1", "headers": [HEADER]}, "found list as headers"),
    "top_p": ({"model": "x", "top_p": 1.5}, "found top_p=1.5 for 'x', expected a number above 0 to 1"),
    "seed": ({"model": "x", "seed": -1}, "found seed=-1 for 'x', expected a whole number from 0"),
    "stop": ({"model": "x", "stop": [""]}, "found stop=[''] for 'x'"),
    "slots": ({"model": "x", "slots": 0}, "found slots=0 for 'x', expected a whole number from 1"),
}


@pytest.mark.parametrize(("settings", "told"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_without_showing_secrets(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], told: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = settings["model"]
    given = {**settings, "model": resolve_model("offline:words") if model is HumanMessage else model}

    with pytest.raises(ConfigError) as refused:
        create_moa(proposers=[Proposer(**given)], aggregator="offline:words")

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert KEY not in str(refused.value)
    assert HEADER not in str(refused.value)


def test_a_resolve_function_that_knows_no_servers_is_told() -> None:
    def resolve(spec: Any, *, temperature: Any = None, max_tokens: Any = None) -> Any:
        return resolve_model("offline:words")

    with pytest.raises(ConfigError, match="found base_url for 'x' with a resolve function that does not take it"):
        create_moa(proposers=[Proposer("x", base_url="http://a/v1")], aggregator="y", resolve=resolve)
    create_moa(proposers=["x"], aggregator="y", resolve=resolve)
