"""A budget takes a call for the dearest tier at which it may be answered."""

from dataclasses import replace
from typing import Any

import pytest
from langgraph_moa import Budget, ConfigError, Price, Proposer, create_moa
from langgraph_moa.core.bounds.budget import call_at_most
from langgraph_moa.core.deferral import reckoned_in_batches
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.habits import HABITS
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.seats import Seat
from langgraph_moa.graphs.estimate import estimate, usual_cost
from tables import each

OWN = Proposer("m", base_url="http://localhost:1/v1")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")


def seat_of(model: Any, tier: Any, **prices: Price) -> Seat:
    defaults = Defaults(max_tokens=1000, tier=tier, prices=prices)
    return seat_layers([model], "offline:words", None, defaults).panel[0][0]


@each(
    ("model", "tier", "prices", "share"),
    [
        ("openai:gpt-6-luna", "flex", {}, 0.5),
        ("openai:gpt-6-luna", "flex-or-default", {}, 1.0),
        ("openai:gpt-6-luna", "priority", {}, 2.0),
        ("openai:gpt-6-luna", "auto", {}, 1.0),
        ("openai:gpt-5-mini", "flex", {"gpt-5-mini": Price(input=1, output=1)}, 0.5),
        ("openai:not-sold-at-flex", "flex", {"not-sold-at-flex": Price(input=1, output=1)}, 1.0),
        (OWN, "flex", {"m": Price(input=1, output=1)}, 1.0),
        (OWN, "flex", {"m": Price(input=1, output=1, flex=0.25)}, 0.25),
        (OWN, "priority", {"m": Price(input=1, output=1, priority=2)}, 2.0),
    ],
)
def test_a_call_is_bounded_by_its_tiers_price(model: Any, tier: Any, prices: Any, share: float) -> None:
    usual, tiered = (call_at_most(seat_of(model, each_tier, **prices), [])["usd"] for each_tier in (None, tier))

    assert usual
    assert tiered == pytest.approx(share * usual)


def test_a_tier_that_a_server_refused_is_bounded_by_the_list_price() -> None:
    seat = seat_of(Proposer("refusing", base_url="http://localhost:2/v1"), "flex", refusing=Price(input=1, flex=0.5))
    before = call_at_most(seat, [])["usd"]

    HABITS.learn(seat, frozenset({"service_tier"}))

    assert call_at_most(seat, [])["usd"] == pytest.approx(2 * (before or 0))


@each(("model", "share"), [("openai:gpt-6-luna", 0.5), ("together:openai/gpt-oss-120b", 1.0)])
def test_a_call_in_a_providers_batch_is_bounded_by_its_price(
    model: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "k")
    seat = seat_of(model, "flex")
    at_once = call_at_most(replace(seat, tier=None), [])["usd"]

    with reckoned_in_batches():
        assert call_at_most(seat, [])["usd"] == pytest.approx(share * (at_once or 0))
    with reckoned_in_batches(are_all=False):
        assert call_at_most(replace(seat, tier=None), [])["usd"] == at_once


def test_an_estimate_is_half_in_batches() -> None:
    moa = create_moa(proposers=["openai:gpt-6-luna"], aggregator="openai:gpt-6-sol", max_tokens=500, tier="priority")
    usual = create_moa(proposers=["openai:gpt-6-luna"], aggregator="openai:gpt-6-sol", max_tokens=500)

    with reckoned_in_batches():
        batched = [estimate(moa, "Why?")["usd"], usual_cost(moa, "Why?")["usd"]]

    at_once = [estimate(usual, "Why?")["usd"], usual_cost(usual, "Why?")["usd"]]
    assert batched == pytest.approx([(usd or 0) / 2 for usd in at_once])


def test_a_strict_budget_refuses_a_tier_whose_price_is_not_known() -> None:
    with pytest.raises(
        ConfigError, match=r"over m at the tier 'priority', whose price is unknown.*Price\(..., priority=2.0\)"
    ):
        create_moa(
            proposers=[Proposer("m", base_url="http://localhost:1/v1", tier="priority")],
            aggregator="offline:words",
            prices={"m": Price(input=1)},
            max_tokens=10,
            budget=Budget(usd=1),
        )


def test_an_estimate_is_half_at_flex() -> None:
    def costs(tier: Any) -> list[float | None]:
        moa = create_moa(proposers=["openai:gpt-6-luna"], aggregator="openai:gpt-6-sol", max_tokens=500, tier=tier)
        return [estimate(moa, "Why?")["usd"], usual_cost(moa, "Why?")["usd"]]

    assert costs("flex") == pytest.approx([(usd or 0) / 2 for usd in costs(None)])
    usual, at_most = costs("flex-or-default")[1], costs("flex-or-default")[0]
    assert (at_most, usual) == pytest.approx((costs(None)[0], costs("flex")[1]))
