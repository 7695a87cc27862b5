"""What a model's reply says: its text, how it ended, what it cost."""

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage

from ...core.bounds.budget import call_at_most
from ...core.models.prices import FREE_OF_CHARGE, FREE_PROVIDERS, price_of
from ...core.panel.seats import Seat
from ...core.run.costs import counted
from ...core.run.records import USABLE, Call, Status
from ...core.text import one_line, plain
from .outcome import call_of
from .prompt import Prompt

_CUT = {"length", "max_tokens", "max_output_tokens"}


_REFUSED = {"content_filter", "refusal", "safety", "prohibited_content", "blocklist"}


def sampled(call: Call, prompt: Prompt, message: AIMessage | None) -> Call:
    """Return what came of a sample that another one's request brought, or failed to: it cost nothing more."""
    if message is None:
        return cast("Call", {**call, **FREE_OF_CHARGE})
    reason = str(message.response_metadata.get("finish_reason") or "")
    status, error = _unless_echo(*_status_of(message, reason.lower(), may_call=False), prompt, message)
    return cast("Call", {**call, **FREE_OF_CHARGE, "status": status, "error": error, "finish_reason": reason or None})


def read_reply(reply: Any, prompt: Sequence[BaseMessage]) -> tuple[AIMessage, UsageMetadata | None, int]:
    """Find the answer in whatever a model, chain or graph returned, with the usage and number of calls behind it."""
    if isinstance(reply, dict) and isinstance(reply.get("messages"), list):
        before = {id(message) for message in prompt} | {message.id for message in prompt if message.id}
        new = [m for m in reply["messages"] if isinstance(m, AIMessage) and not {id(m), m.id} & before]
        if not new:
            raise TypeError("found no new AI message in its state, expected its answer as the last of 'messages'")
        usage: UsageMetadata | None = None
        for m in new:
            usage = add_usage(usage, m.usage_metadata) if m.usage_metadata else usage
        return new[-1], usage, len(new)
    if isinstance(reply, str):
        reply = AIMessage(plain(reply))
    if not isinstance(reply, BaseMessage):
        raise TypeError(
            f"found {type(reply).__name__} as its result, expected a message, a string or a state with 'messages'"
        )
    if not isinstance(reply, AIMessage):
        reply = AIMessage(reply.content)
    return reply, reply.usage_metadata, 1


def answered_call(
    seat: Seat, prompt: Prompt, message: AIMessage, usage: UsageMetadata | None, calls: int, facts: dict[str, Any]
) -> Call:
    """Return what came of a call that brought a message."""
    metadata = message.response_metadata
    nested = metadata.get("moa") or {}
    served = metadata.get("model_name") or metadata.get("model")
    reason = metadata.get("finish_reason") or metadata.get("stop_reason")
    reason = reason or (metadata.get("incomplete_details") or {}).get("reason")
    usage = nested.get("usage", counted(usage))
    names = (served, seat.label, seat.label.partition(":")[2])
    provider = seat.provider if seat.provider in FREE_PROVIDERS else metadata.get("model_provider") or seat.provider
    usd: float | None
    if nested:
        usd = nested["usd"]
    else:
        usd = price_of(usage, models=names, provider=provider, endpoint=seat.endpoint, own=seat.prices)
    status, error = _status_of(message, str(reason or "").lower(), may_call=seat.role == "aggregator")
    status, error = _unless_echo(status, error, prompt, message)
    return call_of(
        seat.label,
        status=status,
        error=error,
        served_model=served,
        finish_reason=str(reason) if reason else None,
        usage=usage,
        calls=nested.get("calls", calls),
        usd=usd,
        at_most=None if usage else call_at_most(seat, prompt.messages),
        **facts,
    )


def _status_of(message: AIMessage, reason: str, *, may_call: bool) -> tuple[Status, str | None]:
    blocks = message.content if isinstance(message.content, list) else []
    refusal = message.additional_kwargs.get("refusal") or next(
        (b.get("refusal") for b in blocks if isinstance(b, dict) and b.get("type") == "refusal"), None
    )
    if refusal or reason in _REFUSED:
        return "refused", one_line(plain(refusal or f"the server ended the answer with {reason!r}"))
    if may_call and message.tool_calls:
        # Pieces of a streamed call are mended into whole JSON: one that was cut looks like any other.
        return ("invalid", "a call of a tool was cut at the token limit") if reason in _CUT else ("ok", None)
    if not message.text.strip():
        return "empty", "the answer holds no text" + _held_instead(message, reason, may_call=may_call)
    if reason in _CUT:
        return "truncated", "the answer was cut at its token limit"
    return "ok", None


def _unless_echo(status: Status, error: str | None, prompt: Prompt, message: AIMessage) -> tuple[Status, str | None]:
    """Return how a call ended, unless its answer repeats what we told the model: that answers nothing."""
    echo = prompt.echo_in(message) if status in USABLE else None
    return (
        (status, error) if echo is None else ("invalid", f"the answer repeats its prompt: {one_line(echo, limit=80)}")
    )


def _held_instead(message: AIMessage, reason: str, *, may_call: bool) -> str:
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    if not calls:
        return f" (finish reason {reason!r})" if reason else ""
    why = "which cannot be read" if may_call else "which only the aggregator may make"
    return f" but a call of {calls[0]['name']!r}, {why}"
