"""What tokens cost, where that is known."""

from typing import Any

import pytest
from langgraph_moa.core.models.prices import Price, price_of
from tables import each


def usage(tokens: int) -> Any:
    return {"input_tokens": tokens, "output_tokens": tokens, "total_tokens": 2 * tokens}


@pytest.mark.parametrize(
    ("provider", "endpoint", "model", "known"),
    [
        ("openai", "https://api.openai.com/v1/", "gpt-5.4-mini", True),
        ("openai", "http://localhost:8000/v1/", "gpt-5.4-mini", False),
        ("openai", "https://api.openai.com/v1/", "gpt-nonsense", False),
        ("somebody", None, "gpt-5.4-mini", False),
        (None, None, "gpt-5.4-mini", False),
    ],
)
def test_a_price_that_is_not_known_is_none(provider: str, endpoint: str, model: str, known: bool) -> None:
    usd = price_of(usage(1000), models=[model], provider=provider, endpoint=endpoint, own={})

    assert (usd is not None and usd > 0) == known
    assert usd != 0


@pytest.mark.parametrize("counted", [-1, "many", None, 0])
def test_counts_that_make_no_sense_cost_unknown(counted: Any) -> None:
    made_up: Any = {"input_tokens": counted, "output_tokens": 1, "total_tokens": 1}

    assert price_of(made_up, models=["gpt-5.4-mini"], provider="openai", endpoint=None, own={}) is None


@each("odd", [None, 7, "", ["a"], {"a": 1}, "\ud83d", "a" * 100_000])
@each("endpoint", [None, "https://api.openai.com/v1", "\x00"])
def test_whatever_a_reply_says_of_itself_a_price_is_looked_for(odd: Any, endpoint: str | None) -> None:
    own = {"gpt-nonsense": Price(input=1)}
    counts = {**usage(1000), "input_token_details": {"cache_read": 900, "cache_creation": 900, "total_cost": 0.1}}

    assert price_of(counts, models=[odd], provider=odd, endpoint=endpoint, own=own) is None
    assert price_of(odd, models=["gpt-4o"], provider="openai", endpoint=endpoint, own=own) is None


def test_ones_own_prices_win() -> None:
    own = {"openai:gpt-5.4-mini": Price(input=10, output=20), "served": Price()}

    def of(*models: str, **options: Any) -> float | None:
        return price_of(usage(1000), models=models, provider="openai", endpoint=None, own=own)

    assert of("openai:gpt-5.4-mini", "gpt-5.4-mini") == pytest.approx(0.03)
    assert of("served", "gpt-5.4-mini") == 0.0
    assert price_of(None, models=["served"], provider="openai", endpoint=None, own=own) is None


def test_a_file_of_ones_own_costs_nothing() -> None:
    priced = price_of(None, models=["gpt-4o"], provider="gguf", endpoint="http://127.0.0.1:1/v1", own={})

    assert priced == 0.0


def test_a_list_is_searched_once_for_an_id_and_again_when_it_is_brought_up_to_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sum is worked out anew each time: a price may depend on how many tokens there are, and on the date."""
    from genai_prices import data_snapshot

    searched: list[str] = []
    search = data_snapshot.DataSnapshot.find_provider_model

    def counting(self: Any, model: str, *rest: Any) -> Any:
        searched.append(model)
        return search(self, model, *rest)

    monkeypatch.setattr(data_snapshot.DataSnapshot, "find_provider_model", counting)
    bundled = data_snapshot.get_snapshot()
    fresh = data_snapshot.DataSnapshot(providers=bundled.providers, from_auto_update=True)

    def of(*models: str, tokens: int = 1000) -> float | None:
        return price_of(usage(tokens), models=models, provider="openai", endpoint="https://api.openai.com/v1", own={})

    assert [of("no-such-model", "nor-this") for _ in range(3)] == [None] * 3
    assert searched == ["no-such-model", "nor-this"]
    monkeypatch.setattr(data_snapshot, "_custom_snapshot", fresh)
    assert of("no-such-model", "nor-this") is None
    assert searched == ["no-such-model", "nor-this"] * 2
    once, twice = of("openai:gpt-4o", "gpt-4o"), of("openai:gpt-4o", "gpt-4o", tokens=2000)
    assert once
    assert twice == pytest.approx(2 * once)
    assert searched.count("openai:gpt-4o") == 1
