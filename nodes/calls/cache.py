"""Look a call up before it is made: the same model, asked the same, with the same parameters.

LangGraph's own cache of nodes keys by the node's function and its input; all proposers are made by one function, and
would get each other's answers (github.com/langchain-ai/langgraph/issues/8753). And its entries hold the turn they were
made in. So the cache is asked here, about calls.

What is never kept: failures, answers that were cut, refused, or are not what was asked for; answers of a chain or a
graph, of which nobody knows what else it looks at; of a model whose provider searches or runs something for it, which
finds something else tomorrow, or that holds what cannot be told from another's; what a person sent back; sections,
which depend on who had answered by then; and probes, which ask whether a server answers now.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables.base import RunnableBindingBase
from langgraph.cache.base import BaseCache, FullKey

from ...core.clock import unix_time
from ...core.deferral import deferral_for, once
from ...core.local.weights import file_behind
from ...core.models.capabilities import chat_model_of, wire_of
from ...core.models.prices import FREE_OF_CHARGE
from ...core.panel.seats import Seat
from ...core.run.costs import cost_of
from ...core.run.records import Call, Spared
from ...core.sameness import NoSameness, as_told_apart
from ...core.text import text_in
from .kept import outcome_read, recalled_answer, written_answer, written_outcome
from .response_cache import ResponseCache

_NAMESPACE = ("langgraph_moa", "calls", "4")
_PATIENCE = 2.0
"""Seconds after which a cache that hangs counts as one that failed; one of responses looks after itself."""
_CLIENTS = {"client", "async_client", "root_client", "root_async_client", "http_client", "http_async_client"}
_WIRING = _CLIENTS | {"cache", "callbacks", "rate_limiter", "custom_get_token_ids", "api_key", "headers", "with_tools"}
"""Fields that say how a model is reached, and nothing of what it answers."""
_PATIENT = {"request_timeout", "timeout", "max_retries"}
"""Fields that say how long is waited for an answer: asked again with more time, what is there counts."""
_LOOKS_UP = frozenset({"web_search_options", "search_parameters", "plugins", "search_domain_filter"})
"""Options that have a provider search."""
_KEYS = frozenset(
    """authorization proxy-authorization cookie x-api-key api-key api_key apikey x-goog-api-key x-auth-token key token
    access_token subscription-key ocp-apim-subscription-key sig openai-organization openai-project""".split()
)
"""Headers and parameters of an address that say who pays, as `api_key` does: a key that was exchanged is no other
question. All others may decide the answer, as a tenant's name does."""
_REPEAT: ContextVar[int] = ContextVar("moa_repeat", default=1)
_OWNER: ContextVar[bytes | None] = ContextVar("moa_owner", default=None)
_RESPONSES: ContextVar[ResponseCache | None] = ContextVar("moa_responses", default=None)
Fits = Callable[[AIMessage], bool]
_log = logging.getLogger(__name__)


@contextmanager
def repeat_number(number: int) -> Iterator[None]:
    """Ask for the how manieth time: what one repeat was answered is nothing for another."""
    token = _REPEAT.set(number)
    try:
        yield
    finally:
        _REPEAT.reset(token)


@contextmanager
def answers_owned_by(owner: bytes | None) -> Iterator[None]:
    """Ask for somebody: what one owner was answered is nothing for another; None is whoever runs the program."""
    token = _OWNER.set(owner)
    try:
        yield
    finally:
        _OWNER.reset(token)


@contextmanager
def keeping_responses(cache: BaseCache[Any] | None) -> Iterator[None]:
    """Have all calls that may be kept looked up in a cache, where it is one of responses."""
    token = _RESPONSES.set(_responses(cache))
    try:
        yield
    finally:
        _RESPONSES.reset(token)


class CallRecord(BaseCache[Any]):
    """Be a cache that replays whatever came of a call, also where that was a failure, or an answer that was cut.

    Several mixtures that share one get the same proposals, to the byte; a common cache would have those asked again
    that gave no whole answer.
    """

    responses: ResponseCache | None = None
    """Where whole answers are kept beyond it, and all calls of the run that are no proposals."""
    layers = 0
    """How many layers of proposers it holds before a run begins, so that nothing is set aside for them."""

    def twin_of(self, seat: Seat) -> int:
        """Return which seat of its model it is: the same number in each mixture that shares the record."""
        return seat.twin


class Entry(NamedTuple):
    """Be a call's place in the cache; a cache that fails or hangs is an empty one."""

    cache: BaseCache[Any]
    key: FullKey
    seat: Seat
    fits: Fits | None = None
    """Tells whether an answer is what was asked for; None takes any."""

    async def recall(self, allowed: frozenset[str] | None = frozenset()) -> tuple[Call, AIMessage | None] | None:
        """Return the outcome and the answer that are kept, marked as such.

        Args:
            allowed: The tools that the answer may call, by name; None where nobody can tell.
        """
        # Where a run is made again, what it was asked then is what it is asked now: what another question's run has
        # put into the cache since would be no answer of its own, which is paid for.
        about, lookup = f"cache {self.key[1]}", partial(self._recalled, allowed)
        return await once(about, lookup, write=written_outcome, read=outcome_read)

    async def _recalled(self, allowed: frozenset[str] | None) -> tuple[Call, AIMessage | None] | None:
        try:
            async with asyncio.timeout(self._patience):
                content = (await self.cache.aget([self.key])).get(self.key)
            if isinstance(self.cache, CallRecord):
                return _replayed(content) if content else await self._recall_beyond(allowed)
            if not content:
                return None
            recalled = recalled_answer(content, self.seat, allowed)
            return recalled if recalled and await self._fits(recalled[1]) else None
        except Exception as exc:  # noqa: BLE001 - a cache that is down costs money, not answers
            _log.warning("the cache cannot be read, asking the model instead: %s", type(exc).__name__)
            return None

    async def _recall_beyond(self, allowed: frozenset[str] | None) -> tuple[Call, AIMessage | None] | None:
        beyond = _responses(self.cache)
        return await self._replace(cache=beyond)._recalled(allowed) if beyond else None

    async def keep(self, call: Call, message: AIMessage | None) -> None:
        """Keep a whole answer; a record keeps whatever came of asking, where nobody cut it short."""
        if call["cached"] or call["cut"]:
            return
        if deferral := deferral_for():  # or it would be found there when the run is made again, and be free
            deferral.at_the_end.append(partial(self._write, call, message))
        else:
            await self._write(call, message)

    async def _write(self, call: Call, message: AIMessage | None) -> None:
        content: Mapping[str, Any] | None
        if isinstance(self.cache, CallRecord):
            text = None if message is None else text_in(message)
            content = None if call["status"] in ("cancelled", "skipped") else {"call": dict(call), "text": text}
        else:
            content = written_answer(call, message)
        try:
            if not content or (message and not await self._fits(message)):
                return
            async with asyncio.timeout(self._patience):
                await self.cache.aset({self.key: (content, None)})
            if (beyond := _responses(self.cache)) not in (None, self.cache):
                await self._replace(cache=beyond)._write(call, message)
        except Exception as exc:  # noqa: BLE001 - the answer is there all the same
            _log.warning("the cache cannot be written: %s", type(exc).__name__)

    async def _fits(self, answer: AIMessage | None) -> bool:
        return self.fits is None or answer is None or await asyncio.to_thread(self.fits, answer)

    @property
    def _patience(self) -> float | None:
        return None if isinstance(self.cache, ResponseCache) else _PATIENCE


def entry_of(
    cache: BaseCache[Any] | None, seat: Seat, messages: Sequence[BaseMessage], fits: Fits | None = None
) -> Entry | None:
    """Return where a call is kept; None without a cache, and for what cannot be kept.

    Args:
        cache: Where to look first; None is the run's cache of responses, if the answer can be told from others.
        seat: Whom to ask.
        messages: The whole prompt.
        fits: Tells whether an answer is what was asked for; without it, only a cache that is given is asked.
    """
    cache = cache if cache is not None or fits is None else _RESPONSES.get()
    if cache is None:
        return None
    twin = cache.twin_of(seat) if isinstance(cache, CallRecord) else seat.twin
    key = _key_of(seat, messages, twin)
    return Entry(cache, key, seat, fits) if key else None


def _responses(cache: BaseCache[Any] | None) -> ResponseCache | None:
    return cache.responses if isinstance(cache, CallRecord) else cache if isinstance(cache, ResponseCache) else None


def layers_kept(cache: BaseCache[Any] | None) -> int:
    """Return of how many layers of proposers a cache holds all calls; none where nobody knows."""
    return cache.layers if isinstance(cache, CallRecord) else 0


def _replayed(content: Any) -> tuple[Call, AIMessage | None]:
    """Return whatever came of a call."""
    free = {**FREE_OF_CHARGE, "cached": True, "cut": None, "carried": False, "unread": False}
    free |= {"left_out": [], "waited": 0.0, "tried_s": 0.0, "seconds": 0.0, "started": unix_time()}
    call, text = content["call"], content["text"]
    spared = Spared(**cost_of(call), seconds=call["waited"] + call["seconds"])
    return cast("Call", {**call, **free, "spared": spared}), None if text is None else AIMessage(text)


def _key_of(seat: Seat, messages: Sequence[BaseMessage], twin: int) -> FullKey | None:
    """Return what a call is known by."""
    chat = chat_model_of(seat.model)
    if chat is None or not seat.one_call:
        return None
    bound: list[Mapping[str, Any]] = []
    model = seat.model
    while isinstance(model, RunnableBindingBase):
        bound.append(model.kwargs)
        model = model.bound
    prompt = [message.model_dump(exclude={"id", "usage_metadata", "response_metadata"}) for message in messages]
    kind = f"{type(chat).__module__}.{type(chat).__qualname__}"
    # What a dump leaves out may still decide the answer; clients are known by the endpoint.
    undumped = {name for name, field in type(chat).model_fields.items() if field.exclude} - _WIRING
    hidden = {name: getattr(chat, name) for name in undumped}
    private = {n: value for n, value in (chat.__pydantic_private__ or {}).items() if n.strip("_") not in _CLIENTS}
    dumped, endpoint = chat.model_dump(exclude=_PATIENT), seat.endpoint
    dumped.pop("service_tier", None)  # how long it takes, and what it costs, but no other answer
    if file := file_behind(seat.label):  # it is served at another port each time
        dumped, endpoint = {name: value for name, value in dumped.items() if name != "base_url"}, file
    if any(map(_looks_up, [*bound, dumped])):
        return None
    bound, dumped = [_without_keys(options) for options in bound], _without_keys(dumped)
    who: list[Any] = [seat.role, seat.sample, twin, _REPEAT.get()]
    if owner := _OWNER.get():
        who.append(owner.hex())
    try:
        model_parts = as_told_apart([dumped, hidden, private, bound])
        parts = [kind, seat.label, endpoint, who, model_parts, prompt, *_sent_along(chat)]
        return _NAMESPACE, sha256(json.dumps(parts, sort_keys=True, default=as_told_apart).encode()).hexdigest()
    except NoSameness:
        return None


def _sent_along(chat: BaseChatModel) -> list[Any]:
    """Return what no dump shows of what goes along with each request, and may decide the answer; nothing, if it cannot.

    It goes into a digest with all else, and is nowhere to be read.
    """
    if wire := wire_of(chat):
        headers, query = wire.address.headers, wire.address.query
    else:
        client = getattr(chat, "http_async_client", None)
        headers, query = getattr(client, "sends_along", ()), getattr(client, "asks_with", "")
    parts = sorted((name.lower(), value) for name, value in headers if name.lower() not in _KEYS)
    parameters = [part for part in query.split("&") if part and part.partition("=")[0].lower() not in _KEYS]
    return [parts, parameters] if parts or parameters else []


def _without_keys(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave keys out of the headers and parameters that somebody gave a model of another package."""
    return {
        name: {inner: value for inner, value in given.items() if str(inner).lower() not in _KEYS}
        if name in ("default_headers", "extra_headers", "default_query", "extra_query") and isinstance(given, Mapping)
        else given
        for name, given in options.items()
    }


def _looks_up(options: Mapping[str, Any]) -> bool:
    """Tell options by which a provider searches, or runs a tool of its own."""
    inner = [options.get(name) for name in ("model_kwargs", "extra_body")]
    tools = options.get("tools")
    return (
        any(options.get(name) for name in _LOOKS_UP)
        or any(_looks_up(part) for part in inner if isinstance(part, Mapping))
        or any(
            isinstance(tool, Mapping) and tool.get("type", "function") not in ("function", "custom")
            for tool in (tools if isinstance(tools, Sequence) else ())
        )
    )
