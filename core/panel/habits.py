"""What servers turned out to refuse of what this package adds to a request, and how a model is asked without it.

It is known of a server and its model, for all mixtures of the process: a chat template does not change with who asks.
How many samples a request may ask for is another matter (`sampling.py`): that is also how a mixture was declared.
"""

import weakref
from itertools import count
from typing import TYPE_CHECKING

from ..models.capabilities import (
    Model,
    bound_to,
    chat_model_of,
    map_chat_models,
    wire_of,
    without_bound,
    without_streaming,
)
from ..models.effort import effort_in, with_effort, with_temperature
from ..models.labels import model_label
from ..models.servers import SERVERS
from ..models.service_tiers import tier_in, with_tier
from ..run.left_out import LeftOut
from .seats import Seat

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Habits:
    """Know servers by their address, and models without one for as long as they live."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._numbers = count()

    def refused(self, seat: Seat) -> frozenset[LeftOut]:
        """Return what a seat's server is known to refuse."""
        server = seat.endpoint or self._names.get(id(chat_model_of(seat.model)))
        if not server:
            return frozenset()
        label = model_label(seat.model)
        refused = SERVERS.refused(server, label) | SERVERS.refused(server, level_label(label, effort_in(seat.model)))
        return refused | SERVERS.refused(server, _tier_label(label, tier_in(seat.model)))

    def learn(self, seat: Seat, parts: frozenset[LeftOut]) -> None:
        """Keep what a seat's server refused, and did without."""
        chat = chat_model_of(seat.model)
        server = seat.endpoint or self._names.get(id(chat))
        if not server:
            server = self._names[id(chat)] = f"object {next(self._numbers)}"
            weakref.finalize(chat, self._names.pop, id(chat), None)  # another object may get its address
        label = model_label(seat.model)
        if "reasoning_effort" in parts:
            SERVERS.learn_refused(server, level_label(label, effort_in(seat.model)), frozenset({"reasoning_effort"}))
        if "service_tier" in parts:
            SERVERS.learn_refused(server, _tier_label(label, tier_in(seat.model)), frozenset({"service_tier"}))
        SERVERS.learn_refused(server, label, parts - {"reasoning_effort", "service_tier"})


def level_label(label: str, level: str | None) -> str:
    """Name a model that is asked at one level of thinking: a server that refuses one may take another."""
    return f"{label} at {level}"


def _tier_label(label: str, tier: str | None) -> str:
    """Name a model that is asked for one tier: a server that refuses one may take another."""
    return f"{label} at the tier {tier}"


HABITS = Habits()
"""The process's own."""


def model_without(model: Model, parts: frozenset[LeftOut]) -> Model:
    """Return a model whose requests do not hold what its server refuses.

    Args:
        model: A chat model.
        parts: What its server refuses; roles are no matter of the model.
    """
    if "streaming" in parts:
        model = without_streaming(without_bound(model, {"stream"}))
    elif "unstreamed" in parts:
        model = map_chat_models(model, _streaming)
    if "stream_options" in parts and "streaming" not in parts:
        model = map_chat_models(without_bound(model, {"stream_usage"}), _uncounted)
    if bound := {"tool_choice", "logprobs"} & parts:
        model = without_bound(model, bound)
    if "temperature" in parts:
        model = with_temperature(model, None)
    if "reasoning_effort" in parts:
        model = with_effort(model, None)
    if "service_tier" in parts:
        model = with_tier(model, None)
    return _with_other_limit(model) if "max_tokens" in parts else model


def limit_of(model: Model) -> int | None:
    """Return the limit of tokens that a model sends as `max_tokens`; None where it sends none by that name."""
    chat = chat_model_of(model)
    if getattr(chat, "limit_name", "max_tokens") != "max_tokens":
        return None
    limit = bound_to(model).get("max_tokens", getattr(chat, "max_tokens", None))
    return limit if isinstance(limit, int) else None


def _with_other_limit(model: Model) -> Model:
    limit = limit_of(model)

    def renamed(chat: "BaseChatModel") -> Model:
        if "limit_name" in type(chat).model_fields:
            return chat.model_copy(update={"limit_name": "max_completion_tokens"})
        return chat.model_copy(update={"max_tokens": None}).bind(max_completion_tokens=limit)

    return map_chat_models(model if wire_of(model) else without_bound(model, {"max_tokens"}), renamed)


def _streaming(chat: "BaseChatModel") -> Model:
    return chat.model_copy(update={"disable_streaming": False, "streaming": True})


def _uncounted(chat: "BaseChatModel") -> Model:
    if "stream_usage" in type(chat).model_fields:
        return chat.model_copy(update={"stream_usage": False})
    return chat.bind(stream_usage=False)
