"""One model call, and every way it can end, as data."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp

from ..core.models import secrets_of
from ..core.panel import Seat
from ..core.presets import PRESETS_FILE, is_preset_model
from ..core.report import price
from ..core.state import Call, Status
from ..core.text import one_line, redact

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
    try:
        async with asyncio.timeout(seat.timeout):
            reply = await seat.model.ainvoke(prompt, config)
        message, usage = _read(reply, len(messages))
        call = _answered(seat, message, usage)
    except GraphBubbleUp:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever a model raises costs its own answer only
        call = _failed(seat, exc, time.perf_counter() - clock)
    return {**call, "started": started, "seconds": round(time.perf_counter() - clock, 3)}, message


def _read(reply: Any, asked: int) -> tuple[AIMessage, UsageMetadata | None]:
    """Find the answer in whatever a model, chain or graph returned, and all the usage behind it."""
    if isinstance(reply, dict) and reply.get("messages"):
        new = [m for m in reply["messages"][asked:] if isinstance(m, AIMessage)]
        usage: UsageMetadata | None = None
        for m in new:
            usage = add_usage(usage, m.usage_metadata) if m.usage_metadata else usage
        reply = reply["messages"][-1]
    else:
        usage = reply.usage_metadata if isinstance(reply, AIMessage) else None
    if isinstance(reply, str):
        reply = AIMessage(reply)
    if not isinstance(reply, BaseMessage):
        raise TypeError(
            f"found {type(reply).__name__} as its result, expected a message, a string or a state with 'messages'"
        )
    return reply if isinstance(reply, AIMessage) else AIMessage(reply.content), usage


def _answered(seat: Seat, message: AIMessage, usage: UsageMetadata | None) -> Call:
    told = message.response_metadata
    nested = told.get("moa") or {}
    served = told.get("model_name") or told.get("model")
    reason = (
        told.get("finish_reason") or told.get("stop_reason") or (told.get("incomplete_details") or {}).get("reason")
    )
    provider = told.get("model_provider")
    usage = nested.get("usage", usage)
    status, error = _judge(message, str(reason or "").lower())
    return Call(
        status=status,
        model=seat.label,
        served_model=served,
        finish_reason=str(reason) if reason else None,
        usage=usage,
        calls=nested.get("calls", 1),
        usd=nested["usd"]
        if nested
        else price(usage, models=(served, seat.label.partition(":")[2]), provider=provider, endpoint=seat.endpoint),
        started=0.0,
        seconds=0.0,
        error=error,
    )


def _judge(message: AIMessage, reason: str) -> tuple[Status, str | None]:
    blocks = message.content if isinstance(message.content, list) else []
    refusal = message.additional_kwargs.get("refusal") or next(
        (b.get("refusal") for b in blocks if isinstance(b, dict) and b.get("type") == "refusal"), None
    )
    if refusal or reason in _REFUSED:
        return "refused", one_line(str(refusal or f"the server ended the answer with {reason!r}"))
    if not message.text.strip():
        return "empty", "the answer holds no text" + (f" (finish reason {reason!r})" if reason else "")
    if reason in _CUT:
        return "truncated", "the answer was cut at its token limit"
    return "ok", None


def _failed(seat: Seat, exc: Exception, seconds: float) -> Call:
    root: BaseException = exc
    while root.__cause__ is not None:
        root = root.__cause__
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
        usd=None,
        started=0.0,
        seconds=0.0,
        error=_explain(seat, exc, root, code, status, seconds),
    )


def _explain(seat: Seat, exc: Exception, root: BaseException, code: int | None, status: Status, seconds: float) -> str:
    if status == "timeout":
        return f"no answer within {seconds:.1f} s" + (f" (limit {seat.timeout:g} s)" if seat.timeout else "")
    said = redact(str(exc) or type(exc).__name__, secrets_of(seat.model))
    if root is not exc and str(root) and str(root) not in said:
        said = f"{said} ({redact(str(root), secrets_of(seat.model))})"
    text = one_line(f"{'' if code else type(exc).__name__ + ': '}{said}")
    if code == 404 and is_preset_model(seat.label):
        text += f"; if {seat.label} was retired, put another model into {PRESETS_FILE}"
    return text
