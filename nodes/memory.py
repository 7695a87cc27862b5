"""Look a call up before it is made: the same model, asked the same, with the same parameters.

LangGraph's own cache of nodes keys by the node's function and its input; all proposers are made by one function, and
would get each other's answers (github.com/langchain-ai/langgraph/issues/8753). And its entries hold the turn they were
made in. So the cache is asked here, about calls.
"""

import json
import logging
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables.base import RunnableBindingBase
from langgraph.cache.base import BaseCache, FullKey

from ..core.anatomy import chat_model_of
from ..core.panel import Seat
from ..core.state import Call

_NAMESPACE = ("langgraph_moa", "calls", "1")
_log = logging.getLogger(__name__)


def key_of(seat: Seat, messages: Sequence[BaseMessage]) -> FullKey | None:
    """Return what a call is known by; None for a chain or graph, of which nobody knows what else it looks at."""
    chat = chat_model_of(seat.model)
    if chat is None or not seat.one_call:
        return None
    bound, model = [], seat.model
    while isinstance(model, RunnableBindingBase):
        bound.append(model.kwargs)
        model = model.bound
    told = [message.model_dump(exclude={"id", "usage_metadata", "response_metadata"}) for message in messages]
    kind = f"{type(chat).__module__}.{type(chat).__qualname__}"
    # Clients and the like are excluded from the dump; whatever else is no JSON keeps its address, and so never hits
    # in another process.
    parts = [kind, seat.label, seat.endpoint, seat.sample, chat.model_dump(), bound, told]
    return _NAMESPACE, sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


async def recall(
    cache: BaseCache[Any] | None, seat: Seat, messages: Sequence[BaseMessage]
) -> tuple[Call, AIMessage] | None:
    """Return a call's outcome and answer from the cache, marked as such; a cache that fails is an empty one."""
    if cache is None or (key := key_of(seat, messages)) is None:
        return None
    try:
        known = (await cache.aget([key])).get(key)
    except Exception as exc:  # noqa: BLE001 - a cache that is down costs money, not answers
        _log.warning("the cache cannot be read, asking %s instead: %s", seat.label, type(exc).__name__)
        return None
    if known is None:
        return None
    free = {"cached": True, "calls": 0, "usd": 0.0, "usage": None, "at_most": None, "retries": None, "seconds": 0.0}
    call = cast("Call", {**known["call"], **free, "started": time.time()})
    return call, AIMessage(known["text"])


async def keep(
    cache: BaseCache[Any], seat: Seat, messages: Sequence[BaseMessage], call: Call, message: AIMessage
) -> None:
    """Put a whole answer into the cache."""
    if (key := key_of(seat, messages)) is None:
        return
    try:
        await cache.aset({key: ({"call": dict(call), "text": message.text}, None)})
    except Exception as exc:  # noqa: BLE001 - the answer is there all the same
        _log.warning("the cache cannot be written: %s", type(exc).__name__)
