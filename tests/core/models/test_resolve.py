"""Strings become models in one place; models come back as they are."""

import asyncio
import re
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableBinding
from langchain_openai import ChatOpenAI
from langchain_together import ChatTogether
from langgraph_moa import ConfigError
from langgraph_moa.core.models.capabilities import chat_model_of, endpoint_of, without_streaming
from langgraph_moa.core.models.labels import model_label
from langgraph_moa.core.models.parts import secrets_of
from langgraph_moa.core.models.presets import load_preset, presets, presets_checked
from langgraph_moa.core.models.prices import Price, price_of
from langgraph_moa.core.models.resolve import resolve_model
from langgraph_moa.core.models.transport import shared_sync_client
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.text import one_line, printable, redact
from loopback import Loopback

URL = "http://127.0.0.1:9/v1"


def test_an_instance_comes_back_as_it_is() -> None:
    model = ScriptedModel(script="x")

    assert resolve_model(model) is model


def test_options_bind_to_an_instance() -> None:
    bound = resolve_model(ScriptedModel(script="x"), temperature=0.5)

    assert isinstance(bound, RunnableBinding)
    assert bound.kwargs == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("spec", "kind", "model", "endpoint"),
    [
        ("openai:gpt-x", "BaseChatOpenAI", "gpt-x", URL + "/"),
        ("together:org/x", "ChatTogether", "org/x", URL + "/"),
        ("qwen3:8b", "BaseChatOpenAI", "qwen3:8b", URL + "/"),
        ("llama", "BaseChatOpenAI", "llama", URL + "/"),
    ],
)
def test_a_server_of_ones_own_needs_no_key(spec: str, kind: str, model: str, endpoint: str) -> None:
    built = resolve_model(spec, base_url=URL, temperature=0.3, max_tokens=9)

    chat = chat_model_of(built)
    assert isinstance(chat, BaseChatModel)
    assert type(chat).__name__ == kind
    assert vars(chat)["model_name"] == model
    assert (vars(chat)["temperature"], vars(chat)["max_tokens"]) == (0.3, 9)
    assert endpoint_of(built) == endpoint


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")
    monkeypatch.setenv("TOGETHER_API_KEY", "tk-2")

    assert isinstance(resolve_model("openai:x"), ChatOpenAI)
    assert isinstance(resolve_model("together:x"), ChatTogether)
    assert secrets_of(resolve_model("openai:x")) == {"ok-1"}
    assert "tk-2" in secrets_of(resolve_model("together:x"))


def test_models_from_strings_share_one_client() -> None:
    one, two = (chat_model_of(resolve_model(m, base_url=URL)) for m in ("openai:a", "together:b"))

    assert vars(one)["http_async_client"] is vars(two)["http_async_client"]


def test_streaming_is_turned_off_without_touching_the_users_model() -> None:
    model = ScriptedModel(script="x")

    assert chat_model_of(without_streaming(model.bind(stop=["."]))).disable_streaming is True  # type: ignore[union-attr]
    assert model.disable_streaming is False


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        ("openai:x", "openai:x"),
        (ScriptedModel(name_of_model="m"), "m"),
        (ScriptedModel(name_of_model="m").bind(stop=[]), "m"),
    ],
)
def test_labels(spec: Any, label: str) -> None:
    assert model_label(spec) == label


def test_presets_are_dated_and_named() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", presets_checked())
    assert list(presets()) == ["together", "openai", "offline"]
    with pytest.raises(ConfigError, match=r"unknown preset 'togther'; did you mean 'together'\?.*presets\.toml"):
        load_preset("togther")


@pytest.mark.parametrize("model", sorted({m for p in presets().values() for m in (*p["proposers"], p["aggregator"])}))
def test_every_model_of_a_preset_has_a_price(model: str) -> None:
    provider, _, name = model.partition(":")

    assert price_of(usage(1000), models=[name], provider=provider, endpoint=None, own={}) is not None


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


def test_ones_own_prices_win() -> None:
    own = {"openai:gpt-5.4-mini": Price(input=10, output=20), "served": Price()}

    def of(*models: str, **options: Any) -> float | None:
        return price_of(usage(1000), models=models, provider="openai", endpoint=None, own=own)

    assert of("openai:gpt-5.4-mini", "gpt-5.4-mini") == pytest.approx(0.03)
    assert of("served", "gpt-5.4-mini") == 0.0
    assert price_of(None, models=["served"], provider="openai", endpoint=None, own=own) is None


def test_text_is_made_fit_for_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODYS_API_KEY", "tiger-burning-bright")

    assert redact("it said tiger-burning-bright") == "it said [redacted]"
    assert redact("Bearer abc def sk-0123456789 tok", ["tok"]) == "Bearer [redacted] def [redacted] tok"
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 10, limit=5) == "xxxx…"
    assert printable("a\x1b[31mb\r\n\tc\x9b") == "a[31mb\n\tc"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_on_this_machine_is_not_asked_through_a_proxy(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    url = loopback.url.replace("127.0.0.1", host)

    answer = await resolve_model("m", base_url=url).ainvoke("Hi")
    with shared_sync_client.__wrapped__() as client:
        whole = await asyncio.to_thread(client.post, f"{url}/chat/completions", json={"model": "m", "messages": []})

    assert (answer.text, whole.status_code) == ("answer of m", 200)
