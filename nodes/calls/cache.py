"""Look a call up before it is made: the same model, asked the same, with the same parameters.

LangGraph's own cache of nodes keys by the node's function and its input; all proposers are made by one function, and
would get each other's answers (github.com/langchain-ai/langgraph/issues/8753). And its entries hold the turn they were
made in. So the cache is asked here, about calls.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables.base import RunnableBindingBase
from langgraph.cache.base import BaseCache, FullKey

from ...core.clock import unix_time
from ...core.local.weights import file_behind
from ...core.models.capabilities import chat_model_of
from ...core.models.prices import FREE_OF_CHARGE
from ...core.panel.seats import Seat
from ...core.run.costs import cost_of
from ...core.run.records import Call, Spared
from ...core.text import text_in

_NAMESPACE = ("langgraph_moa", "calls", "2")
_PATIENCE = 2.0
"""Seconds after which a cache that hangs counts as one that failed."""
_CLIENTS = {"client", "async_client", "root_client", "root_async_client", "http_client", "http_async_client"}
_WIRING = _CLIENTS | {"cache", "callbacks", "rate_limiter", "custom_get_token_ids", "api_key", "headers", "with_tools"}
"""Fields that say how a model is reached, and nothing of what it answers."""
_PLAIN = str | int | float | None
_log = logging.getLogger(__name__)


class CallRecord(BaseCache[Any]):
    """Be a cache that replays whatever came of a call, also where that was a failure, or an answer that was cut.

    Several mixtures that share one get the same proposals, to the byte; a common cache would have those asked again
    that gave no whole answer.
    """

    layers = 0
    """How many layers of proposers it holds before a run begins, so that nothing is set aside for them."""

    def twin_of(self, seat: Seat) -> int:
        """Return which seat of its model it is: the same number in each mixture that shares the record."""
        return seat.twin


class Entry(NamedTuple):
    """Be a call's place in the cache; a cache that fails or hangs is an empty one."""

    cache: BaseCache[Any]
    key: FullKey

    async def recall(self) -> tuple[Call, AIMessage | None] | None:
        """Return the outcome and the answer that are kept, marked as such."""
        free = {**FREE_OF_CHARGE, "cached": True, "cut": None, "carried": False, "unread": False}
        free |= {"left_out": [], "waited": 0.0, "tried_s": 0.0, "seconds": 0.0, "started": unix_time()}
        try:
            async with asyncio.timeout(_PATIENCE):
                content = (await self.cache.aget([self.key])).get(self.key)
            if not content:
                return None
            call, text = content["call"], content["text"]
            spared = Spared(**cost_of(call), seconds=call["waited"] + call["seconds"])
            return cast("Call", {**call, **free, "spared": spared}), None if text is None else AIMessage(text)
        except Exception as exc:  # noqa: BLE001 - a cache that is down costs money, not answers
            _log.warning("the cache cannot be read, asking the model instead: %s", type(exc).__name__)
            return None

    async def keep(self, call: Call, message: AIMessage | None) -> None:
        """Keep a whole answer; a record keeps whatever came of asking, where nobody cut it short."""
        is_whole = message is not None and call["status"] == "ok"
        is_of_record = isinstance(self.cache, CallRecord) and call["status"] not in ("cancelled", "skipped")
        if call["cached"] or call["cut"] or not (is_whole or is_of_record):
            return
        text = None if message is None else text_in(message)
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.cache.aset({self.key: ({"call": dict(call), "text": text}, None)})
        except Exception as exc:  # noqa: BLE001 - the answer is there all the same
            _log.warning("the cache cannot be written: %s", type(exc).__name__)


def entry_of(cache: BaseCache[Any] | None, seat: Seat, messages: Sequence[BaseMessage]) -> Entry | None:
    """Return where a call is kept; None without a cache, and for what cannot be kept.

    That is a chain or graph, of which nobody knows what else it looks at.
    """
    twin = cache.twin_of(seat) if isinstance(cache, CallRecord) else seat.twin
    key = _key_of(seat, messages, twin) if cache is not None else None
    return Entry(cache, key) if cache is not None and key else None


def layers_kept(cache: BaseCache[Any] | None) -> int:
    """Return of how many layers of proposers a cache holds all calls; none where nobody knows."""
    return cache.layers if isinstance(cache, CallRecord) else 0


def _key_of(seat: Seat, messages: Sequence[BaseMessage], twin: int) -> FullKey | None:
    """Return what a call is known by."""
    chat = chat_model_of(seat.model)
    if chat is None or not seat.one_call:
        return None
    bound, model = [], seat.model
    while isinstance(model, RunnableBindingBase):
        bound.append(model.kwargs)
        model = model.bound
    prompt = [message.model_dump(exclude={"id", "usage_metadata", "response_metadata"}) for message in messages]
    kind = f"{type(chat).__module__}.{type(chat).__qualname__}"
    # What a dump leaves out may still decide the answer. Whatever is no JSON keeps its address, and so never hits in
    # another process; clients are known by the endpoint.
    undumped = {name for name, field in type(chat).model_fields.items() if field.exclude} - _WIRING
    hidden = {name: getattr(chat, name) for name in undumped}
    private = {name: value for name, value in (chat.__pydantic_private__ or {}).items() if isinstance(value, _PLAIN)}
    dumped, endpoint = chat.model_dump(), seat.endpoint
    dumped.pop("service_tier", None)  # how long it takes, and what it costs, but no other answer
    if file := file_behind(seat.label):  # it is served at another port each time
        dumped, endpoint = {name: value for name, value in dumped.items() if name != "base_url"}, file
    parts = [kind, seat.label, endpoint, seat.sample, twin, dumped, hidden, private, bound, prompt]
    return _NAMESPACE, sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()
