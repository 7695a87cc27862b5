"""Turn what a user names into something that answers. Nothing else in the package builds a model."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from pydantic import SecretStr

from .anatomy import Model, is_chat_model, map_chat_models, unwrapped
from .errors import ConfigError, nearest
from .text import one_line, redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

KNOWN_PROVIDERS = ("gguf", "offline", "openai", "together")
_KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "together": "TOGETHER_API_KEY"}
_NO_KEY = "not-needed"
SERVER_KEY = "LANGGRAPH_MOA_API_KEY"
"""The key for a server of one's own; a provider's key is never sent to another address."""


def resolve_model(
    spec: "str | Model",
    *,
    temperature: float | None = None,
    max_tokens: int | None = None,
    base_url: str | None = None,
    docs: Sequence[str | Path] = (),
) -> Model:
    """Return the model that `spec` names; a model comes back as it is, but for the options bound to it.

        resolve_model("together:moonshotai/Kimi-K3")            # langchain-together, on the shared transport
        resolve_model("anthropic:claude-opus-5")                # whatever LangChain's init_chat_model knows
        resolve_model("qwen3:8b", base_url="http://localhost:11434/v1")     # any OpenAI-compatible server
        resolve_model("gguf:~/models/qwen3-8b.gguf")            # a file, served in this process; extra `local`
        resolve_model("offline:words", docs=["handbook/"])      # no key, no network

    Args:
        spec: A `provider:model` string, or a model.
        temperature: Sampling temperature; None leaves the model's own.
        max_tokens: Limit of answer tokens; None leaves the model's own.
        base_url: An OpenAI-compatible server to ask instead of the provider's. It gets the key in
            LANGGRAPH_MOA_API_KEY, where one is set, and never the provider's.
        docs: Files and folders for the offline models to answer from.

    Returns:
        What answers: a chat model for a string, else what was given. `base_url` and `docs` are for strings only.

    Raises:
        ConfigError: The provider is unknown, its package or key is missing, or the model cannot be built.
        MissingExtra: The model is a GGUF file, and xllamacpp is not installed.
    """
    given = {"temperature": temperature, "max_tokens": max_tokens}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if isinstance(spec, Runnable):
        return _with_options(spec, options)
    if not isinstance(spec, str):
        raise ConfigError(
            f"found {type(spec).__name__} as a model, "
            "expected a 'provider:model' string, a chat model, a Runnable or a graph"
        )
    provider, name = _split(spec, base_url)
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ConfigError(f"found the server {base_url!r}, expected a URL; write http://{base_url}/v1 or the like")
    if provider == "offline":
        from .offline import OfflineModel

        return OfflineModel.of(name, docs=tuple(map(str, docs)), **options)
    if provider == "gguf":
        from .gguf import gguf_model

        return gguf_model(name, options)
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


def _split(spec: str, base_url: str | None) -> tuple[str, str]:
    provider, _, name = spec.partition(":")
    if base_url and provider not in KNOWN_PROVIDERS:
        return "openai", spec
    if not (provider and name):
        raise ConfigError(
            f"found the model {spec!r}, expected 'provider:model' such as 'openai:…', 'together:…' or 'offline:words'"
        )
    return provider, name


def _openai_compatible(provider: str, name: str, base_url: str | None, options: dict[str, Any]) -> "BaseChatModel":
    from .transport import shared_async_client, shared_sync_client

    if base_url and "@" in base_url.partition("://")[2].partition("/")[0]:
        raise ConfigError(
            f"found a user or password in the base URL, expected none; put the server's key into {SERVER_KEY}"
        )
    key = os.environ.get(SERVER_KEY, _NO_KEY) if base_url else os.environ.get(_KEY_VARIABLES[provider])
    if not key:
        raise ConfigError(
            f"{provider}:{name} needs a key and {_KEY_VARIABLES[provider]} is not set; set it, or give the base URL of "
            "a server that needs none, or use the 'offline:' models"
        )
    kwargs: dict[str, Any] = {
        "model": name,
        "api_key": SecretStr(key),
        "http_client": shared_sync_client(),
        "http_async_client": shared_async_client(),
        "http_socket_options": (),
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
        known = sorted({*KNOWN_PROVIDERS, *reason.rpartition(": ")[2].split(", ")})
        return f"unknown provider {provider!r} in {spec!r}; {nearest(provider, known)}"
    return f"{spec!r} cannot be built: {one_line(redact(reason))}"


def _with_options(model: Model, options: dict[str, Any]) -> Model:
    if not options or not is_chat_model(model):
        return model
    return map_chat_models(model, lambda chat: chat.bind(**options))


def model_label(spec: "str | Model") -> str:
    """Name a model for people and for the report."""
    if isinstance(spec, str):
        if spec.startswith("gguf:"):
            from .gguf import label_of

            return label_of(spec.removeprefix("gguf:"))
        return spec
    inner = unwrapped(spec)
    for holder in (inner, spec):
        for field in ("model_name", "model", "name"):
            if isinstance(value := getattr(holder, field, None), str) and value:
                return value
    return type(inner).__name__


def short_name(spec: "str | Model") -> str:
    """Return a model's name without its owner, and without a provider of ours: `Kimi-K3`, `anthropic:claude-opus`."""
    label = model_label(spec)
    provider, _, name = label.partition(":")
    bare = name if name and provider in KNOWN_PROVIDERS else label
    return bare.rpartition("/")[2] or bare
