"""Mixtures by name: dated, and priced."""

import re

import pytest
from langchain_core.messages.ai import UsageMetadata
from langgraph_moa import ConfigError
from langgraph_moa.core.models.presets import load_preset, presets, presets_checked
from langgraph_moa.core.models.prices import price_of
from tables import each


def test_presets_are_dated_and_named() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", presets_checked())
    assert list(presets()) == ["together", "openai", "offline"]
    with pytest.raises(ConfigError, match=r"unknown preset 'togther'; did you mean 'together'\?.*presets\.toml"):
        load_preset("togther")


@each("model", sorted({m for p in presets().values() for m in (*p["proposers"], p["aggregator"])}))
def test_every_model_of_a_preset_has_a_price(model: str) -> None:
    provider, _, name = model.partition(":")
    usage = UsageMetadata(input_tokens=1000, output_tokens=1000, total_tokens=2000)

    assert price_of(usage, models=[name], provider=provider, endpoint=None, own={}) is not None
