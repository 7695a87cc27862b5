"""What a tier of service costs: as genai-prices' list says, else a share of the list price, or nobody knows."""

from typing import Any

import pytest
from langgraph_moa import ConfigError, Price
from langgraph_moa.core.models.prices import check_prices, price_of, sells_at
from tables import each

AT_OPENAI = "https://api.openai.com/v1/"
USAGE: Any = {"input_tokens": 1000, "output_tokens": 1000, "total_tokens": 2000}


def usd_of(model: str, tier: str | None, endpoint: str | None = AT_OPENAI, **own: Price) -> float | None:
    provider = "openai" if endpoint else "together"
    return price_of(
        USAGE, models=[f"{provider}:{model}", model], provider=provider, endpoint=endpoint, own=own, tier=tier
    )


@each(
    ("model", "tier", "share"),
    [
        ("gpt-6-luna", "batch", 0.5),
        ("gpt-6-luna", "flex", 0.5),
        ("gpt-6-luna", "priority", 2.0),
        ("gpt-6-luna", "fast", 2.0),
        ("gpt-6-luna", "default", 1.0),
        ("gpt-6-luna", "auto", 1.0),
        ("gpt-5.5", "priority", 2.5),
        ("gpt-5-pro", "batch", 0.5),
        ("gpt-5-pro", "flex", 0.5),
    ],
)
def test_a_listed_price_is_that_of_the_tier(model: str, tier: str, share: float) -> None:
    usual = usd_of(model, None)

    assert usual
    assert usd_of(model, tier) == pytest.approx(share * usual)


def test_a_price_is_unknown_where_nobody_says_how_much_dearer_a_tier_is() -> None:
    assert usd_of("gpt-5-pro", "priority") is None
    assert usd_of("gpt-6-luna", "scale") is None
    assert usd_of("mine", "priority", "http://localhost:8000/v1", mine=Price(input=1)) is None


def test_anthropics_batches_cost_half_by_its_address() -> None:
    def usd(tier: str | None) -> float | None:
        where: Any = {"provider": "anthropic", "endpoint": "https://api.anthropic.com/v1/"}
        return price_of(USAGE, models=["claude-opus-5"], own={}, tier=tier, **where)

    assert usd("batch") == pytest.approx((usd("standard") or 0) / 2)
    assert usd("priority") is None


def test_together_gives_half_for_selected_models_only() -> None:
    for model, share in (("meta-llama/Llama-3.3-70B-Instruct-Turbo", 0.5), ("openai/gpt-oss-120b", 1.0)):
        assert usd_of(model, "batch", None) == pytest.approx(share * (usd_of(model, None, None) or 0))


@each(
    ("price", "tier", "endpoint", "usd"),
    [
        (Price(input=1, output=3), None, AT_OPENAI, 0.004),
        (Price(input=1, output=3), "batch", AT_OPENAI, 0.002),
        (Price(input=1, output=3), "flex", AT_OPENAI, 0.002),
        (Price(input=1, output=3), "flex", "http://localhost:8000/v1", 0.004),
        (Price(input=1, output=3, flex=0.6), "flex", "http://localhost:8000/v1", 0.0024),
        (Price(input=1, output=3, batch=0), "batch", "http://localhost:8000/v1", 0.0),
        (Price(), "priority", AT_OPENAI, 0.0),
    ],
)
def test_ones_own_prices_are_list_prices(price: Price, tier: str | None, endpoint: str, usd: float) -> None:
    assert usd_of("gpt-6-luna", tier, endpoint, **{"gpt-6-luna": price}) == pytest.approx(usd)


@pytest.mark.parametrize("tier", ["priority", "flex"])
def test_what_was_read_from_a_cache_is_cheaper_at_every_tier(tier: str) -> None:
    """langchain-openai, and this package, call it by the tier's name there."""
    counts: Any = {**USAGE, "input_token_details": {f"{tier}_cache_read": 900, tier: 100}}
    names = ["gpt-6-luna"]

    cached = price_of(counts, models=names, provider="openai", endpoint=AT_OPENAI, own={}, tier=tier)
    whole = price_of(USAGE, models=names, provider="openai", endpoint=AT_OPENAI, own={}, tier=tier)

    assert cached
    assert whole
    assert cached < whole


def test_who_is_sold_at_a_tier_is_read_in_the_list() -> None:
    where: Any = {"provider": "openai", "endpoint": AT_OPENAI}

    assert sells_at("flex", models=["openai:gpt-6-luna", "gpt-6-luna"], **where)
    assert not sells_at("flex", models=["gpt-5-pro"], **where)
    assert not sells_at("flex", models=["gpt-6-luna"], provider="openai", endpoint="http://localhost:8000/v1")
    assert not sells_at("flex", models=["gpt-6-luna"], provider=None, endpoint=None)


@pytest.mark.parametrize("share", [-0.5, 1.5, "half"])
def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"found flex=.* in the price of 'm', expected a share of it from 0 to 1, such"
    ):
        check_prices({"m": Price(flex=share)})
