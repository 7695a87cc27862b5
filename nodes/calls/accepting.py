"""Ask a server again that refused a request, without what this package added to it.

What is added is for the answer's good, and must never cost it: `stream_options` only ask for figures, the system
message holds a note of ours, and references in the user's message make no difference to who reads them.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp

from ...core.media.blocks import kinds_in, without_media
from ...core.models.capabilities import Model, bound_to, chat_model_of
from ...core.models.effort import effort_in, temperature_in
from ...core.models.objections import is_refusal, kinds_without, may_be_left_out, media_parts
from ...core.models.parts import secrets_of
from ...core.models.service_tiers import tier_in
from ...core.panel.habits import HABITS, limit_of, model_without
from ...core.panel.seats import Seat
from ...core.run.left_out import LeftOut
from ...core.text import one_line, redact
from ...prompts import in_turn, without_system
from ...prompts.roles import role_in

_Ask = Callable[[Model, list[BaseMessage]], Awaitable[Any]]
_FURTHER = 2
"""How many requests may follow one that was refused."""
_log = logging.getLogger(__name__)


class Accepting:
    """Make one call in the form that its server takes, and know what that goes without.

    Only a single chat model is asked again: nobody knows what a chain or graph did before it came to one that refuses.
    """

    def __init__(self, seat: Seat, messages: Sequence[BaseMessage], config: RunnableConfig) -> None:
        self._seat, self._messages, self._config = seat, list(messages), config
        habits = HABITS.refused(seat)
        self.left_out: frozenset[LeftOut] = habits & self._parts if habits else habits
        """What the request goes without whose answer, or failure, is told."""

    async def make(self, ask: _Ask) -> Any:
        """Ask, and again without what may be the reason where that is refused.

        Args:
            ask: Asks a model; loading and limits are its affair.

        Raises:
            Exception: What asking raised: the first refusal, where none of what was left out was the reason.
        """
        first, refusal = self.left_out, None
        for further in range(_FURTHER + 1):
            try:
                answer = await ask(*self._form())
            except GraphBubbleUp:
                raise
            except Exception as exc:
                parts = may_be_left_out(exc, self._parts - self.left_out) if further < _FURTHER else frozenset()
                if not parts:
                    if refusal is None or not is_refusal(exc):
                        raise
                    self.left_out = first
                    raise refusal from refusal.__cause__
                refusal = refusal or exc
                self._tell(exc, parts)
                self.left_out |= parts
            else:
                if self.left_out != first:
                    HABITS.learn(self._seat, self.left_out)
                return answer
        raise AssertionError  # the last round returns or raises

    def _tell(self, refusal: Exception, parts: frozenset[LeftOut]) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            why = one_line(redact(str(refusal), secrets_of(self._seat.model)))
            _log.debug("%s: refused (%s); asked again without %s", self._seat.title, why, ", ".join(sorted(parts)))

    def _form(self) -> tuple[Model, list[BaseMessage]]:
        messages = self._messages
        if unread := kinds_without(self.left_out):
            messages = without_media(messages, unread)
        if "system_role" in self.left_out:
            messages = without_system(messages)
        if "repeated_roles" in self.left_out:
            messages = in_turn(messages)
        return model_without(self._seat.model, self.left_out), messages

    @cached_property
    def _parts(self) -> frozenset[LeftOut]:
        """Return what there is in the request that it could go without."""
        model, parts = self._seat.model, set(self._media)
        if not self._seat.one_call or chat_model_of(model) is None:
            return frozenset()
        if self._streams(model):
            parts |= {"streaming", "stream_options"} if self._asks_for_usage(model) else {"streaming"}
        elif self._seat.transport is not None:
            parts.add("unstreamed")
        if any(role_in(message) == "system" for message in self._messages):
            parts.add("system_role")
        if in_turn(self._messages) != self._messages:
            parts.add("repeated_roles")
        if self._seat.is_checked and bound_to(model).get("tool_choice") not in (None, "auto", "none"):
            parts.add("tool_choice")
        return frozenset(parts) | self._options

    @property
    def _options(self) -> frozenset[LeftOut]:
        """Return which options of the request it could go without."""
        model, parts = self._seat.model, set[LeftOut]()
        if self._seat.transport is not None and limit_of(model) is not None:
            parts.add("max_tokens")
        if temperature_in(model) is not None:
            parts.add("temperature")
        if effort_in(model) is not None:
            parts.add("reasoning_effort")
        if tier_in(model) is not None:
            parts.add("service_tier")
        if self._seat.likelihood and bound_to(model).get("logprobs"):
            parts.add("logprobs")
        return frozenset(parts)

    @property
    def _media(self) -> frozenset[LeftOut]:
        """Return what could be replaced by a note: a proposer that is to be skipped is not asked again."""
        return media_parts(kinds_in(self._messages) if self._seat.unreadable == "text" else ())

    def _streams(self, model: Model) -> bool:
        """Tell a call that is streamed, as LangChain decides it: by its handlers, or as the model says."""
        chat, bound = chat_model_of(model), bound_to(model)
        if getattr(chat, "disable_streaming", None) is True or bound.get("stream") is False:
            return False
        manager: Any = self._config.get("callbacks") or []
        handlers = getattr(manager, "handlers", manager)
        is_tapped = any(hasattr(handler, "tap_output_aiter") for handler in handlers)
        return is_tapped or bool(bound.get("stream") or getattr(chat, "streaming", False))

    def _asks_for_usage(self, model: Model) -> bool:
        """Tell whether it is asked for the usage of what it streams, and not by its user."""
        chat, bound = chat_model_of(model), bound_to(model)
        usage = bound.get("stream_usage", getattr(chat, "stream_usage", True))
        given = (bound, *(getattr(chat, name, None) or {} for name in ("extra_body", "model_kwargs")))
        return self._seat.transport is not None and bool(usage) and not any("stream_options" in each for each in given)
