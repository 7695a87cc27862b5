"""What is in a message: text, thinking, a refusal, and parts that are neither."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from langchain_core.messages import AIMessage, BaseMessage

from ...core.wire.parts import joined_text, part_kind, texts_in
from ...core.wire.sizes import LARGE, MOST_BYTES, MOST_CALLS

_T = TypeVar("_T")
ASIDES = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
"""Where packages keep what was thought apart from the text; the first is LangChain's own name."""
_ABOUT_TEXT = {"type", "text", "content", "value", "index", "id", "annotations", "extras", "phase"}
"""Fields of a part that is text and nothing more; one with other fields, as citations, is kept as it is."""

_FIELDS = ("content", "additional_kwargs", "tool_calls", "invalid_tool_calls")
"""What a message holds that a model wrote."""
_DEPTH = 50
"""Parts in parts are weighed so far."""


class Contents(NamedTuple):
    """Hold what a message says, by kinds."""

    texts: list[str]
    thoughts: list[str]
    refusal: str | None
    others: frozenset[str]
    """Types of parts that are no text, or are texts with more to them."""

    @property
    def text(self) -> str:
        """Return all of its text."""
        return "".join(self.texts)


def contents_of(message: AIMessage) -> Contents:
    """Return what a message holds, whoever's it is: parts of any type that have a text are read."""
    texts, thoughts, others = [], thoughts_beside(message.additional_kwargs), set[str]()
    refusals = [joined_text(message.additional_kwargs.get("refusal"))]
    for part in _parts_of(message):
        kind = "text" if isinstance(part, str) else part_kind(part)
        words = joined_text(part)
        if kind == "reasoning_content":
            thoughts += [words] if words else []
        elif kind == "refusal":
            refusals.append(words)
        elif words:
            texts.append(words)
        if kind == "other" or (kind == "text" and _has_more(part)):
            others.add(str(part.get("type", "")))
    return Contents(texts, thoughts, "".join(refusals) or None, frozenset(others))


def thoughts_beside(kwargs: dict[str, Any]) -> list[str]:
    """Return what was thought, as packages keep it beside the text: under one name, or the same under several."""
    beside = ("".join(text for text, _ in texts_in(kwargs.get(name), "reasoning_content")) for name in ASIDES)
    return list(filter(None, beside))[:1]


def is_thought(part: Any) -> bool:
    """Tell a part that holds what was thought."""
    return isinstance(part, dict) and part_kind(part) == "reasoning_content"


def without_thinking(message: AIMessage, contents: Contents, text: str, *, goes_on: bool) -> AIMessage:
    """Return a message that says a text, and nothing of what was thought.

    Args:
        message: What came.
        contents: What it holds.
        text: What of its text is the answer.
        goes_on: Whether its conversation goes on with what its calls return: providers want the thinking before calls
            to be sent back, as they gave it.
    """
    aside = {name: value for name, value in message.additional_kwargs.items() if goes_on or name not in ASIDES}
    content: Any = text
    if not isinstance(message.content, str) and (contents.others or (goes_on and contents.thoughts)):
        content = _parts_with(message.content, contents, text, goes_on=goes_on)
    return message.model_copy(update={"content": content, "additional_kwargs": aside})


def is_long(reply: object) -> bool:
    """Tell a reply that takes long to read, so that it is read in a thread: others wait for the event loop.

    Args:
        reply: A message, a text, or a state with messages.
    """
    if isinstance(reply, dict):
        messages = reply.get("messages")
        return any(map(is_long, messages[-1:])) if isinstance(messages, list) else False
    if isinstance(reply, BaseMessage):
        return weight_of(reply, LARGE) >= LARGE
    return isinstance(reply, str) and len(reply) >= LARGE


async def apart(reply: object, read: Callable[[], _T]) -> _T:
    """Read a reply: in a thread where it is long, for others wait for the event loop.

    Args:
        reply: What a model returned.
        read: What reads it.
    """
    return await asyncio.to_thread(read) if is_long(reply) else read()


def weight_of(message: BaseMessage, enough: int = MOST_BYTES) -> int:
    """Return the bytes of what a model wrote.

    Args:
        message: What came.
        enough: Where it is more than this, it is not weighed on.
    """
    return sum(_weight(value, enough) for name in _FIELDS if (value := getattr(message, name, None)))


def within(message: AIMessage, most: int) -> tuple[AIMessage, bool]:
    """Return a message with no more than it may hold, and whether anything was cut off it.

    Args:
        message: What came.
        most: Bytes of its texts, and of its calls.
    """
    calls, unread = message.tool_calls[:MOST_CALLS], message.invalid_tool_calls[:MOST_CALLS]
    is_cut = len(calls) < len(message.tool_calls) or len(unread) < len(message.invalid_tool_calls)
    fields: dict[str, Any] = {name: getattr(message, name) for name in _FIELDS[:2]}
    fields |= {"tool_calls": calls, "invalid_tool_calls": unread}
    if sum(_weight(value, most) for value in fields.values()) > most:
        room = _Room(most)
        fields, is_cut = {name: room.fitting(value) for name, value in fields.items()}, True
    return (message.model_copy(update=fields) if is_cut else message), is_cut


def _weight(value: object, enough: int, depth: int = 0) -> int:
    """Return the bytes of all texts in a value; where it is more than enough, at least so many."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    parts: Iterable[Any] = ()
    if depth < _DEPTH and isinstance(value, dict):
        parts = value.values()
    elif depth < _DEPTH and isinstance(value, list):
        parts = value
    total = 1
    for part in parts:
        total += _weight(part, enough, depth + 1)
        if total > enough:
            break
    return total


class _Room:
    """Be what is left of a bound, while what fits in it is taken."""

    def __init__(self, most: int) -> None:
        self._bytes = most

    def fitting(self, value: Any, depth: int = 0) -> Any:
        """Return as much of a value as fits in."""
        if isinstance(value, str):
            text = value if len(value) * 4 <= self._bytes else _cut(value, self._bytes)
            self._bytes -= _weight(text, self._bytes)
            return text
        self._bytes -= 1
        if isinstance(value, dict) and depth < _DEPTH:
            return {name: self.fitting(part, depth + 1) for name, part in value.items()}
        if isinstance(value, list) and depth < _DEPTH:
            return [self.fitting(part, depth + 1) for part in value if self._bytes > 0]
        return value if self._bytes > 0 or not isinstance(value, dict | list) else type(value)()


def _cut(text: str, most: int) -> str:
    return text[: max(most, 0)].encode("utf-8", "replace")[: max(most, 0)].decode("utf-8", "ignore")


def _parts_of(message: AIMessage) -> list[Any]:
    return [message.content] if isinstance(message.content, str) else message.content


def _has_more(part: Any) -> bool:
    return isinstance(part, dict) and any(
        part[name] for name in (part.keys() - _ABOUT_TEXT) | ({"annotations"} & part.keys())
    )


def _parts_with(parts: Iterable[Any], contents: Contents, text: str, *, goes_on: bool) -> list[Any]:
    """Return the parts of a message with its text in them: in the first of them, where thinking was taken off it."""
    is_whole, rest = text == contents.text, text
    written: list[Any] = []
    for part in parts:
        words = joined_text(part, "text")
        if is_thought(part):
            written += [part] if goes_on else []
        elif words:
            own, rest = (words, rest) if is_whole else (rest, "")
            written += [own if isinstance(part, str) else {**part, "text": own}] if own else []
        else:
            written.append(part)
    return written
