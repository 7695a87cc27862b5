"""One model call, and every way it can end, as data."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp, ParentCommand

from ..core.anatomy import is_chat_model, secrets_of
from ..core.panel import Seat
from ..core.presets import PRESETS_FILE, is_preset_model
from ..core.report import price
from ..core.state import Call, Status
from ..core.text import one_line, plain, redact

_CUT = {"length", "max_tokens", "max_output_tokens"}
_REFUSED = {"content_filter", "refusal", "safety", "prohibited_content", "blocklist"}


async def call_model(
    seat: Seat, messages: Sequence[BaseMessage], config: RunnableConfig
) -> tuple[Call, AIMessage | None]:
    """Ask one model and say what came of it; a failure of the model is returned, never raised.

    Args:
        seat: Whom to ask, and for how long at most.
        messages: The whole prompt.
        config: The node's config, so that callbacks, tags and traces nest.

    Returns:
        The call's outcome, and the message where one came back, even one without usable text.
    """
    started, clock = time.time(), time.perf_counter()
    config = {**config, "tags": [*config.get("tags", []), *seat.tags]}
    prompt: Any = {"messages": list(messages)} if seat.takes_state else list(messages)
    message: AIMessage | None = None
    failure: BaseException
    try:
        async with asyncio.timeout(seat.timeout):
            reply = await seat.model.ainvoke(prompt, config)
        message, usage, calls = _read(reply, messages)
        return _answered(seat, message, usage, calls, started=started, seconds=_since(clock)), message
    except GraphBubbleUp as exc:
        if not isinstance(exc, ParentCommand):
            raise
        failure = exc  # a handoff out of the mixture would throw away what its siblings were paid for
    except asyncio.CancelledError as exc:
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        failure = exc  # not ours: the model awaited something that somebody else cancelled
    except Exception as exc:  # noqa: BLE001 - whatever a model raises costs its own answer only
        failure = exc
    return _failed(seat, failure, started=started, seconds=_since(clock)), message


def _since(clock: float) -> float:
    return round(time.perf_counter() - clock, 3)


def _read(reply: Any, asked: Sequence[BaseMessage]) -> tuple[AIMessage, UsageMetadata | None, int]:
    """Find the answer in whatever a model, chain or graph returned, with the usage and number of calls behind it."""
    if isinstance(reply, dict) and isinstance(reply.get("messages"), list):
        known = {id(message) for message in asked} | {message.id for message in asked if message.id}
        new = [m for m in reply["messages"] if isinstance(m, AIMessage) and not {id(m), m.id} & known]
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


def _answered(
    seat: Seat, message: AIMessage, usage: UsageMetadata | None, calls: int, *, started: float, seconds: float
) -> Call:
    told = message.response_metadata
    nested = told.get("moa") or {}
    served = told.get("model_name") or told.get("model")
    reason = (
        told.get("finish_reason") or told.get("stop_reason") or (told.get("incomplete_details") or {}).get("reason")
    )
    provider = told.get("model_provider")
    usage = nested.get("usage", usage)
    status, error = _status_of(message, str(reason or "").lower())
    return Call(
        status=status,
        model=seat.label,
        served_model=served,
        finish_reason=str(reason) if reason else None,
        usage=usage,
        calls=nested.get("calls", calls),
        usd=nested["usd"]
        if nested
        else price(usage, models=(served, seat.label.partition(":")[2]), provider=provider, endpoint=seat.endpoint),
        started=started,
        seconds=seconds,
        error=error,
    )


def _status_of(message: AIMessage, reason: str) -> tuple[Status, str | None]:
    blocks = message.content if isinstance(message.content, list) else []
    refusal = message.additional_kwargs.get("refusal") or next(
        (b.get("refusal") for b in blocks if isinstance(b, dict) and b.get("type") == "refusal"), None
    )
    if refusal or reason in _REFUSED:
        return "refused", one_line(plain(refusal or f"the server ended the answer with {reason!r}"))
    if not message.text.strip():
        return "empty", "the answer holds no text" + (f" (finish reason {reason!r})" if reason else "")
    if reason in _CUT:
        return "truncated", "the answer was cut at its token limit"
    return "ok", None


def _failed(seat: Seat, exc: BaseException, *, started: float, seconds: float) -> Call:
    root = _root(exc)
    code = getattr(exc, "status_code", None)
    status: Status = "error"
    if code == 429:
        status = "rate_limited"
    elif isinstance(exc, TimeoutError) or isinstance(root, TimeoutError) or "Timeout" in type(root).__name__:
        status = "timeout"
    return Call(
        status=status,
        model=seat.label,
        served_model=None,
        finish_reason=None,
        usage=None,
        calls=1,
        # A request that the server refused costs nothing. Whether one that broke off was billed, or what a chain or
        # graph had paid for before, nobody told.
        usd=0.0 if isinstance(code, int) and code >= 400 and is_chat_model(seat.model) else None,
        started=started,
        seconds=seconds,
        error=_explain(seat, exc, root, code, status, seconds),
    )


def _root(exc: BaseException) -> BaseException:
    seen = {id(exc)}
    while (cause := exc.__cause__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        exc = cause
    return exc


def _said(exc: BaseException) -> str:
    try:
        return plain(str(exc))
    except Exception:  # noqa: BLE001 - an exception that cannot be printed is still only one proposal's
        return ""


def _sent_keys(exc: BaseException) -> set[str]:
    """Return the keys in the request that failed: they may belong to a model out of sight, in a closure or a graph."""
    headers = getattr(getattr(exc, "request", None), "headers", {})
    sent = (headers.get(name, "") for name in ("authorization", "x-api-key", "api-key"))
    return {value.removeprefix("Bearer ") for value in sent}


def _explain(
    seat: Seat, exc: BaseException, root: BaseException, code: int | None, status: Status, seconds: float
) -> str:
    if status == "timeout":
        return f"no answer within {seconds:.1f} s" + (f" (limit {seat.timeout:g} s)" if seat.timeout else "")
    said, cause = _said(exc), _said(root)
    parts = [part for part in (said, f"({cause})" if cause and cause not in said else "") if part]
    kind = "" if code and said else type(exc).__name__
    secrets = secrets_of(seat.model) | _sent_keys(exc)
    text = one_line(redact(": ".join(filter(None, [kind, " ".join(parts)])), secrets))
    if code == 404 and is_preset_model(seat.label):
        text += f"; if {seat.label} was retired, put another model into {PRESETS_FILE}"
    return text
