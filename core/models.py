"""Turn what a user names into something that answers. Nothing else in the package builds a model."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableBinding
from langgraph.pregel import Pregel
from pydantic import SecretStr

from .errors import ConfigError, nearest
from .text import one_line, redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Model = Runnable[Any, Any]
"""A chat model, a Runnable from messages to a message, or a compiled graph over `messages`."""

_OWN_PROVIDERS = ("offline", "openai", "together")
_KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "together": "TOGETHER_API_KEY"}
_NO_KEY = "not-needed"


def resolve_model(
    spec: "str | Model",
    *,
    temperature: float | None = None,
    max_tokens: int | None = None,
    base_url: str | None = None,
    docs: Sequence[str | Path] = (),
) -> Model:
    """Return the model that `spec` names; a model comes back as it is.

        resolve_model("together:moonshotai/Kimi-K3")            # langchain-together, on the shared transport
        resolve_model("anthropic:claude-opus-5")                # whatever LangChain's init_chat_model knows
        resolve_model("qwen3:8b", base_url="http://localhost:11434/v1")     # any OpenAI-compatible server
        resolve_model("offline:words", docs=["handbook/"])      # no key, no network

    Args:
        spec: A `provider:model` string, or a model.
        temperature: Sampling temperature; None leaves the model's own.
        max_tokens: Limit of answer tokens; None leaves the model's own.
        base_url: An OpenAI-compatible server to ask instead of the provider's; needs no key.
        docs: Files and folders for the offline models to answer from.

    Raises:
        ConfigError: The provider is unknown, its package or key is missing, or the model cannot be built.
    """
    given = {"temperature": temperature, "max_tokens": max_tokens}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if isinstance(spec, Runnable):
        return _with_options(spec, options)
    if not isinstance(spec, str):
        raise ConfigError(
            f"found {spec!r} as a model, expected a 'provider:model' string, a chat model, a Runnable or a graph"
        )
    provider, name = _split(qualified(spec, base_url))
    if provider == "offline":
        from .offline import OfflineModel

        return OfflineModel.of(name, docs=tuple(map(str, docs)), **options)
    try:
        if provider in _KEY_VARIABLES:
            return _openai_compatible(provider, name, base_url, options)
        from langchain.chat_models import init_chat_model

        built: BaseChatModel = init_chat_model(name, model_provider=provider, **options)
        return built
    except ConfigError:
        raise
    except Exception as exc:
        raise ConfigError(_why_not_built(spec, provider, exc)) from exc


def qualified(spec: str, base_url: str | None) -> str:
    """Say which provider's protocol a model of a given server speaks: OpenAI's, where the name does not say."""
    known = spec.partition(":")[0] in _OWN_PROVIDERS
    return f"openai:{spec}" if base_url and not known else spec


def _split(spec: str) -> tuple[str, str]:
    provider, _, name = spec.partition(":")
    if not (provider and name):
        raise ConfigError(
            f"found the model {spec!r}, expected 'provider:model' such as 'openai:…', 'together:…' or 'offline:words'"
        )
    return provider, name


def _openai_compatible(provider: str, name: str, base_url: str | None, options: dict[str, Any]) -> "BaseChatModel":
    from .transport import shared_async_client, shared_sync_client

    key = os.environ.get(_KEY_VARIABLES[provider]) or (_NO_KEY if base_url else None)
    if key is None:
        raise ConfigError(
            f"{provider}:{name} needs a key and {_KEY_VARIABLES[provider]} is not set; set it, or give the base URL of "
            "a server that needs none, or use the 'offline:' models"
        )
    kwargs: dict[str, Any] = {
        "model": name,
        "api_key": SecretStr(key),
        "http_client": shared_sync_client(),
        "http_async_client": shared_async_client(),
        "stream_usage": True,
        **({"base_url": base_url} if base_url else {}),
        **options,
    }
    if provider == "together":
        from langchain_together import ChatTogether

        return ChatTogether(**kwargs)
    if base_url:
        # ChatOpenAI would say `max_completion_tokens`, which servers other than OpenAI's often ignore.
        from langchain_openai.chat_models.base import BaseChatOpenAI

        return BaseChatOpenAI(**kwargs)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(**kwargs)


def _why_not_built(spec: str, provider: str, exc: Exception) -> str:
    reason = str(exc)
    if "Unsupported provider" in reason:
        known = sorted({*_OWN_PROVIDERS, *reason.rpartition(": ")[2].split(", ")})
        return f"unknown provider {provider!r} in {spec!r}; {nearest(provider, known)}"
    return f"{spec!r} cannot be built: {one_line(redact(reason))}"


def _with_options(model: Model, options: dict[str, Any]) -> Model:
    return model.bind(**options) if options and is_chat_model(model) else model


def chat_model_of(model: Model) -> "BaseChatModel | None":
    """Return the chat model under any `.bind(...)`, None where there is none."""
    from langchain_core.language_models import BaseChatModel

    while isinstance(model, RunnableBinding):
        model = model.bound
    return model if isinstance(model, BaseChatModel) else None


def is_chat_model(model: Model) -> bool:
    """Tell a chat model, bound or not, from a chain or a graph."""
    return chat_model_of(model) is not None


def without_streaming(model: Model) -> Model:
    """Return the model asked for whole answers: streaming them costs four times the CPU and nobody watches."""
    if isinstance(model, RunnableBinding):
        return model.model_copy(update={"bound": without_streaming(model.bound)})
    chat = chat_model_of(model)
    return chat.model_copy(update={"disable_streaming": True}) if chat else model


def model_label(spec: "str | Model") -> str:
    """Name a model for people and for the report."""
    if isinstance(spec, str):
        return spec
    chat = chat_model_of(spec)
    for holder in (chat, spec):
        for field in ("model_name", "model", "name"):
            if isinstance(value := getattr(holder, field, None), str) and value:
                return value
    return type(chat or spec).__name__


def endpoint_of(model: Model) -> str | None:
    """Return the URL that an OpenAI-compatible model talks to, None for all others."""
    client = getattr(chat_model_of(model), "root_async_client", None)
    return str(client.base_url) if client is not None else None


def secrets_of(model: Model) -> tuple[str, ...]:
    """Return the secrets a model holds, so that they can be struck from what is told about it."""
    fields = vars(chat_model_of(model) or model).values()
    return tuple(value.get_secret_value() for value in fields if isinstance(value, SecretStr))


def is_graph(model: Model) -> bool:
    """Tell a compiled graph, which takes `{"messages": [...]}`, from what takes a list of messages."""
    return isinstance(model, Pregel)
