"""Read what a server answered: text, calls of tools, how it ended, and what it counted. All of it is foreign."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call

from ..run.usage import TIERS, checked_usage
from .parsing import without_halves
from .parts import joined_text
from .refusals import UnreadableAnswer, check_answer, check_first
from .sizes import MOST_ARGUMENTS, MOST_CALLS
from .wording import choices_of

_TOLD = ("id", "system_fingerprint", "service_tier")
"""Facts about an answer that are handed on as they are."""
_MOST_ENDS = 20
"""Reasons of a list that are read."""
_LONGEST_FACT = 500
"""Characters of what a server says of an answer beside it, as its model's name."""
_ASIDE = {"reasoning_content": ("reasoning_content", "reasoning"), "refusal": ("refusal",)}
"""What stands beside the text, by LangChain's name for it, and what servers call it."""


def answers_of(body: bytes, *, provider: str, model: str, secrets: Collection[str]) -> list[AIMessage]:
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
    check_first(choices[0], secrets)
    facts = facts_of(sent, provider=provider, model=model)
    facts["token_usage"] = sent.get("usage")
    usage = usage_of(facts["token_usage"], sent.get("service_tier"))
    # What is no further answer is left out, so that it is asked for again.
    others = [each for each in choices[1:] if isinstance(each.get("message"), dict) and not each.get("error")]
    return [_message(choice, facts, usage) for choice in (choices[0], *others)]


def facts_of(sent: Mapping[str, Any], *, provider: str, model: str) -> dict[str, Any]:
    """Return what a server says of an answer beside it."""
    served = sent.get("model")
    named = {name: value[:_LONGEST_FACT] for name in _TOLD if isinstance(value := sent.get(name), str) and value}
    served = served[:_LONGEST_FACT] if isinstance(served, str) and served else model
    return {"model_provider": provider, "model_name": served, **named}


def aside_of(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts that a message holds beside its own: reasoning, and a refusal."""
    aside: dict[str, str] = {}
    content = message.get("content")
    for name, spellings in _ASIDE.items():
        for value in filter(None, map(message.get, spellings)):
            if name not in aside and (text := joined_text(value)):
                aside[name] = text
        if content and name not in aside and not isinstance(content, str):
            aside |= {name: text} if (text := joined_text(content, name)) else {}
    return aside


def beside_text(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message holds that is no text: audio, and a call as servers once told it."""
    return {name: part for name in ("audio", "function_call") if isinstance(part := message.get(name), dict)}


def usage_of(counts: object, tier: object = None) -> UsageMetadata | None:
    """Return what a server counted, as LangChain holds it; None where it did not, or nothing that could be so.

    Args:
        counts: Its `usage`.
        tier: Its `service_tier`: what was priced as `priority` or `flex` is told apart, as langchain-openai does.
    """
    return priced_as(checked_usage(figures_of(counts, tier)), tier)


def priced_as(usage: UsageMetadata | None, tier: object) -> UsageMetadata | None:
    """Return checked usage with what was priced otherwise told apart.

    Args:
        usage: What was counted.
        tier: The server's `service_tier`.
    """
    if usage is None or tier not in TIERS:
        return usage
    inputs: Any = usage.get("input_token_details") or {}
    outputs: Any = usage.get("output_token_details") or {}
    inputs = {**inputs, tier: usage["input_tokens"] - inputs.get(f"{tier}_cache_read", 0)}
    outputs = {**outputs, tier: usage["output_tokens"] - outputs.get(f"{tier}_reasoning", 0)}
    return {**usage, "input_token_details": inputs, "output_token_details": outputs}


def figures_of(counts: object, tier: object = None) -> dict[str, Any] | None:
    """Return a server's figures by LangChain's names, as it told them; None where it told none.

    Args:
        counts: Its `usage`.
        tier: Its `service_tier`.
    """
    if not isinstance(counts, dict):
        return None
    prefix = f"{tier}_" if tier in TIERS else ""
    of_input, of_output = (
        part if isinstance(part := counts.get(name), dict) else {}
        for name in ("prompt_tokens_details", "completion_tokens_details")
    )
    return {
        "input_tokens": counts.get("prompt_tokens"),
        "output_tokens": counts.get("completion_tokens"),
        "total_tokens": counts.get("total_tokens"),
        "input_token_details": {
            "audio": of_input.get("audio_tokens"),
            f"{prefix}cache_read": of_input.get("cached_tokens"),
            f"{prefix}cache_creation": of_input.get("cache_write_tokens"),
        },
        "output_token_details": {
            "audio": of_output.get("audio_tokens"),
            f"{prefix}reasoning": of_output.get("reasoning_tokens"),
        },
    }


def tool_calls_of(sent: object) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Return the calls of tools in a message, and those that cannot be read.

    Raises:
        UnreadableAnswer: There are more, or of longer arguments, than any answer has.
    """
    calls: list[ToolCall] = []
    unreadable: list[InvalidToolCall] = []
    ids: set[str] = set()
    check_calls_of(sent)
    for call in sent if isinstance(sent, list) else []:
        id_, function = (word_of(call.get("id")), call.get("function")) if isinstance(call, dict) else (None, None)
        id_ = id_ if id_ and id_.strip() and id_ not in ids else new_call_id()
        ids.add(id_)
        name, written = (function.get("name"), function.get("arguments")) if isinstance(function, dict) else ("", "")
        args = _arguments(written)
        if isinstance(name, str) and name and args is not None:
            calls.append(tool_call(name=name, args=args, id=id_))
        else:
            why = "its arguments are no JSON object" if args is None else "it names no tool"
            unreadable.append(invalid_tool_call(name=str(name or ""), args=str(written or ""), id=id_, error=why))
    return calls, unreadable


def check_calls_of(sent: object) -> None:
    """Refuse the calls of a whole message before any of them is read.

    Args:
        sent: What a message has of calls.

    Raises:
        UnreadableAnswer: There are more, or of longer arguments, than any answer has.
    """
    calls = sent if isinstance(sent, list) else []
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    written = [each.get("arguments") for each in functions if isinstance(each, dict)]
    check_calls(len(calls), sum(len(text) for text in written if isinstance(text, str)))


def check_calls(count: int, size: int) -> None:
    """Refuse more calls than any answer makes: whoever runs them, and reads their arguments, would take long.

    Args:
        count: How many there are.
        size: Characters of their arguments, all together.

    Raises:
        UnreadableAnswer: There are such.
    """
    if count > MOST_CALLS or size > MOST_ARGUMENTS:
        most = f"{MOST_CALLS:,} calls" if count > MOST_CALLS else f"{MOST_ARGUMENTS:,} characters of arguments"
        raise UnreadableAnswer(
            f"found more than {most} in one answer, expected at most that; it is not asked for again: offer the model "
            "fewer tools, or another model"
        )


def new_call_id() -> str:
    """Return an id for a call whose server gave it none, or another's: agents hand a call's result back by it."""
    return f"call_{uuid4().hex[:24]}"


def end_of(value: object) -> str | None:
    """Return why an answer ended, in one text: SGLang sends an object with its `type`, and some a list.

    Args:
        value: What stands as `finish_reason`.
    """
    if isinstance(value, dict):
        value = next((value[name] for name in ("type", "reason") if value.get(name)), "object" if value else None)
    if isinstance(value, list):
        return "+".join(filter(None, map(word_of, value[:_MOST_ENDS]))) or None
    return word_of(value)


def word_of(value: object) -> str | None:
    """Return what names something, which some servers send as a number; None for whatever else."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None


def _arguments(written: object) -> dict[str, Any] | None:
    """Read a call's arguments, which are JSON in a text, and an object right away from some servers."""
    if isinstance(written, str):
        if not written.strip():
            return {}
        try:
            written = without_halves(json.loads(written, strict=False))  # models write newlines as they are
        except (ValueError, RecursionError):
            return None
    return written if isinstance(written, dict) else None if written else {}


def _message(choice: Mapping[str, Any], facts: Mapping[str, Any], usage: UsageMetadata | None) -> AIMessage:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    calls, unreadable = tool_calls_of(message["tool_calls"]) if message.get("tool_calls") else ([], [])
    ended = {"finish_reason": end_of(choice.get("finish_reason")), "logprobs": choice.get("logprobs")}
    return AIMessage(
        joined_text(message.get("content"), "text"),
        additional_kwargs=aside_of(message) | beside_text(message),
        tool_calls=calls,
        invalid_tool_calls=unreadable,
        usage_metadata=usage,
        response_metadata={**facts, **ended},
    )
