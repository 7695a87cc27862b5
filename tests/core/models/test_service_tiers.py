"""At which tier of service a model is asked, and was answered."""

from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa import ConfigError, Proposer, resolve_model
from langgraph_moa.core.models.capabilities import chat_model_of
from langgraph_moa.core.models.service_tiers import (
    answered_tier,
    is_reported,
    lacks_room,
    patience_at,
    tier_in,
    with_tier,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.seats import Seat
from langgraph_moa.core.wire.refusals import refusal
from pydantic import SecretStr
from tables import each


def seat_of(model: Any, **defaults: Any) -> Seat:
    return seat_layers([model], "offline:words", None, Defaults(timeout=180.0, **defaults)).panel[0][0]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("TOGETHER_API_KEY", "k")


@each("transport", ["lean", "openai"])
def test_a_model_of_openai_is_asked_for_it_and_may_take_longer(transport: Any) -> None:
    seat = seat_of(Proposer("openai:gpt-6-luna", tier="flex", transport=transport))

    assert (tier_in(seat.model), seat.tier, seat.timeout, seat.without) == ("flex", "flex", 900.0, frozenset())
    chat: Any = chat_model_of(seat.model)
    assert (chat.address.seconds if transport == "lean" else chat.request_timeout) == 900.0


@each(
    ("model", "tier", "without"),
    [
        ("together:openai/gpt-oss-120b", "flex", {"service_tier"}),
        ("together:openai/gpt-oss-120b", "default", set()),
        ("offline:words", "flex", {"service_tier"}),
        (Proposer("qwen3:8b", base_url="http://localhost:1/v1"), "flex", set()),
        (Proposer("openai:gpt-6-luna", tier="default"), "flex", set()),
    ],
)
def test_who_does_not_sell_it_is_not_asked_for_it(model: Any, tier: Any, without: set[str]) -> None:
    seat = seat_of(model, tier=tier)

    assert set(seat.without) == without
    assert (seat.tier is None) == bool(without or tier == "default")


def test_a_timeout_of_ones_own_stays() -> None:
    assert seat_of(Proposer("openai:gpt-6-luna", timeout=180.0), tier="flex").timeout == 180.0
    assert seat_of(Proposer("openai:gpt-6-luna", tier="priority")).timeout == 180.0
    moved = seat_layers(["openai:gpt-6-luna"], "offline:words", None, Defaults(timeout=60.0, tier="flex"))
    assert moved.panel[0][0].timeout == 60.0


@each(
    ("model", "tier"),
    [
        (ChatOpenAI(model="m", api_key=SecretStr("k"), service_tier="flex"), "flex"),
        (ChatOpenAI(model="m", api_key=SecretStr("k"), extra_body={"service_tier": "flex", "top_k": 1}), "flex"),
        (ChatOpenAI(model="m", api_key=SecretStr("k")).bind(service_tier="priority"), "priority"),
        (ChatOpenAI(model="m", api_key=SecretStr("k")), None),
        (ScriptedModel(), None),
    ],
)
def test_a_model_of_ones_own_says_for_itself(model: Any, tier: str | None) -> None:
    seat = seat_of(model)

    assert (tier_in(model), seat.tier) == (tier, tier)
    assert tier_in(with_tier(model, None)) is None


def test_other_fields_of_an_extra_body_stay() -> None:
    model: Any = resolve_model("m", base_url="http://localhost:1/v1", extra_body={"service_tier": "flex", "top_k": 1})

    chat: Any = chat_model_of(with_tier(model, "default"))
    assert (chat.extra_body, chat.service_tier) == ({"top_k": 1}, "default")


def test_a_model_of_another_api_is_not_asked_for_it() -> None:
    seat = seat_of(ScriptedModel(), tier="flex")

    assert (seat.tier, set(seat.without)) == (None, {"service_tier"})


@each(
    ("tier", "words"),
    [
        ("flexx", "found tier='flexx'; did you mean 'flex'"),
        ("batch", "found tier='batch'; .*--provider-batch"),
        (3, "found tier=3; expected one of flex, flex-or-default"),
    ],
)
def test_what_is_no_tier_is_refused(tier: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        seat_of("offline:words", tier=tier)
    with pytest.raises(ConfigError, match="for 'words'"):
        seat_of(Proposer("offline:words", tier=tier))


@each(
    ("about", "tier"),
    [
        ({"service_tier": "flex"}, "flex"),
        ({"service_tier": "Default"}, "default"),
        ({"service_tier": None}, None),
        ({"service_tier": ["flex"]}, None),
        ({"usage": {"service_tier": "batch"}}, "batch"),
        ({"usage": "many"}, None),
    ],
)
def test_the_tier_that_answered_is_read_of_the_reply(about: Any, tier: str | None) -> None:
    assert answered_tier(about) == tier


def test_a_servers_word_for_it_is_bounded() -> None:
    assert len(answered_tier({"service_tier": "x\n" * 10_000}) or "") == 40


def test_a_tier_is_reported_where_it_is_another_than_the_usual_one() -> None:
    assert is_reported(None, "flex")
    assert is_reported("flex", "default")
    assert is_reported("flex", None)
    assert not is_reported("auto", "default")
    assert not is_reported(None, "on_demand")


@each(
    ("status", "body", "lacks"),
    [
        (429, b'{"error": {"message": "Resource Unavailable", "code": "resource_unavailable"}}', True),
        (429, b'{"error": {"message": "No capacity", "type": "resource_unavailable"}}', True),
        (498, b'{"error": {"message": "Flex tier capacity exceeded", "code": "capacity_exceeded"}}', True),
        (429, b'{"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}', False),
        (429, b'{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}', False),
        (400, b'{"error": {"message": "resource_unavailable"}}', False),
    ],
)
def test_a_server_without_room_is_told_from_one_with_limits(status: int, body: bytes, lacks: bool) -> None:
    assert lacks_room(refusal(status, body, url="http://localhost/", location=None, secrets=[])) is lacks


def test_only_flex_takes_longer() -> None:
    assert patience_at("flex-or-default", "https://api.openai.com/v1/") == 900.0
    assert patience_at("priority", None) == patience_at(None, None) == 0.0
