"""A finished prompt for servers that take fewer roles, or them in turn only: it is joined, and nothing is left out."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from ..core.text import OURS, QUESTION
from .compose import as_one

_ROLES = {"human": "user", "ai": "assistant", "developer": "system"}
_BEFORE = "(What came before is not shown.)"
"""The user's first message where a conversation begins with an answer, and templates want a question."""
_BETWEEN = "(I have read these results.)"
"""An answer between what tools returned and what the user says to it: Mistral's templates want one."""
_AFTER = "(Go on.)"
"""The user's last message where a conversation ends with an answer."""


def role_in(message: BaseMessage) -> str:
    """Return the role that a message is sent by, for servers to judge: `system`, `user`, `assistant`, or another."""
    role = str(getattr(message, "role", message.type))
    return _ROLES.get(role, role)


def without_system(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return a prompt whose system messages stand in the user's: each before the next one, where there is one.

    Args:
        messages: The prompt.
    """
    result: list[BaseMessage] = []
    waiting: list[BaseMessage] = []
    for message in messages:
        role = role_in(message)
        if role == "system":
            waiting.append(message)
            continue
        if waiting and role == "user":
            message = _one([*waiting, message], message)
            waiting = []
        elif waiting and role == "assistant" and (not result or role_in(result[-1]) == "user"):
            result, waiting = _ended(result, waiting), []
        result.append(message)
    return _ended(result, waiting) if waiting else result


def in_turn(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return a prompt in which one system message comes first, and user and assistant alternate.

    Calls of tools and their results stay as they are.

    Args:
        messages: The prompt.
    """
    leading = next((n for n, message in enumerate(messages) if role_in(message) != "system"), len(messages))
    head = [_one(messages[:leading], messages[0])] if leading > 1 else list(messages[:leading])
    rest: list[BaseMessage] = []
    for message in without_system(messages[leading:]):
        if rest and _may_join(rest[-1], message):
            rest[-1] = _one([rest[-1], message], message)
            continue
        if rest and role_in(message) == "user" and role_in(rest[-1]) == "tool":
            rest.append(AIMessage(_BETWEEN, additional_kwargs=OURS))
        rest.append(message)
    if rest and role_in(rest[0]) == "assistant":
        rest.insert(0, _ours(_BEFORE))
    if rest and role_in(rest[-1]) == "assistant":
        rest.append(_ours(_AFTER))
    return [*head, *rest]


def _ended(messages: list[BaseMessage], more: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Add what more there is to the last message where that is the user's, else as one of the user's own."""
    if messages and role_in(messages[-1]) == "user":
        return [*messages[:-1], _one([messages[-1], *more], messages[-1])]
    return [*messages, _ours(as_one([message.content for message in more]))]


def _may_join(before: BaseMessage, message: BaseMessage) -> bool:
    role = role_in(message)
    return role == role_in(before) and (role == "user" or (role == "assistant" and not _calls(before, message)))


def _calls(*messages: BaseMessage) -> bool:
    held = ("tool_calls", "invalid_tool_calls")
    return any(
        getattr(message, name, None) or message.additional_kwargs.get(name) for message in messages for name in held
    )


def _one(messages: Sequence[BaseMessage], like: BaseMessage) -> BaseMessage:
    """Join messages into one like one of them; whose question it is, nobody reads any more."""
    kwargs = {key: value for key, value in like.additional_kwargs.items() if key != QUESTION}
    names = {message.name for message in messages if role_in(message) == role_in(like)}
    changes: dict[str, Any] = {
        "content": as_one([message.content for message in messages]),
        "additional_kwargs": {**kwargs, **OURS} if role_in(like) == "user" else kwargs,
        "name": like.name if len(names) == 1 else None,
    }
    return like.model_copy(update=changes)


def _ours(content: Any) -> HumanMessage:
    return HumanMessage(content, additional_kwargs=OURS)
