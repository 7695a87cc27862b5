"""Read what a server answered: text, calls of tools, how it ended, and what it counted. All of it is foreign."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call

from .refusals import UnreadableAnswer, check_answer

_TOLD = ("id", "system_fingerprint", "service_tier")
"""Facts about an answer that are handed on as they are."""
_MOST_TOKENS = 10**9
_ASIDE = {"reasoning_content": ("reasoning_content", "reasoning"), "refusal": ("refusal",)}
"""What stands beside the text, by LangChain's name for it, and what servers call it."""


def answers_of(body: bytes, *, provider: str, model: str, secrets: Iterable[str]) -> list[AIMessage]:
    """Return the choices of a whole answer.

    Args:
        body: What the server sent.
        provider: Whom LangChain is to take for its author.
        model: What was asked for, where the server does not say what answered.
        secrets: What errors may not repeat.

    Raises:
        UnreadableAnswer: It is no answer.
    """
    sent = check_answer(body, secrets)
    choices = choices_of(sent)
    if not choices:
        raise UnreadableAnswer(
            f"found no choices in the answer, expected some; does the base URL end in /v1? It holds "
            f"{', '.join(sent)[:200] or 'nothing'}"
        )
    facts = facts_of(sent, provider=provider, model=model)
    facts["token_usage"] = sent.get("usage")
    usage = usage_of(facts["token_usage"], sent.get("service_tier"))
    return [_message(choice, facts, usage) for choice in choices]


def choices_of(sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a server sends as choices, as far as it is some."""
    choices = sent.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def facts_of(sent: Mapping[str, Any], *, provider: str, model: str) -> dict[str, Any]:
    """Return what a server says of an answer beside it."""
    served = sent.get("model")
    named = {name: value for name in _TOLD if isinstance(value := sent.get(name), str) and value}
    return {"model_provider": provider, "model_name": served if isinstance(served, str) and served else model, **named}


def content_text(content: object) -> str:
    """Return the text of a message's content, which some servers send in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def aside_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message holds beside its text and calls: reasoning, a refusal, audio."""
    aside: dict[str, Any] = {}
    for name, spellings in _ASIDE.items():
        texts = [text for spelling in spellings if isinstance(text := message.get(spelling), str) and text]
        aside |= {name: texts[0]} if texts else {}
    parts = {name: part for name in ("audio", "function_call") if isinstance(part := message.get(name), dict)}
    return aside | parts


def usage_of(counts: object, tier: object = None) -> UsageMetadata | None:
    """Return what a server counted, as LangChain holds it; None where it did not, or nothing that could be so.

    Args:
        counts: Its `usage`.
        tier: Its `service_tier`: what was priced as `priority` or `flex` is told apart, as langchain-openai does.
    """
    if not isinstance(counts, dict):
        return None
    read, written = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    total = _count(counts.get("total_tokens"))
    if read is None and written is None:
        return None
    usage = UsageMetadata(
        input_tokens=read or 0, output_tokens=written or 0, total_tokens=total or (read or 0) + (written or 0)
    )
    prefix = f"{tier}_" if tier in ("priority", "flex") else ""
    of_input, of_output = counts.get("prompt_tokens_details"), counts.get("completion_tokens_details")
    inputs = {
        "audio": _detail(of_input, "audio_tokens"),
        f"{prefix}cache_read": _detail(of_input, "cached_tokens"),
        f"{prefix}cache_creation": _detail(of_input, "cache_write_tokens"),
    }
    outputs = {
        "audio": _detail(of_output, "audio_tokens"),
        f"{prefix}reasoning": _detail(of_output, "reasoning_tokens"),
    }
    if prefix:
        inputs[str(tier)] = usage["input_tokens"] - (inputs[f"{prefix}cache_read"] or 0)
        outputs[str(tier)] = usage["output_tokens"] - (outputs[f"{prefix}reasoning"] or 0)
    if details := {name: count for name, count in inputs.items() if count is not None}:
        usage["input_token_details"] = InputTokenDetails(**details)  # type: ignore[typeddict-item]
    if details := {name: count for name, count in outputs.items() if count is not None}:
        usage["output_token_details"] = OutputTokenDetails(**details)  # type: ignore[typeddict-item]
    return usage


def tool_calls_of(sent: object) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Return the calls of tools in a message, and those that cannot be read."""
    calls: list[ToolCall] = []
    unreadable: list[InvalidToolCall] = []
    for call in sent if isinstance(sent, list) else []:
        id_, function = (word_of(call.get("id")), call.get("function")) if isinstance(call, dict) else (None, None)
        name, written = (function.get("name"), function.get("arguments")) if isinstance(function, dict) else ("", "")
        args = _arguments(written)
        if isinstance(name, str) and name and args is not None:
            calls.append(tool_call(name=name, args=args, id=id_))
        else:
            why = "its arguments are no JSON object" if args is None else "it names no tool"
            unreadable.append(invalid_tool_call(name=str(name or ""), args=str(written or ""), id=id_, error=why))
    return calls, unreadable


def word_of(value: object) -> str | None:
    """Return what names something, which some servers send as a number; None for whatever else."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None


def _arguments(written: object) -> dict[str, Any] | None:
    """Read a call's arguments, which are JSON in a text, and an object right away from some servers."""
    if isinstance(written, str) and written.strip():
        try:
            written = json.loads(written, strict=False)  # models write newlines as they are
        except (ValueError, RecursionError):
            return None
    return written if isinstance(written, dict) else None if written else {}


def _message(choice: Mapping[str, Any], facts: Mapping[str, Any], usage: UsageMetadata | None) -> AIMessage:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    calls, unreadable = tool_calls_of(message["tool_calls"]) if message.get("tool_calls") else ([], [])
    ended = {"finish_reason": word_of(choice.get("finish_reason")), "logprobs": choice.get("logprobs")}
    return AIMessage(
        content_text(message.get("content")),
        additional_kwargs=aside_of(message),
        tool_calls=calls,
        invalid_tool_calls=unreadable,
        usage_metadata=usage,
        response_metadata={**facts, **ended},
    )


def _count(value: object) -> int | None:
    """Return a number of tokens; None for what can be none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS else None


def _detail(details: object, name: str) -> int | None:
    return _count(details.get(name)) if isinstance(details, dict) else None
