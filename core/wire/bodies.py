"""What is sent: a conversation as /chat/completions takes it."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages

from .parsing import write_json

_ROLES = {"human": "user", "system": "system", "ai": "assistant", "tool": "tool"}
_DEVELOPER = "__openai_role__"
"""Where LangChain keeps that a system message was a `developer`'s."""
_PARTS = {"text": "text", "image_url": "image_url", "input_audio": "input_audio", "file": "file"}
"""Parts of a content that are the API's own, and what each holds: they are sent as they are."""
_OF_ANSWERS = {"text", "refusal"}
"""Parts of an answer that go back to a model; its reasoning, and calls that stand elsewhere, do not."""


def as_sent(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Return a conversation as the API takes it.

    Plain text is most of what there is; what other providers' messages hold, LangChain converts.
    """
    return [sent for message in messages for sent in _as_sent(message)]


def _as_sent(message: BaseMessage) -> list[dict[str, Any]]:
    role = _ROLES.get(message.type)
    if role is None or not _is_own(message.content):
        return _converted(message)
    sent: dict[str, Any] = {"role": role, "content": message.content}
    if role == "system":
        sent["role"] = message.additional_kwargs.get(_DEVELOPER, role)
    if role == "tool":
        sent["tool_call_id"] = message.tool_call_id  # type: ignore[attr-defined]
    elif message.name:
        sent["name"] = message.name
    return [_with_calls(sent, message)]


def _is_own(content: Any) -> bool:
    """Tell a content that is the API's already."""
    if isinstance(content, str):
        return True
    return all(isinstance(part, dict) and _PARTS.get(str(part.get("type")), "") in part for part in content)


def _converted(message: BaseMessage) -> list[dict[str, Any]]:
    if isinstance(message, AIMessage) and isinstance(message.content, list):
        parts = [part for part in message.content if isinstance(part, str) or part.get("type") in _OF_ANSWERS]
        message = message.model_copy(update={"content": parts})
    converted = convert_to_openai_messages([message])
    first, *rest = converted if isinstance(converted, list) else [converted]
    return [_with_calls(first, message), *rest]


def _with_calls(sent: dict[str, Any], message: BaseMessage) -> dict[str, Any]:
    """Add the calls that an answer made; those that nobody could read as well, for results refer to them."""
    if not isinstance(message, AIMessage):
        return sent
    calls = [_call(call["id"], call["name"], write_json(call["args"]).decode()) for call in message.tool_calls]
    calls += [_call(call["id"], call["name"], call["args"]) for call in message.invalid_tool_calls]
    if calls := calls or message.additional_kwargs.get("tool_calls") or []:
        sent |= {"tool_calls": calls, "content": sent["content"] or None}
    if isinstance(audio := message.additional_kwargs.get("audio"), dict) and "id" in audio:
        sent["audio"] = {"id": audio["id"]}
    return sent


def _call(id_: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    return {"type": "function", "id": id_, "function": {"name": name, "arguments": arguments}}
