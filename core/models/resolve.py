"""Turn what a user names into something that answers. Nothing else in the package builds a model."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from langchain_core.runnables import Runnable
from pydantic import SecretStr

from ..batches.messages import ANSWER_TOKENS, MESSAGES
from ..errors import ConfigError, nearest
from ..run.served import KNOWN_PROVIDERS
from ..text import one_line, redact
from .capabilities import Model, Transport, is_chat_model, map_chat_models
from .credentials import MESSAGES_PROVIDER, PROVIDER_KEYS, Server, check_address, headers_from
from .openai_facts import needs_responses, needs_responses_for_tools, profile_of, takes_temperature

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
    transport: Transport | None = None,
    docs: Sequence[str | Path] = (),
) -> Model:
    """Return the model that `spec` names; a model comes back as it is, but for the options bound to it.

        resolve_model("together:moonshotai/Kimi-K3")            # asked by this package itself
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
        transport: How an OpenAI-compatible server is asked: `lean`, by this package itself, or `openai`, by
            langchain-openai and langchain-together on the openai package, which take several times the CPU. None is
            the first, but for models that OpenAI answers for on its Responses API only. Other models have one way,
            but `anthropic:` ones: `lean` asks these by this package itself, too, as provider batches need it.
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
    check_transport(transport, f" for {spec!r}")
    is_own = provider in PROVIDER_KEYS or (provider == MESSAGES_PROVIDER and transport == "lean")
    elsewhere = None if is_own else api_key_env or headers
    _check_server_options(spec, provider, base_url, elsewhere=elsewhere, extra_body=None if is_own else extra_body)
    if extra_body:
        options["extra_body"] = extra_body
    if provider == "offline":
        return _offline_model(name, docs, options)
    if provider == "gguf":
        from ..local.gguf import gguf_model

        return gguf_model(name, options)
    server = Server(base_url, api_key_env, headers_from(headers or {}))
    try:
        return _provider_model(provider, name, server, options, transport)
    except ConfigError:
        raise
    except Exception as exc:
        raise ConfigError(_why_not_built(spec, provider, exc)) from exc


def resolve_for_batches(spec: "str | Model", *, transport: Transport | None = None, **options: Any) -> Model:
    """Return the model that `spec` names, as it can be asked in a provider's batch.

    Args:
        spec: As `resolve_model` takes it.
        transport: How it is asked; None asks Anthropic's by this package itself.
        options: What else `resolve_model` takes.

    Raises:
        ConfigError: What it raises.
    """
    is_plain = isinstance(spec, str) and not options.get("base_url") and transport is None
    if is_plain and spec.partition(":")[0] == MESSAGES_PROVIDER:  # type: ignore[union-attr]
        transport = "lean"
    return resolve_model(spec, transport=transport, **options)


def _check_server_options(
    spec: str, provider: str, base_url: str | None, *, elsewhere: object, extra_body: object
) -> None:
    """Refuse what is no URL, and what only a server of OpenAI's API can be told, as a file of one's own has."""
    if base_url:
        check_address(base_url)
    if elsewhere or (extra_body and provider != "gguf"):
        raise ConfigError(
            f"found api_key_env, headers or extra_body for {spec!r}, expected them for an OpenAI-compatible server; "
            "give its base_url, or build the model with them"
        )


def check_transport(transport: object, where: str = "") -> None:
    """Refuse what is no transport.

    Raises:
        ConfigError: It is none.
    """
    if transport is not None and transport not in get_args(Transport):
        raise ConfigError(f"found transport={transport!r:.60}{where}, expected 'lean' or 'openai', or none of it")


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


def _provider_model(
    provider: str, name: str, server: Server, options: dict[str, Any], transport: Transport | None
) -> "BaseChatModel":
    if provider in PROVIDER_KEYS or (provider == MESSAGES_PROVIDER and transport == "lean"):
        return _openai_compatible(provider, name, server, options, transport)
    from langchain.chat_models import init_chat_model

    built: BaseChatModel = init_chat_model(name, model_provider=provider, **options)
    return built


def _openai_compatible(
    provider: str, name: str, server: Server, options: dict[str, Any], transport: Transport | None
) -> "BaseChatModel":
    """Build a model that this package asks itself, or one of LangChain's packages where it must be, or is to be."""
    is_openai = provider == "openai" and not server.base_url
    if transport == "openai" or (transport is None and is_openai and needs_responses(name)):
        from .openai_transport import openai_model

        return openai_model(provider, name, server, options)
    from ..wire.chat import ChatCompletions

    address = server.address(provider, name)
    if not takes_temperature(name, at_openai=is_openai):
        options = {option: value for option, value in options.items() if option != "temperature"}
    if provider == MESSAGES_PROVIDER:
        options = {"max_tokens": ANSWER_TOKENS, **options, "form": MESSAGES}
    elsewhere = is_openai and transport is None and needs_responses_for_tools(name)
    return ChatCompletions(
        model=name,
        base_url=address.url,
        query=SecretStr(address.query) if address.query else None,
        api_key=SecretStr(address.key),
        headers={header: SecretStr(value) for header, value in address.headers},
        provider=provider,
        limit_name="max_completion_tokens" if is_openai else "max_tokens",
        profile=profile_of(name),
        with_tools=partial(_openai_compatible, provider, name, server, options, "openai") if elsewhere else None,
        **options,
    )


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
