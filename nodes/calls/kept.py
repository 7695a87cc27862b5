"""What is kept of an answer, and how it is read back: as a stranger's words, who can say no more than a model can."""

import json
from collections.abc import Mapping
from typing import Any, cast

from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict

from ...core.clock import unix_time
from ...core.models.prices import FREE_OF_CHARGE
from ...core.panel.seats import Seat
from ...core.run.costs import cost_of
from ...core.run.records import Call, Spared
from ...core.text import one_line, plain_in, shows_nothing, text_in
from .outcome import call_of, where_asked

_MOST = 10**12
"""What nobody's calls, tokens, dollars and seconds come to."""
_NAME = 200
"""Characters of a model's name, or of a reason for an end."""


def written_answer(call: Call, message: AIMessage | None) -> dict[str, Any] | None:
    """Return what is kept of a whole answer; None where it is none, or more than a text and calls of tools.

    Args:
        call: What came of asking.
        message: The answer.
    """
    if message is None or call["status"] != "ok" or not isinstance(message.content, str):
        return None
    if message.tool_calls and any(message.additional_kwargs.values()):  # thinking that has to stand before them
        return None
    cost = cost_of(call)
    return {
        "text": text_in(message),
        "tool_calls": [{name: one[name] for name in ("name", "args", "id")} for one in message.tool_calls],
        **{name: call[name] for name in ("served_model", "finish_reason", "reasoning")},
        "probability": call.get("probability"),
        "spared": {**cost, "seconds": round(call["waited"] + call["seconds"], 3)},
    }


def recalled_answer(content: object, seat: Seat, allowed: frozenset[str] | None) -> tuple[Call, AIMessage] | None:
    """Return the call and the answer that were kept; None where that is nothing that `written_answer` writes.

    Args:
        content: What a cache holds.
        seat: Who would be asked.
        allowed: The tools that it may call, by name; None where nobody can tell.
    """
    entry = plain_in(content)
    if not isinstance(entry, Mapping) or not isinstance(text := entry.get("text"), str):
        return None
    calls, spared = entry.get("tool_calls"), entry.get("spared")
    if not isinstance(calls, list) or not all(_is_call(one, allowed) for one in calls):
        return None
    if len(text.encode()) > seat.max_answer_bytes or (shows_nothing(text) and not calls):
        return None
    names = {name: entry.get(name) for name in ("served_model", "finish_reason", "reasoning")}
    if not all(isinstance(value, str | None) for value in names.values()) or not _is_spared(spared):
        return None
    short = {
        name: value if name == "reasoning" else value and one_line(value, limit=_NAME) for name, value in names.items()
    }
    probability: Any = entry.get("probability")
    call = call_of(
        seat.label,
        status="ok",
        **short,
        **FREE_OF_CHARGE,
        endpoint=where_asked(seat),
        transport=seat.transport,
        started=unix_time(),
        seconds=0.0,
    )
    call["cached"] = True
    call["spared"] = Spared(**{name: spared[name] for name in Spared.__annotations__})  # type: ignore[index, typeddict-item]
    if _is_amount(probability) and probability <= 1:
        call["probability"] = float(probability)
    tool_calls = [{"name": one["name"], "args": one["args"], "id": one["id"], "type": "tool_call"} for one in calls]
    served = short["served_model"]
    return call, AIMessage(text, tool_calls=tool_calls, response_metadata={"model_name": served} if served else {})


def written_outcome(outcome: tuple[Call, AIMessage | None] | None) -> bytes:
    """Return what came of a call as a journal keeps it: all of it, with a failure, too.

    Args:
        outcome: The call and its answer; None is none.
    """
    parts = outcome and [outcome[0], outcome[1] and message_to_dict(outcome[1])]
    return json.dumps(parts, default=str).encode()


def outcome_read(written: bytes) -> tuple[Call, AIMessage | None] | None:
    """Return what `written_outcome` wrote."""
    parts = json.loads(written)
    if parts is None:
        return None
    messages = messages_from_dict([parts[1]] if parts[1] else [])
    return cast("Call", parts[0]), cast("AIMessage | None", next(iter(messages), None))


def _is_call(call: Any, allowed: frozenset[str] | None) -> bool:
    return (
        isinstance(call, Mapping)
        and isinstance(call.get("name"), str)
        and (allowed is None or call["name"] in allowed)
        and isinstance(call.get("args"), dict)
        and isinstance(call.get("id", 0), str | None)
    )


def _is_spared(spared: Any) -> bool:
    return (
        isinstance(spared, Mapping)
        and all(
            name in spared and (spared[name] is None or (_is_amount(spared[name]) and isinstance(spared[name], int)))
            for name in ("calls", "tokens")
        )
        and ("usd" in spared and (spared["usd"] is None or _is_amount(spared["usd"])))
        and _is_amount(spared.get("seconds"))
    )


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
