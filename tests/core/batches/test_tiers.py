"""Tiers: what they cost beside the list price, and what a batch may hold."""

from datetime import date

import pytest
from langgraph_moa.core.batches.tiers import (
    _file,
    _sellers,
    batch_limits,
    price_factor,
    tier_seconds,
    tiers_taken,
)
from tables import each


@each(
    ("provider", "tier", "model", "factor"),
    [
        ("openai", "batch", "gpt-6-luna", 0.5),
        ("https://api.openai.com/v1", "flex", "gpt-6-luna", 0.5),
        ("https://api.openai.com/v1/", "default", "gpt-6-luna", 1.0),
        ("openai", None, "gpt-6-luna", 1.0),
        ("openai", "auto", "gpt-6-luna", 1.0),
        ("openai", "priority", "gpt-5-mini-2025-08-07", 1.8),
        ("openai", "fast", "gpt-5.5", 2.5),
        ("openai", "priority", "gpt-99", None),
        ("openai", "scale", "gpt-6-luna", None),
        ("https://eu.api.openai.com/v1", "batch", "gpt-6-luna", 0.5),
        ("https://eu.example.api.openai.com/v1", "batch", "gpt-6-luna", 1.0),
        ("https://api.openai.com.example.org/v1", "flex", "gpt-6-luna", 1.0),
        ("http://localhost:8000/v1", "batch", "qwen3:8b", 1.0),
        ("http://localhost:8000/v1", "priority", "qwen3:8b", None),
        ("together", "batch", "meta-llama/Llama-3.3-70B-Instruct-Turbo", 0.5),
        ("together", "batch", "moonshotai/Kimi-K3", 1.0),
        ("anthropic", "batch", "claude-opus-5", 0.5),
        ("groq", "flex", "openai/gpt-oss-20b", 1.0),
        ("groq", "batch", "openai/gpt-oss-20b", 0.5),
        ("mistralai", "batch", "mistral-large-4", 0.5),
        (None, "batch", "any", 1.0),
        ("http://localhost:8000/v1", "best-effort", "qwen3:8b", 1.0),
    ],
)
def test_a_tier_costs_a_share_of_the_list_price(
    provider: str | None, tier: str | None, model: str, factor: float | None
) -> None:
    assert price_factor(provider, tier, model) == factor


@pytest.mark.parametrize("name", _sellers())
def test_each_provider_names_its_sources_and_its_limits(name: str) -> None:
    limits = batch_limits(name)
    assert limits.provider == name
    assert limits.requests >= 50_000
    assert limits.bytes >= 100_000_000
    assert limits.windows[0] == "24h"
    assert all(terms["source"] for terms in _sellers()[name].values() if isinstance(terms, dict))


def test_a_batch_of_a_server_that_is_not_known_is_held_to_the_strictest_limits() -> None:
    unknown = batch_limits("http://localhost:8000/v1")
    assert (unknown.requests, unknown.bytes, unknown.models, unknown.provider) == (50_000, 100_000_000, 1, None)
    assert str(unknown) == (
        "limits of the strictest provider, for this server's are not known: 50,000 requests and 100 MB of one model a "
        "batch, within 24h"
    )


def test_together_takes_its_files_under_another_name_and_refuses_some_models() -> None:
    limits = batch_limits("https://api.together.xyz/v1/")
    assert (limits.purpose, limits.models) == ("batch-api", 1)
    assert "deepseek-ai/DeepSeek-V3.1" in limits.refused


def test_anthropic_takes_more_and_any_models() -> None:
    limits = batch_limits("anthropic")
    assert (limits.requests, limits.bytes, limits.models, limits.api) == (100_000, 256_000_000, None, "messages")


def test_a_model_is_looked_for_by_all_its_names() -> None:
    assert price_factor("openai", "priority", "openai:gpt-5-mini", "gpt-5-mini") == 1.8


def test_who_takes_which_tier_is_told_by_the_server_that_is_asked() -> None:
    assert "flex" in (tiers_taken("https://api.openai.com/v1/") or ())
    assert tiers_taken("https://api.together.xyz/v1/") == frozenset()
    assert tiers_taken("http://localhost:8000/v1") is None
    assert tier_seconds("openai", "flex") == 900
    assert tier_seconds("openai", "priority") is tier_seconds(None, "flex") is None


def test_the_file_says_when_it_was_checked() -> None:
    assert _file()["checked"] >= date(2026, 11, 30)
