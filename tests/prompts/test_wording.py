"""Each sample is told the same in other words, and the first one in none."""

import json
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph.cache.memory import InMemoryCache
from langgraph_moa import ConfigError, Proposer, create_moa, create_self_moa, create_self_moa_seq
from langgraph_moa.core.models.openai_transport import shared_async_client, shared_sync_client
from langgraph_moa.graphs.plan import plan_of
from langgraph_moa.prompts.wording import wording
from loopback import Loopback, Reply
from pydantic import SecretStr

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}


def test_a_hundred_samples_are_told_so_in_as_many_words(snapshot: Any) -> None:
    words = [wording(number) for number in range(101)]

    assert words[0] == ""
    assert len({*words}) == 101
    assert words[:12] == snapshot


def alike(body: dict[str, Any]) -> Reply:
    """Answer as a model does at temperature 0: the same where it is asked the same."""
    return Reply(f"It is {sum(json.dumps(body['messages']).encode())}")


@pytest.mark.parametrize("kind", ["lean", "object"])
async def test_samples_differ_that_would_all_be_equal(loopback: Loopback, kind: str, snapshot: Any) -> None:
    loopback.default = alike
    clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
    built = ChatOpenAI(model="m", api_key=SecretStr("k"), base_url=loopback.url, **clients)
    model: Any = "m" if kind == "lean" else built
    options: Any = {"model": model, "samples": 4, "temperature": 0, "resolve": loopback.resolve, "early_stop": None}

    same = await create_self_moa(**options).ainvoke(QUESTION)
    loopback.requests.clear()
    state = await create_self_moa(**options, vary="wording").ainvoke(QUESTION)

    assert len({p["text"] for p in same["proposals"]}) == 1
    assert [p["proposer"] for p in state["proposals"]] == ["m/1", "m/2", "m/3", "m/4"]
    assert len({p["text"] for p in state["proposals"]}) == 4
    first = state["proposals"][0]["text"]
    assert first == same["proposals"][0]["text"]
    bodies = [request.body for request in loopback.requests[:4]]
    assert sorted(json.dumps(body["messages"]) for body in bodies) == snapshot
    assert all("n" not in body and body["messages"][-1]["content"] == "What is 12 * 4?" for body in bodies)


def test_its_drawing(snapshot: Any) -> None:
    moa = create_self_moa(model="offline:words", samples=3, vary="wording")

    assert moa.get_graph().draw_mermaid(with_styles=False) == snapshot


async def test_a_cache_knows_them_apart(loopback: Loopback) -> None:
    loopback.default = alike
    cache: Any = InMemoryCache()
    moa = create_self_moa(model="m", samples=3, vary="wording", cache=cache, resolve=loopback.resolve)

    first, second = [await moa.ainvoke(QUESTION) for _ in range(2)]

    assert [p["cached"] for p in second["proposals"]] == [True] * 3
    assert [p["text"] for p in first["proposals"]] == [p["text"] for p in second["proposals"]]
    assert len(loopback.asked("m")) == 3 + 2


def numbers(moa: Any) -> list[list[int]]:
    return [[seat.wording for seat in layer] for layer in plan_of(moa).seated.panel]


def test_who_is_a_sample_of_whom() -> None:
    last: Any = {"aggregator": "offline:words", "vary": "wording"}
    panel: Any = ["offline:words", "offline:words", Proposer("offline:stems", samples=2), "offline:phrases"]

    assert numbers(create_moa(proposers=panel, **last)) == [[0, 1, 0, 1, 0]]
    assert numbers(create_moa(proposers=panel, layers=3, **last)) == [[0, 1, 0, 1, 0]] * 2
    assert numbers(create_moa(proposers=[["offline:words"], ["offline:words"]], **last)) == [[0], [0]]
    own: Any = [Proposer("offline:words", system_prompt="Doubt it."), "offline:words"]
    assert numbers(create_moa(proposers=own, **last)) == [[0, 0]]
    assert numbers(create_self_moa_seq(model="offline:words", samples=5, window=3, vary="wording")) == [
        [0, 1, 2],
        [0, 3, 4],
    ]
    assert numbers(create_moa(proposers=panel, aggregator="offline:words")) == [[0] * 5]


def test_another_way_is_refused() -> None:
    with pytest.raises(ConfigError, match="found vary='words', expected 'wording', or None"):
        create_self_moa(model="offline:words", vary="words")  # type: ignore[arg-type]
