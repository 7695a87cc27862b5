"""Strings become models in one place; models come back as they are."""

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableBinding
from langgraph_moa.core.models.capabilities import Transport, chat_model_of, endpoint_of, transport_of
from langgraph_moa.core.models.resolve import resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel

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
