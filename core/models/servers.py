"""Know servers of one's own: which models they serve, and how much those can read."""

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

from ..errors import ConfigError
from ..portal import run_sync
from ..run.left_out import LeftOut
from ..text import one_line
from ..wire.connections import bare_url, connection_problem
from ..wire.refusals import ServerError, UnreadableAnswer
from ..wire.sending import Address, fetch
from .capabilities import Model, chat_model_of, endpoint_of, wire_of
from .credentials import SERVER_KEY
from .obstacles import obstacle_of, sane_window

_Fact = TypeVar("_Fact")
_KEPT = 1_000
_MOST_BYTES = 4_000_000
"""A list of models is read so far: the longest known ones, of routers, take half a million."""
_MOST_LISTED = 1_000
_MOST_TOLD = 10
_PATIENCE = 10.0
"""Seconds that a list of models may take in all."""
_IN_PASSING = 3.0
"""Seconds that it may take where a call has failed already, and others wait for it."""
_CONNECTING = 5.0
_WINDOWS = ("max_model_len", "loaded_context_length", "context_length", "context_window", "max_context_length")
"""What vLLM, LM Studio, OpenRouter and Groq call a window; llama.cpp has `n_ctx` in `meta`. The last one is an upper
bound."""
_NO_CHAT = {"embedding", "embeddings", "reranker", "rerank", "image", "audio"}


class ListedModel(NamedTuple):
    """Be a model as a server lists it."""

    name: str
    window: int | None = None


class Servers:
    """Remember, for as long as the process lives, the windows that servers told of, and what they refuse.

    A seat is frozen when a mixture is built; what a server says of itself comes later, and holds for all mixtures.
    """

    def __init__(self) -> None:
        self._windows: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._refused: OrderedDict[tuple[str, str], frozenset[LeftOut]] = OrderedDict()
        self._one_choice: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._lock = threading.Lock()
        self._own: ContextVar[Servers | None] = ContextVar("langgraph_moa_servers_apart", default=None)
        self._samples: dict[Hashable, int] = {}

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Know nothing at first in this context, and learn for it alone.

        A run that is made again and again, until all its calls are answered, must ask the same each time, whatever
        others learned meanwhile.
        """
        token = self._own.set(Servers())
        try:
            yield
        finally:
            self._own.reset(token)

    @property
    def _here(self) -> "Servers":
        """Return what is known in this context."""
        return self._own.get() or self

    @property
    def samples(self) -> dict[Hashable, int] | None:
        """Return how many samples seats got for one request in this context; None where it is not apart."""
        return here._samples if (here := self._here) is not self else None

    def learn(self, endpoint: str | None, model: str, window: int | None) -> None:
        """Keep what a server said of one of its models, where it said anything."""
        if endpoint is None or window is None:
            return
        with self._lock:
            _keep(self._here._windows, (endpoint, model), window)

    def learn_refused(self, server: str, model: str, parts: frozenset[LeftOut]) -> None:
        """Keep what a server turned out to refuse for one of its models, beside what is known already."""
        with self._lock:
            _keep(self._here._refused, (server, model), self.refused(server, model) | parts)

    def refused(self, server: str, model: str) -> frozenset[LeftOut]:
        """Return what a server refuses for one of its models, as far as it was asked."""
        return self._here._refused.get((server, model), frozenset())

    def learn_one_choice(self, server: str, model: str) -> None:
        """Keep that a server gives one of its models' answers a request, however many it is asked for."""
        with self._lock:
            _keep(self._here._one_choice, (server, model), True)

    def gives_one_choice(self, server: str | None, model: str) -> bool:
        """Tell whether a server is known to give one answer a request."""
        return server is not None and (server, model) in self._here._one_choice

    @property
    def tell(self) -> bool:
        """Tell whether any server told anything."""
        return bool(self._here._windows)

    def window(self, endpoint: str | None, model: str) -> int | None:
        """Return the tokens of a model's window, None where its server did not tell."""
        return self._here._windows.get((endpoint, model)) if endpoint else None

    def forget(self) -> None:
        """Forget all."""
        with self._lock:
            self._windows.clear()
            self._refused.clear()
            self._one_choice.clear()


def _keep(facts: OrderedDict[tuple[str, str], _Fact], key: tuple[str, str], fact: _Fact) -> None:
    facts[key] = fact
    facts.move_to_end(key)
    while len(facts) > _KEPT:
        facts.popitem(last=False)


SERVERS = Servers()
"""The process's own."""


def prompt_room(window: int, answer: int | None) -> int:
    """Return what a window leaves for the prompt: without the answer's limit, or a quarter where there is none.

    A limit that leaves less than a quarter says little of the answer: the prompt then gets half.
    """
    room = window - (window // 4 if answer is None else answer)
    return room if room >= window // 4 else window // 2


def served_models(model: Model) -> list[ListedModel]:
    """Ask the server of a model which it serves, and wait for it: on an event loop, `list_models` does not block.

    Args:
        model: An OpenAI-compatible model.

    Raises:
        ConfigError: It cannot be asked, or answers something else; in one sentence.
    """
    return run_sync(list_models(model))


async def list_models(model: Model) -> list[ListedModel]:
    """Ask the server of a model which it serves; windows that it tells are remembered.

    Args:
        model: An OpenAI-compatible model.

    Raises:
        ConfigError: It cannot be asked, or answers something else; in one sentence.
    """
    endpoint, address = endpoint_of(model) or "", _address_of(model)
    try:
        async with asyncio.timeout(_PATIENCE) as patience:
            body = await fetch(address, "/models", most=_MOST_BYTES)
    except (ServerError, TimeoutError) as exc:
        late = f"found no end of {_models(endpoint)} within {_PATIENCE:g} s, expected a list of models"
        raise ConfigError(late if patience.expired() else _why_not_listed(exc, endpoint)) from exc
    served = _read(body, endpoint)
    for each in served:
        SERVERS.learn(endpoint, each.name, each.window)
    return served


def _address_of(model: Model) -> Address:
    """Return where a model's server lists its models, to be asked once, and not for long."""
    if wire := wire_of(model):
        return replace(wire.address, seconds=_CONNECTING, attempts=1)
    chat: Any = chat_model_of(model)
    client = getattr(chat, "root_client", None)
    if client is None:
        raise ConfigError("found no OpenAI-compatible model, expected one whose server lists its models")
    own = [(name, value) for name, value in client.default_headers.items() if isinstance(value, str)]
    headers = (*own, *getattr(chat.http_async_client, "sends_along", ()))
    query = getattr(chat.http_async_client, "asks_with", "")
    return Address(str(client.base_url), str(client.api_key), headers, _CONNECTING, attempts=1, query=query)


async def names_served(model: Model) -> list[str]:
    """Return the names that a model's server lists; none where it does not."""
    try:
        async with asyncio.timeout(_IN_PASSING):
            return [each.name for each in await list_models(model)]
    except (ConfigError, TimeoutError):
        return []


def told_names(names: Sequence[str], wanted: str = "") -> str:
    """List names for people: the nearest ones first, and no more than can be read."""
    near = get_close_matches(wanted, names, n=3, cutoff=0.5) if wanted else []
    ordered = list(dict.fromkeys([*near, *names]))
    shown = ", ".join(ordered[:_MOST_TOLD])
    return shown + (f" and {len(ordered) - _MOST_TOLD} more" if len(ordered) > _MOST_TOLD else "")


def _read(body: bytes, endpoint: str) -> list[ListedModel]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as exc:
        kind = "a web page" if body.lstrip()[:1] == b"<" else "something that is no JSON"
        raise ConfigError(
            f"found {kind} at {_models(endpoint)}, expected a list of models; does the base URL end in /v1?"
        ) from exc
    listed = parsed.get("data", parsed.get("models")) if isinstance(parsed, dict) else parsed
    if not isinstance(listed, list):
        raise ConfigError(f"found JSON without a list of models at {_models(endpoint)}; name one with --proposer MODEL")
    entries = [entry for entry in listed[:_MOST_LISTED] if isinstance(entry, dict)]
    chats = [entry for entry in entries if str(entry.get("type", "")).lower() not in _NO_CHAT]
    named = {name: _window(entry) for entry in chats if (name := _name(entry))}
    return [ListedModel(name, window) for name, window in named.items()]


def _name(entry: dict[str, Any]) -> str | None:
    """Return what a model is asked for by; a name that is not fit to be shown is nobody's."""
    name = entry.get("id") or entry.get("name")
    return name if isinstance(name, str) and 0 < len(name) <= 200 and one_line(name, limit=200) == name else None


def _window(entry: dict[str, Any]) -> int | None:
    meta = entry.get("meta")
    own = meta.get("n_ctx") if isinstance(meta, dict) else None
    return next(filter(None, map(sane_window, (own, *(entry.get(key) for key in _WINDOWS)))), None)


def _models(endpoint: str) -> str:
    return one_line(f"{bare_url(endpoint).rstrip('/')}/models", limit=200)


def _why_not_listed(exc: Exception, endpoint: str) -> str:
    where = _models(endpoint)
    if problem := connection_problem(exc, endpoint):
        return f"{problem} (asked for {where})"
    if isinstance(exc, UnreadableAnswer):
        return f"found more than {_MOST_BYTES:,} bytes at {where}, expected a list of models"
    obstacle, status = obstacle_of(exc), getattr(exc, "status_code", None)
    why = obstacle["why"] if obstacle else None
    if why == "loading":
        return f"the server at {where} is still loading its model; wait, and ask again"
    if why == "key":
        return f"the server at {where} refuses the key (HTTP {status}); set {SERVER_KEY} to the one it expects"
    if "Timeout" in type(exc).__name__:
        return (
            f"found no answer at {where} within {_CONNECTING:g} s, expected a list of models; name one with --proposer"
        )
    what = f"HTTP {status}" if status else type(exc).__name__
    return f"found {what} at {where}, expected a list of models; name one with --proposer MODEL"
