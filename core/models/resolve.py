"""Turn what a user names into something that answers. Nothing else in the package builds a model."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.runnables import Runnable
from pydantic import SecretStr

from ..errors import ConfigError, nearest
from ..run.served import KNOWN_PROVIDERS
from ..text import one_line, redact
from .capabilities import Model, is_chat_model, map_chat_models, unwrapped
from .transport import Headers

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "together": "TOGETHER_API_KEY"}
NO_KEY = "not-needed"
"""What is sent where no key is set."""
SERVER_KEY = "LANGGRAPH_MOA_API_KEY"
"""The key for a server of one's own; a provider's key is never sent to another address."""
KEY_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
"""The name of an environment variable; keys have small letters, and are not taken for one."""
HEADER_VARIABLE = re.compile(r"(?P<before>[A-Za-z]{1,10} )?\$\{?(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})\}?")
"""A header's value that stands in the environment, and may itself be written down."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


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
    if not isinstance(spec, str):
        raise ConfigError(
            f"found {type(spec).__name__} as a model, "
            "expected a 'provider:model' string, a chat model, a Runnable or a graph"
        )
    provider, name = _split(spec, base_url)
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ConfigError(f"found the server {base_url!r}, expected a URL; write http://{base_url}/v1 or the like")
    _check_server_options(spec, provider, elsewhere=api_key_env or headers, extra_body=extra_body)
    if extra_body:
        options["extra_body"] = extra_body
    if provider == "offline":
        from ..offline.model import OfflineModel

        sampling: dict[str, Any] = {key: options.pop(key) for key in ("top_p", "seed", "stop") if key in options}
        return _with_options(OfflineModel.of(name, docs=tuple(map(str, docs)), **options), sampling)
    if provider == "gguf":
        from .gguf import gguf_model

        return gguf_model(name, options)
    server = Server(base_url, api_key_env, headers_from(headers or {}))
    try:
        if provider in _KEY_VARIABLES:
            return _openai_compatible(provider, name, server, options)
        from langchain.chat_models import init_chat_model

        built: BaseChatModel = init_chat_model(name, model_provider=provider, **options)
        return built
    except ConfigError:
        raise
    except Exception as exc:
        raise ConfigError(_why_not_built(spec, provider, exc)) from exc


def _check_server_options(spec: str, provider: str, *, elsewhere: object, extra_body: object) -> None:
    """Refuse what only a server of OpenAI's API can be told; a file of one's own is served by one."""
    if provider not in _KEY_VARIABLES and (elsewhere or (extra_body and provider != "gguf")):
        raise ConfigError(
            f"found api_key_env, headers or extra_body for {spec!r}, expected them for an OpenAI-compatible server; "
            "give its base_url, or build the model with them"
        )


def _split(spec: str, base_url: str | None) -> tuple[str, str]:
    provider, _, name = spec.partition(":")
    if base_url and provider not in KNOWN_PROVIDERS:
        return "openai", spec
    if not (provider and name):
        raise ConfigError(
            f"found the model {spec!r}, expected 'provider:model' such as 'openai:…', 'together:…' or 'offline:words'"
        )
    return provider, name


class Server(NamedTuple):
    """Say where a model is asked, and with what; never shown, for headers may be secrets."""

    base_url: str | None
    api_key_env: str | None
    headers: Headers

    def key(self, provider: str, name: str) -> str:
        """Read its key from the environment: a provider's own never goes to another address."""
        if self.base_url and "@" in self.base_url.partition("://")[2].partition("/")[0]:
            raise ConfigError(
                f"found a user or password in the base URL, expected none; put the server's key into {SERVER_KEY}"
            )
        variable = self.api_key_env
        if variable is not None:
            check_key_variable(variable)
            if self.base_url and variable in _KEY_VARIABLES.values():
                raise ConfigError(
                    f"found api_key_env={variable!r} for a server of its own, expected another variable: a provider's "
                    f"key is not sent to another address; put this server's key into {SERVER_KEY} or the like"
                )
            if not (key := os.environ.get(variable)):
                raise ConfigError(f"{name} needs the key in {variable}, which is not set; set it, or drop api_key_env")
            return key
        if self.base_url:
            return os.environ.get(SERVER_KEY) or NO_KEY
        if not (key := os.environ.get(_KEY_VARIABLES[provider])):
            raise ConfigError(
                f"{provider}:{name} needs a key and {_KEY_VARIABLES[provider]} is not set; set it, or give the base "
                "URL of a server that needs none, or use the 'offline:' models"
            )
        return key


def check_key_variable(name: object) -> None:
    """Refuse what is no variable's name, without showing it: it may be the key itself.

    Raises:
        ConfigError: It is none.
    """
    if not isinstance(name, str) or not KEY_VARIABLE.fullmatch(name):
        raise ConfigError(
            "found something else than a name as api_key_env, expected that of the environment variable that holds the "
            "key, in capitals, as MY_SERVER_KEY; never write down the key itself"
        )


def headers_from(given: Mapping[str, str]) -> Headers:
    """Return headers with what they name of the environment filled in.

    Args:
        given: Values by name; `$NAME`, or `Bearer $NAME`, stands for the variable's value.

    Raises:
        ConfigError: One cannot be sent, or its variable is not set; its value is not shown.
    """
    return tuple((name, _header(name, value)) for name, value in given.items())


def _header(name: object, value: object) -> str:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise ConfigError(
            f"found {one_line(repr(name), limit=60)} as the name of a header, expected letters and dashes"
        )
    if not isinstance(value, str) or not value:
        raise ConfigError(
            f"found the header {name!r} without a value, expected one; write $NAME to take it from the environment"
        )
    if named := HEADER_VARIABLE.fullmatch(value):
        before, variable = named["before"] or "", named["name"]
        if not (held := os.environ.get(variable)):
            raise ConfigError(f"the header {name!r} needs {variable}, which is not set; set it, or drop the header")
        value = before + held
    if not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"found the header {name!r} with characters that no header may have, expected printable ASCII"
        )
    return value


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
