"""Turn what a user names into something that answers. Nothing else in the package builds a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from pydantic import SecretStr

from ..errors import ConfigError, nearest
from ..run.served import KNOWN_PROVIDERS
from ..text import one_line, redact
from .capabilities import Model, is_chat_model, map_chat_models
from .credentials import PROVIDER_KEYS, Server, headers_from

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def resolve_model(
    spec: "str | Model",
    *,
    temperature: float | None = None,
    max_tokens: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop: str | Sequence[str] | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    headers: Mapping[str, str] | None = None,
    extra_body: Mapping[str, Any] | None = None,
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
        top_p: Share of the likeliest tokens to sample from; None leaves the model's own.
        seed: What sampling starts from, where the server goes along; None leaves it to the server.
        stop: Texts that end an answer.
        base_url: An OpenAI-compatible server to ask instead of the provider's. It gets the key in
            LANGGRAPH_MOA_API_KEY, where one is set, and never the provider's.
        api_key_env: The name of the environment variable that holds the server's key instead.
        headers: What is sent along with each request. `$NAME`, or `Bearer $NAME`, is taken from the environment.
        extra_body: Fields of each request that only this server knows, such as `top_k`.
        docs: Files and folders for the offline models to answer from.

    Returns:
        What answers: a chat model for a string, else what was given. What says where a model is, and `extra_body` and
        `docs`, are for strings only.

    Raises:
        ConfigError: The provider is unknown, its package or key is missing, or the model cannot be built.
        MissingExtra: The model is a GGUF file, and xllamacpp is not installed.
    """
    stops = [stop] if isinstance(stop, str) else stop and list(stop)
    given = {"temperature": temperature, "max_tokens": max_tokens, "top_p": top_p, "seed": seed, "stop": stops}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if isinstance(spec, Runnable):
        return _with_options(spec, options)
    provider, name = _split(spec, base_url)
    _check_server_options(spec, provider, base_url, elsewhere=api_key_env or headers, extra_body=extra_body)
    if extra_body:
        options["extra_body"] = extra_body
    if provider == "offline":
        return _offline_model(name, docs, options)
    if provider == "gguf":
        from .gguf import gguf_model

        return gguf_model(name, options)
    server = Server(base_url, api_key_env, headers_from(headers or {}))
    try:
        return _provider_model(provider, name, server, options)
    except ConfigError:
        raise
    except Exception as exc:
        raise ConfigError(_why_not_built(spec, provider, exc)) from exc


def _check_server_options(
    spec: str, provider: str, base_url: str | None, *, elsewhere: object, extra_body: object
) -> None:
    """Refuse what is no URL, and what only a server of OpenAI's API can be told, as a file of one's own has."""
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ConfigError(f"found the server {base_url!r}, expected a URL; write http://{base_url}/v1 or the like")
    if provider not in PROVIDER_KEYS and (elsewhere or (extra_body and provider != "gguf")):
        raise ConfigError(
            f"found api_key_env, headers or extra_body for {spec!r}, expected them for an OpenAI-compatible server; "
            "give its base_url, or build the model with them"
        )


def _split(spec: object, base_url: str | None) -> tuple[str, str]:
    if not isinstance(spec, str):
        raise ConfigError(
            f"found {type(spec).__name__} as a model, "
            "expected a 'provider:model' string, a chat model, a Runnable or a graph"
        )
    provider, _, name = spec.partition(":")
    if base_url and provider not in KNOWN_PROVIDERS:
        return "openai", spec
    if not (provider and name):
        raise ConfigError(
            f"found the model {spec!r}, expected 'provider:model' such as 'openai:…', 'together:…' or 'offline:words'"
        )
    return provider, name


def _offline_model(variant: str, docs: Sequence[str | Path], options: dict[str, Any]) -> Model:
    from ..offline.model import OfflineModel

    sampling: dict[str, Any] = {key: options.pop(key) for key in ("top_p", "seed", "stop") if key in options}
    return _with_options(OfflineModel.of(variant, docs=tuple(map(str, docs)), **options), sampling)


def _provider_model(provider: str, name: str, server: Server, options: dict[str, Any]) -> "BaseChatModel":
    if provider in PROVIDER_KEYS:
        return _openai_compatible(provider, name, server, options)
    from langchain.chat_models import init_chat_model

    built: BaseChatModel = init_chat_model(name, model_provider=provider, **options)
    return built


def _openai_compatible(provider: str, name: str, server: Server, options: dict[str, Any]) -> "BaseChatModel":
    from .transport import shared_async_client, shared_sync_client

    key, base_url = server.key(provider, name), server.base_url
    kwargs: dict[str, Any] = {
        "model": name,
        "api_key": SecretStr(key),
        "http_client": shared_sync_client(server.headers),
        "http_async_client": shared_async_client(server.headers),
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
        providers = sorted({*KNOWN_PROVIDERS, *reason.rpartition(": ")[2].split(", ")})
        return f"unknown provider {provider!r} in {spec!r}; {nearest(provider, providers)}"
    return f"{spec!r} cannot be built: {one_line(redact(reason))}"


def _with_options(model: Model, options: dict[str, Any]) -> Model:
    if not options or not is_chat_model(model):
        return model
    return map_chat_models(model, lambda chat: chat.bind(**options))
