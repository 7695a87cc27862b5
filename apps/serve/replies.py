"""Write answers as OpenAI's API does: whole, or as server-sent events."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

_REASONS = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}
"""What ends an answer before its own end, as models' servers call it, and as OpenAI does."""
_TOLD = (
    *("stopped", "layers", "calls", "saved", "spared", "usd", "seconds", "degraded", "truncated", "served_model"),
    "citations",
)
"""What a mixture tells of a run, and clients are told."""
STILL_HERE = b": still working\n"
"""A comment, which readers of events skip, in one line: some take an empty line after it for an empty event
(github.com/openai/openai-python/issues/2722)."""
LAST_EVENT = b"data: [DONE]\n\n"


class WrittenAnswer:
    """Write one answer.

    Attributes:
        head: What stands in each part of it.
    """

    def __init__(self, request_id: str, model: str, created: int, left_out: Sequence[str] = ()) -> None:
        self.head = {"id": f"chatcmpl-{request_id}", "created": created, "model": model}
        self._left_out = list(left_out)

    def whole(self, message: AIMessage, text: str) -> dict[str, Any]:
        """Return an answer as one object.

        Args:
            message: What the mixture answered.
            text: Its text.
        """
        calls = _calls_of(message)
        answer: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
        answer["refusal"] = message.additional_kwargs.get("refusal")
        if calls:
            answer["tool_calls"] = calls
        choice = {"index": 0, "message": answer, "logprobs": None, "finish_reason": _reason_of(message)}
        about = {"usage": usage_as_sent(message.usage_metadata), "moa": self.about(message)}
        return {**self.head, "object": "chat.completion", "choices": [choice], **about}

    def about(self, message: AIMessage) -> dict[str, Any]:
        """Return what the run came to, which is no part of OpenAI's API."""
        moa = message.response_metadata.get("moa") or {}
        panel = moa.get("panel") or {}
        facts = {name: moa[name] for name in _TOLD if name in moa}
        use = {"panel": "shown_again" if panel["shown_again"] else "asked"} if "shown_again" in panel else {}
        return {**facts, **use, **({"left_out": self._left_out} if self._left_out else {})}

    def begin(self) -> bytes:
        """Return the first event."""
        return self._event({"role": "assistant", "content": ""})

    def text(self, text: str) -> bytes:
        """Return an event with more of the text."""
        return self._event({"content": text})

    def end(self, message: AIMessage, *, include_usage: bool) -> bytes:
        """Return the last events: calls of tools, why it ended, usage.

        Args:
            message: What holds all but the text.
            include_usage: Whether the client asked for the usage.
        """
        calls = [{"index": number, **call} for number, call in enumerate(_calls_of(message))]
        events = [self._event({"tool_calls": calls})] if calls else []
        events.append(self._event({}, _reason_of(message), {"moa": self.about(message)}))
        if include_usage:
            usage = {"choices": [], "usage": usage_as_sent(message.usage_metadata)}
            events.append(as_event({**self.head, "object": "chat.completion.chunk", **usage}))
        return b"".join([*events, LAST_EVENT])

    def _event(
        self, delta: Mapping[str, Any], reason: str | None = None, about: Mapping[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return as_event({**self.head, "object": "chat.completion.chunk", "choices": [choice], **(about or {})})


def as_event(data: Mapping[str, Any]) -> bytes:
    """Return a server-sent event."""
    return b"data: " + orjson.dumps(data, default=str) + b"\n\n"


def usage_as_sent(usage: UsageMetadata | None) -> dict[str, Any]:
    """Return what all calls of a run read and wrote, as OpenAI calls it."""
    read = usage["input_tokens"] if usage else 0
    written = usage["output_tokens"] if usage else 0
    details: Mapping[str, Any] = usage or {}
    cached = (details.get("input_token_details") or {}).get("cache_read") or 0
    reasoning = (details.get("output_token_details") or {}).get("reasoning") or 0
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def _reason_of(message: AIMessage) -> str:
    if message.tool_calls or message.invalid_tool_calls:
        return "tool_calls"
    facts = message.response_metadata
    reason = _REASONS.get(str(facts.get("finish_reason") or facts.get("stop_reason")), "stop")
    return "length" if reason == "stop" and (facts.get("moa") or {}).get("truncated") else reason


def _calls_of(message: AIMessage) -> list[dict[str, Any]]:
    """Return the calls that an answer makes; those that nobody can read as they came."""
    made = [(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False)) for call in message.tool_calls]
    made += [(call["id"], call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls]
    return [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_, name, arguments in made
    ]
