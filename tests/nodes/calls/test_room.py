"""A server that has no room at flex is asked again, or at the usual tier where that was said; real HTTP."""

import json
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa import Price, Proposer, create_moa, create_single, resolve_model
from langgraph_moa.core.models.openai_transport import shared_async_client, shared_sync_client
from langgraph_moa.nodes.calls import room
from loopback import Loopback, Reply
from pydantic import SecretStr

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}
NO_ROOM = json.dumps({"error": {"message": "Resource Unavailable", "code": "resource_unavailable"}})
PRICE = Price(input=1000, output=1000, flex=0.5)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_FIRST_PAUSE", 0.001)


class Flexible:
    """Answer at the tier that is asked for, and at flex after so many requests."""

    def __init__(self, full: int) -> None:
        self.full = full

    def __call__(self, body: dict[str, Any]) -> Reply:
        tier = body.get("service_tier", "default")
        if tier == "flex" and self.full > 0:
            self.full -= 1
            return Reply(status=429, body=NO_ROOM)
        return Reply("48", tier=tier)


def tiers_asked(loopback: Loopback) -> list[str | None]:
    return [request.body.get("service_tier") for request in loopback.requests]


@pytest.mark.parametrize("transport", ["lean", "openai"])
async def test_it_is_asked_again_and_pays_half(loopback: Loopback, transport: Any) -> None:
    loopback.default = Flexible(5)
    model = Proposer("m", base_url=loopback.url, transport=transport, tier="flex")

    state = await create_single(model=model, prices={"m": PRICE}).ainvoke(QUESTION)

    (call,) = state["run"]["aggregators"]
    assert tiers_asked(loopback) == ["flex"] * 6
    assert (call["tier"], call["status"], call["retries"]) == ("flex", "ok", 5)
    assert call["usd"] == pytest.approx(call["usage"]["total_tokens"] / 1000 / 2)
    assert state["run"]["notes"] == ["m: 1 call answered at the tier flex"]


@pytest.mark.parametrize("transport", ["lean", "openai"])
async def test_it_is_asked_at_the_usual_tier_where_that_was_said(loopback: Loopback, transport: Any) -> None:
    loopback.default = Flexible(100)
    model = Proposer("m", base_url=loopback.url, transport=transport)

    state = await create_single(model=model, tier="flex-or-default", prices={"m": PRICE}).ainvoke(QUESTION)

    (call,) = state["run"]["aggregators"]
    assert tiers_asked(loopback) == [*["flex"] * 4, "default"]
    assert (call["tier"], call["left_out"]) == ("default", [])
    assert call["usd"] == pytest.approx(call["usage"]["total_tokens"] / 1000)
    assert "at the list price, and not at the one that was asked for" in state["run"]["notes"][0]


@pytest.mark.parametrize("transport", ["lean", "openai"])
async def test_it_says_what_to_do_where_there_was_no_room_in_time(
    loopback: Loopback, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_FIRST_PAUSE", 1000.0)
    loopback.say("m", Flexible(10_000))
    model = Proposer("m", base_url=loopback.url, transport=transport, tier="flex", timeout=60)
    other = Proposer("other", base_url=loopback.url, transport=transport)

    state = await create_moa(proposers=[model, other], aggregator=other.model, resolve=loopback.resolve).ainvoke(
        QUESTION
    )

    (call,) = [p for p in state["proposals"] if p["model"] == "m"]
    assert (call["status"], call["usd"]) == ("rate_limited", 0.0)
    assert "charges nothing for that; ask later, in a batch, or with tier='flex-or-default'" in str(call["error"])


async def test_another_limit_is_not_waited_for(loopback: Loopback) -> None:
    loopback.say("m", Reply(status=429, body='{"error": {"message": "Rate limit reached"}}'))
    model = Proposer("m", base_url=loopback.url, tier="flex")

    await create_moa(proposers=[model, "other"], aggregator="other", resolve=loopback.resolve).ainvoke(QUESTION)

    assert len(loopback.asked("m")) == 1


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(("served", "share"), [("flex", 0.5), ("default", 1.0), (None, 1.0)])
async def test_the_servers_word_decides_what_it_cost(
    loopback: Loopback, served: str | None, share: float, streams: bool
) -> None:
    loopback.default = Reply("48", tier=served)
    model = Proposer("m", base_url=loopback.url, tier="flex")
    moa = create_single(model=model, prices={"m": PRICE})

    if streams:
        parts = [part async for part in moa.astream(QUESTION, stream_mode=["messages", "values"])]
        state: Any = [part for mode, part in parts if mode == "values"][-1]
    else:
        state = await moa.ainvoke(QUESTION)

    (call,) = state["run"]["aggregators"]
    assert call["tier"] == served
    if call["usage"]:
        assert call["usd"] == pytest.approx(share * call["usage"]["total_tokens"] / 1000)


async def test_a_model_of_ones_own_pays_what_its_tier_costs(loopback: Loopback) -> None:
    loopback.default = Reply("48", tier="flex")
    clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
    own = ChatOpenAI(model="m", api_key=SecretStr("k"), base_url=loopback.url, service_tier="flex", **clients)

    state = await create_single(model=own, prices={"m": PRICE}).ainvoke(QUESTION)

    (call,) = state["run"]["aggregators"]
    assert (call["tier"], tiers_asked(loopback)) == ("flex", ["flex"])
    assert call["usd"] == pytest.approx(call["usage"]["total_tokens"] / 1000 / 2)


async def test_a_tier_that_nobody_asked_for_has_its_own_price(loopback: Loopback) -> None:
    """What is set at the provider for a whole project, as OpenAI lets one do with priority."""
    loopback.default = Reply("48", tier="priority")

    state = await create_single(model="m", resolve=loopback.resolve, prices={"m": PRICE}).ainvoke(QUESTION)

    (call,) = state["run"]["aggregators"]
    assert (call["tier"], call["usd"], tiers_asked(loopback)) == ("priority", None, [None])


@pytest.mark.parametrize("transport", ["lean", "openai"])
async def test_a_server_that_refuses_it_is_asked_without_and_remembered(loopback: Loopback, transport: Any) -> None:
    def refusing(body: dict[str, Any]) -> Reply:
        words = '{"error": {"message": "Unsupported service_tier: flex", "type": "invalid_request_error"}}'
        return Reply(status=400, body=words) if body.get("service_tier") == "flex" else Reply("48")

    loopback.default = refusing
    model: Any = resolve_model("m", base_url=loopback.url, transport=transport)

    for _ in range(2):
        state = await create_single(model=model, tier="flex", prices={"m": PRICE}).ainvoke(QUESTION)
        (call,) = state["run"]["aggregators"]
        assert (call["left_out"], call["tier"], call["status"]) == (["service_tier"], None, "ok")
        assert call["usd"] == pytest.approx(call["usage"]["total_tokens"] / 1000)
        assert "takes no such tier of service" in state["run"]["notes"][0]

    assert tiers_asked(loopback) == ["flex", None, None]
    await create_single(model=model, tier="priority").ainvoke(QUESTION)
    assert tiers_asked(loopback)[-1] == "priority"
