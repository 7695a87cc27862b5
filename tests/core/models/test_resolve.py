"""Strings become models in one place; models come back as they are."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableBinding
from langgraph_moa import ConfigError
from langgraph_moa.core.models.capabilities import Transport, chat_model_of, endpoint_of, transport_of
from langgraph_moa.core.models.resolve import resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.wire.chat import ChatCompletions

URL = "http://127.0.0.1:9/v1"


def test_an_instance_comes_back_as_it_is() -> None:
    model = ScriptedModel(script="x")

    assert resolve_model(model) is model


def test_options_bind_to_an_instance() -> None:
    bound = resolve_model(ScriptedModel(script="x"), temperature=0.5)

    assert isinstance(bound, RunnableBinding)
    assert bound.kwargs == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("spec", "transport", "kind", "model"),
    [
        ("openai:gpt-x", None, "ChatCompletions", "gpt-x"),
        ("together:org/x", None, "ChatCompletions", "org/x"),
        ("qwen3:8b", "lean", "ChatCompletions", "qwen3:8b"),
        ("llama", "openai", "BaseChatOpenAI", "llama"),
        ("together:org/x", "openai", "ChatTogether", "org/x"),
    ],
)
def test_a_server_of_ones_own_needs_no_key(spec: str, transport: Transport | None, kind: str, model: str) -> None:
    built = resolve_model(spec, base_url=URL, temperature=0.3, max_tokens=9, transport=transport)

    chat = chat_model_of(built)
    assert isinstance(chat, BaseChatModel)
    assert type(chat).__name__ == kind
    assert vars(chat)["model_name"] == model
    assert (vars(chat)["temperature"], vars(chat)["max_tokens"]) == (0.3, 9)
    assert endpoint_of(built) == URL + "/"
    assert transport_of(built) == (transport or "lean")


def test_openais_own_models_are_asked_where_they_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")

    assert transport_of(resolve_model("openai:gpt-4o")) == "lean"
    assert transport_of(resolve_model("openai:gpt-5-pro")) == "openai"
    assert transport_of(resolve_model("openai:gpt-5-pro", transport="lean")) == "lean"
    assert transport_of(resolve_model("openai:gpt-4o", transport="openai")) == "openai"
    assert transport_of(resolve_model("gpt-5-pro", base_url=URL)) == "lean"
    with_tools = resolve_model("openai:gpt-6-sol")
    assert transport_of(with_tools) == "lean"
    assert isinstance(with_tools, BaseChatModel)
    assert transport_of(with_tools.bind_tools([])) == "openai"
    assert transport_of(resolve_model("offline:words")) is None


def test_openais_own_address_and_account_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-7")
    plain = chat_model_of(resolve_model("openai:gpt-4o", max_tokens=5))
    monkeypatch.setenv("OPENAI_BASE_URL", URL)
    elsewhere = resolve_model("openai:gpt-4o")

    assert isinstance(plain, ChatCompletions)
    assert plain.address.headers == (("OpenAI-Organization", "org-7"),)
    assert plain.address.url == "https://api.openai.com/v1"
    assert plain.limit_name == "max_completion_tokens"
    assert endpoint_of(elsewhere) == URL + "/"


def test_a_model_that_takes_no_temperature_is_given_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")

    assert vars(chat_model_of(resolve_model("openai:o3", temperature=0.2)))["temperature"] is None
    assert vars(chat_model_of(resolve_model("openai:gpt-4o", temperature=0.2)))["temperature"] == 0.2


@pytest.mark.parametrize("transport", ["fast", "", 7])
def test_what_is_no_transport_is_refused(transport: Any) -> None:
    with pytest.raises(ConfigError, match="expected 'lean' or 'openai'"):
        resolve_model("m", base_url=URL, transport=transport)
