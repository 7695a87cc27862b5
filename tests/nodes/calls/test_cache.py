"""A cache answers only for the same model, asked the same with the same parameters."""

import asyncio
import logging
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langgraph.cache.memory import InMemoryCache
from langgraph.cache.sqlite import SqliteCache
from langgraph_moa import Limits, Proposer, Quorum, create_moa, resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.costs import cost_of, total
from langgraph_moa.nodes.calls.cache import CallRecord
from loopback import Loopback, Reply
from pydantic import Field, PrivateAttr
from reading import QUESTION, references_in, user


def mixture(server: Loopback, cache: Any, **options: Any) -> Any:
    resolve = server.resolve
    defaults: dict[str, Any] = {"proposers": ["m0", "m1"], "aggregator": "aggregator", "layers": 3}
    return create_moa(**{**defaults, **options}, resolve=resolve, cache=cache)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_the_same_is_not_paid_for_twice(loopback: Loopback, kind: str, tmp_path: Any) -> None:
    def cache() -> Any:
        return memory if kind == "memory" else SqliteCache(path=str(tmp_path / "cache.db"))

    memory = InMemoryCache()  # type: ignore[var-annotated]
    first = await mixture(loopback, cache()).ainvoke(QUESTION)
    again = await mixture(loopback, cache()).ainvoke(QUESTION)

    assert [r.model for r in loopback.requests].count("aggregator") == 2
    assert len(loopback.requests) == 4 + 1 + 1
    assert [p["text"] for p in again["proposals"]] == [p["text"] for p in first["proposals"]]
    assert [(p["cached"], p["calls"], p["usd"]) for p in again["proposals"]] == [(True, 0, 0.0)] * 4
    assert {p["turn"] for p in [*first["proposals"], *again["proposals"]]} == {again["run"]["turn"]}
    assert (first["run"]["calls"], again["run"]["calls"]) == (5, 1)
    assert again["run"]["notes"][0] == "m0 (layer 1): from the cache"
    assert first["run"]["notes"] == []
    (last,) = loopback.asked("aggregator")[1:]
    assert references_in(last.messages[-1]["content"]) == ["answer of m0", "answer of m1"]


OTHERS: dict[str, tuple[dict[str, Any], Any]] = {
    "another question": ({}, user("What?")),
    "another temperature": ({"temperature": 0.3}, QUESTION),
    "another limit": ({"max_tokens": 7}, QUESTION),
    "another model": ({"proposers": ["m2", "m3"]}, QUESTION),
    "another system prompt": ({"proposers": [Proposer(m, system_prompt="Be brief.") for m in ("m0", "m1")]}, QUESTION),
    "a longer conversation": ({}, {"messages": [("user", "Hi"), ("ai", "Hello"), ("user", "Which?")]}),
}


@pytest.mark.parametrize("other", OTHERS)
async def test_another_call_is_made(loopback: Loopback, other: str) -> None:
    options, question = OTHERS[other]
    cache = InMemoryCache()  # type: ignore[var-annotated]
    await mixture(loopback, cache, layers=2).ainvoke(QUESTION)

    result = await mixture(loopback, cache, layers=2, **options).ainvoke(question)

    assert [p["cached"] for p in result["proposals"]] == [False, False]


async def test_another_server_is_another_model(loopback: Loopback) -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    await mixture(loopback, cache, layers=2).ainvoke(QUESTION)
    elsewhere = partial(resolve_model, base_url=f"{loopback.url}/")

    result = await create_moa(proposers=["m0"], aggregator="a", resolve=elsewhere, cache=cache).ainvoke(QUESTION)

    assert result["proposals"][0]["cached"] is False


TENANTS: dict[str, tuple[Any, Any, bool]] = {
    "another tenant": ({"headers": {"X-Tenant": "a"}}, {"headers": {"X-Tenant": "b"}}, False),
    "the same tenant": ({"headers": {"X-Tenant": "a"}}, {"headers": {"x-tenant": "a"}}, True),
    "a tenant and none": ({"headers": {"X-Tenant": "a"}}, {}, False),
    "another key": ({"headers": {"X-Api-Key": "one-secret"}}, {"headers": {"X-Api-Key": "two-secret"}}, True),
    "another parameter": ("?api-version=1", "?api-version=2", False),
    "another key in the address": ("?v=1&key=one-secret", "?v=1&key=two-secret", True),
}


@pytest.mark.parametrize("transport", ["lean", "openai", "langchain"])
@pytest.mark.parametrize("what", TENANTS)
async def test_what_headers_and_addresses_decide_is_kept_apart(loopback: Loopback, what: str, transport: Any) -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    *given, is_same = TENANTS[what]
    cached = []
    for options in given:
        query, headers = (options, {}) if isinstance(options, str) else ("", options.get("headers", {}))
        if transport == "langchain":
            parameters = dict(part.split("=") for part in query[1:].split("&")) if query else {}
            headers = {name.lower(): value for name, value in headers.items()}
            own: dict[str, Any] = {"default_headers": headers, "default_query": parameters, "api_key": "k"}
            model: Any = ChatOpenAI(model="m0", base_url=loopback.url, **own)
        else:
            model = resolve_model("m0", base_url=f"{loopback.url}{query}", headers=headers, transport=transport)
        moa = create_moa(proposers=[model], aggregator="a", resolve=loopback.resolve, cache=cache)
        cached.append((await moa.ainvoke(QUESTION))["proposals"][0]["cached"])

    assert cached == [False, is_same]
    assert "secret" not in repr(cache._cache)


async def test_samples_of_one_model_do_not_get_each_others_answers(loopback: Loopback) -> None:
    said = iter(range(100))
    loopback.say("m0", lambda body: Reply(f"sample {next(said)}"))
    cache = InMemoryCache()  # type: ignore[var-annotated]

    first = await mixture(loopback, cache, proposers=["m0"], samples=3, layers=2).ainvoke(QUESTION)
    again = await mixture(loopback, cache, proposers=["m0"], samples=4, layers=2).ainvoke(QUESTION)

    assert len({p["text"] for p in first["proposals"]}) == 3
    assert [p["cached"] for p in again["proposals"]] == [True, True, True, False]


async def test_models_of_one_class_do_not_get_each_others_answers() -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    models: list[Any] = [ScriptedModel(script="a"), ScriptedModel(script="b"), ScriptedModel(script=lambda m: "c")]
    moa = create_moa(proposers=[*models, ScriptedModel(script=lambda m: "d")], aggregator="offline:words", cache=cache)

    results = [await moa.ainvoke(QUESTION) for _ in range(2)]

    assert [[p["text"] for p in r["proposals"]] for r in results] == [["a", "b", "c", "d"]] * 2
    assert all(p["cached"] for p in results[1]["proposals"])


async def test_failures_and_halves_are_not_kept(loopback: Loopback) -> None:
    loopback.say("m0", Reply(status=500))
    loopback.say("m1", Reply("half", finish_reason="length"))
    cache = InMemoryCache()  # type: ignore[var-annotated]
    await mixture(loopback, cache, layers=2).ainvoke(QUESTION)
    loopback.scripts.clear()

    result = await mixture(loopback, cache, layers=2).ainvoke(QUESTION)

    assert [(p["cached"], p["text"]) for p in result["proposals"]] == [(False, "answer of m0"), (False, "answer of m1")]


async def test_a_file_is_the_same_model_wherever_it_is_served(loopback: Loopback, tmp_path: Path) -> None:
    files = [tmp_path / "one.gguf", tmp_path / "two.gguf"]
    for file in files:
        file.touch()
    cache, cached = InMemoryCache(), []  # type: ignore[var-annotated]

    for file, port in [(files[0], ""), (files[0], "/"), (files[1], "/")]:
        at = partial(resolve_model, base_url=f"{loopback.url}{port}")
        moa = create_moa(
            proposers=[f"gguf:{file}"],
            aggregator="offline:words",
            resolve=lambda spec, at=at, **options: at("m0", **options) if "gguf" in spec else resolve_model(spec),
            cache=cache,
        )
        cached.append((await moa.ainvoke(QUESTION))["proposals"][0]["cached"])

    assert cached == [False, True, False]


class Record(InMemoryCache[Any], CallRecord):
    """Be the shortest record of calls."""


async def test_a_record_replays_failures_and_halves_too(loopback: Loopback) -> None:
    loopback.say("m0", Reply(status=500))
    loopback.say("m1", Reply("half", finish_reason="length"))
    record = Record()
    first = await mixture(loopback, record, layers=2).ainvoke(QUESTION)
    requests = len(loopback.requests)
    loopback.scripts.clear()

    again = await mixture(loopback, record, layers=2).ainvoke(QUESTION)

    assert len(loopback.requests) == requests + 1
    assert [(p["status"], p["text"]) for p in again["proposals"]] == [
        (p["status"], p["text"]) for p in first["proposals"]
    ]
    assert [p["status"] for p in again["proposals"]] == ["error", "truncated"]


async def test_what_was_cut_short_is_not_recorded(loopback: Loopback) -> None:
    loopback.say("m1", Reply(broken="hang"))
    record = Record()

    for asked_of_m1 in (1, 2):
        result = await mixture(loopback, record, layers=2, quorum=Quorum(1)).ainvoke(QUESTION)

        assert [p["cut"] for p in result["proposals"]] == [None, "quorum"]
        assert len(loopback.asked("m1")) <= asked_of_m1


async def test_a_cached_answer_says_what_it_spared(loopback: Loopback) -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    runs = [await mixture(loopback, cache, samples=2, layers=2).ainvoke(QUESTION) for _ in range(2)]
    first, again = (run["proposals"] for run in runs)

    assert ["spared" in p for p in (*first, *again)] == [False] * 4 + [True] * 4
    assert total(p["spared"] for p in again) == total(cost_of(p) for p in first)
    assert [p["spared"]["seconds"] for p in again] == [p["waited"] + p["seconds"] for p in first]


async def test_chains_and_graphs_are_always_asked() -> None:
    asked = []

    def say(messages: Any) -> str:
        asked.append(messages)
        return "said"

    chain: Any = RunnableLambda(say)
    moa = create_moa(proposers=[chain], aggregator="offline:words", cache=InMemoryCache())

    for _ in range(2):
        await moa.ainvoke(QUESTION)

    assert len(asked) == 2


class Broken(InMemoryCache[Any]):
    async def aget(self, keys: Any) -> Any:
        raise ConnectionError("cache is down, key=tiger-burning-bright")

    async def aset(self, pairs: Any) -> None:
        raise ConnectionError("cache is down")


async def test_a_cache_that_is_down_costs_no_answer(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="langgraph_moa"):
        result = await mixture(loopback, Broken(), layers=2).ainvoke(QUESTION)

    assert result["run"]["degraded"] is None
    assert "the cache cannot be read, asking the model instead: ConnectionError" in caplog.text
    assert "tiger" not in caplog.text


def test_the_sync_api_uses_the_cache_too(loopback: Loopback) -> None:
    moa = mixture(loopback, InMemoryCache(), layers=2)

    results = [moa.invoke(QUESTION) for _ in range(2)]

    assert [p["cached"] for p in results[1]["proposals"]] == [True, True]


async def test_a_cache_that_takes_its_time_does_not_disturb_a_quorum(loopback: Loopback, tmp_path: Any) -> None:
    for run in range(10):
        cache = SqliteCache(path=str(tmp_path / f"{run}.db"))  # type: ignore[var-annotated]
        moa = mixture(loopback, cache, proposers=["m0", "m1", "m2"], quorum=Quorum(1, grace_s=1))

        assert (await moa.ainvoke(QUESTION))["run"]["degraded"] is None


class Hanging(InMemoryCache[Any]):
    async def aget(self, keys: Any) -> Any:
        await asyncio.Event().wait()

    async def aset(self, pairs: Any) -> None:
        await asyncio.Event().wait()


class Foreign(InMemoryCache[Any]):
    async def aget(self, keys: Any) -> Any:
        return {key: {"not": "ours"} for key in keys}


@pytest.mark.parametrize("cache", [Hanging(), Foreign()], ids=["hangs", "holds something else"])
async def test_a_cache_that_is_of_no_use_costs_no_answer(
    loopback: Loopback, cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langgraph_moa.nodes.calls.cache._PATIENCE", 0.05)

    async with asyncio.timeout(30):
        result = await mixture(loopback, cache, layers=2).ainvoke(QUESTION)

    assert [p["text"] for p in result["proposals"]] == ["answer of m0", "answer of m1"]


async def test_an_answer_from_the_cache_has_waited_for_nobody(loopback: Loopback) -> None:
    loopback.default = Reply("slow", delay=0.2)
    line, cache = Limits(provider="openai", concurrency=1), InMemoryCache()  # type: ignore[var-annotated]
    first = await mixture(loopback, cache, limits=[line], layers=2).ainvoke(QUESTION)

    again = await mixture(loopback, cache, limits=[line], layers=2).ainvoke(QUESTION)

    assert max(p["waited"] for p in first["proposals"]) > 0.1
    assert [p["waited"] for p in again["proposals"]] == [0.0, 0.0]


async def test_the_same_model_twice_is_asked_twice_and_remembered_twice(loopback: Loopback) -> None:
    said = iter(range(100))
    loopback.say("m0", lambda body: Reply(f"draft {next(said)}"))
    cache = InMemoryCache()  # type: ignore[var-annotated]

    results = [await mixture(loopback, cache, proposers=["m0", "m0"], layers=2).ainvoke(QUESTION) for _ in range(2)]

    assert [{p["text"] for p in r["proposals"]} for r in results] == [{"draft 0", "draft 1"}] * 2
    assert all(p["cached"] for p in results[1]["proposals"])


class Secretive(ScriptedModel):
    """Keep what decides the answer where a dump does not show it."""

    left_out: str = Field(default="", exclude=True)
    _kept_private: Any = PrivateAttr("")

    def _next(self, messages: Any) -> AIMessage:
        super()._next(messages)
        return AIMessage(self.left_out + str(self._kept_private))


class Shown:
    """Show its name, and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"Shown({self._name})"


PRIVATE: dict[str, tuple[Any, Any]] = {
    "a dict": ({"lora": "a"}, {"lora": "b"}),
    "a list": ([1], ["1"]),
    "a tuple": ((1, 2), (2, 1)),
    "a set": ({1}, {2}),
    "inside": ([{1: {"x": [1]}}], [{1: {"x": [2]}}]),
    "names of several kinds": ({1: "a", (2, None): "b"}, {1: "a", (2, None): "c"}),
    "what shows itself": (Shown("a"), Shown("b")),
}


@pytest.mark.parametrize("name", PRIVATE)
async def test_what_a_model_holds_in_private_tells_it_apart(name: str) -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    models = [Secretive(script="") for _ in "aba"]
    for model, value in zip(models, [*PRIVATE[name], deepcopy(PRIVATE[name][0])], strict=True):
        model._kept_private = value

    answers = []
    for model in models:
        result = await create_moa(proposers=[model], aggregator="offline:words", cache=cache).ainvoke(QUESTION)
        answers.append((result["proposals"][0]["text"], result["proposals"][0]["cached"]))

    first, other = (str(value) for value in PRIVATE[name])
    assert answers == [(first, False), (other, False), (first, True)]


async def test_a_model_that_holds_what_cannot_be_told_from_others_is_asked_each_time() -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    model = Secretive(script="")
    model._kept_private = iter("x")
    moa = create_moa(proposers=[model], aggregator="offline:words", cache=cache)

    assert [(await moa.ainvoke(QUESTION))["proposals"][0]["cached"] for _ in range(2)] == [False, False]


async def test_fields_that_a_dump_leaves_out_tell_models_apart() -> None:
    cache = InMemoryCache()  # type: ignore[var-annotated]
    models: list[Any] = [Secretive(script="", left_out=word) for word in "ab"] + [Secretive(script="") for _ in "cd"]
    models[2]._kept_private, models[3]._kept_private = "c", "d"
    parameters = [ScriptedModel(script=lambda m: "e").bind(stop=[word]) for word in "xy"]

    texts = []
    for model in [*models, *parameters]:
        result = await create_moa(proposers=[model], aggregator="offline:words", cache=cache).ainvoke(QUESTION)
        texts.append((result["proposals"][0]["text"], result["proposals"][0]["cached"]))

    assert texts == [("a", False), ("b", False), ("c", False), ("d", False), ("e", False), ("e", False)]
