"""A temperature, or a level of thinking, that a server refuses never costs the answer: it is asked without, told."""

import json
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa import Proposer, create_moa, create_self_moa, create_single, resolve_model
from langgraph_moa.core.models.openai_transport import shared_async_client, shared_sync_client
from loopback import Loopback, Reply
from pydantic import SecretStr

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}
NO_EFFORT = "Unrecognized request argument supplied: reasoning_effort"
NO_HEAT = (
    "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported."
)


def refusing(body: dict[str, Any]) -> Reply:
    """Refuse the level, then the temperature, as OpenAI does of models that know neither."""
    words = NO_EFFORT if "reasoning_effort" in body else NO_HEAT if "temperature" in body else None
    return Reply(status=400, body=json.dumps({"error": {"message": words}})) if words else Reply("48")


def model_of(loopback: Loopback, kind: str, name: str) -> Any:
    if kind == "object":
        clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
        return ChatOpenAI(model=name, api_key=SecretStr("k"), base_url=loopback.url, **clients)
    return resolve_model(name, base_url=loopback.url, transport=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["lean", "openai", "object"])
async def test_it_is_asked_without_told_and_remembered(loopback: Loopback, kind: str) -> None:
    loopback.default = refusing
    model = model_of(loopback, kind, "m")

    for _ in range(2):
        state = await create_single(model=model, reasoning_effort="high", temperature=0.5).ainvoke(QUESTION)
        assert state["messages"][-1].text == "48"
        assert state["run"]["aggregators"][0]["left_out"] == ["reasoning_effort", "temperature"]
        assert (state["run"]["calls"], len(state["run"]["notes"])) == (1, 2)

    assert len(loopback.requests) == 3 + 1


async def test_a_level_that_is_refused_says_nothing_of_others(loopback: Loopback) -> None:
    def script(body: dict[str, Any]) -> Reply:
        words = "reasoning_effort: Input should be 'low', 'medium' or 'high'"
        is_refused = body.get("reasoning_effort") == "xhigh"
        return Reply(status=400, body=json.dumps({"detail": words})) if is_refused else Reply("48")

    loopback.default = script
    model = model_of(loopback, "lean", "m")

    first = await create_single(model=Proposer(model, reasoning_effort="xhigh")).ainvoke(QUESTION)
    await create_single(model=Proposer(model, reasoning_effort="high")).ainvoke(QUESTION)
    await create_single(model=Proposer(model, reasoning_effort="xhigh")).ainvoke(QUESTION)

    assert first["run"]["aggregators"][0]["left_out"] == ["reasoning_effort"]
    assert [r.body.get("reasoning_effort") for r in loopback.requests] == ["xhigh", None, "high", None]


async def test_a_temperature_out_of_range_is_its_users_mistake(loopback: Loopback) -> None:
    loopback.default = Reply(status=400, body='{"error": {"message": "temperature must be between 0 and 2"}}')
    moa = create_moa(proposers=["m"], aggregator="offline:words", temperature=3, resolve=loopback.resolve)

    with pytest.raises(Exception, match="between 0 and 2"):
        await moa.ainvoke(QUESTION)

    assert len(loopback.requests) == 1


async def test_samples_in_one_request_go_without_as_well(loopback: Loopback) -> None:
    loopback.default = refusing

    moa = create_self_moa(model="m", samples=3, reasoning_effort="low", resolve=loopback.resolve)
    state = await moa.ainvoke(QUESTION)

    assert [r.n for r in loopback.requests] == [3, 3, 1]
    assert [p["left_out"] for p in state["proposals"]] == [["reasoning_effort"]] * 3
