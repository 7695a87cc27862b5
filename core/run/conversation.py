"""Tell conversations apart by what they say: the ids of messages are names only, and a client may give one twice."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from typing_extensions import TypedDict

_FIELDS = ("type", "role", "tool_call_id", "status")
"""What else tells one message from another; some kinds of messages have none of the last ones."""

_LONG = 100_000
"""Characters of a text, which may be an image's, that are not read once more by each node of a run."""


def digest_of(messages: Sequence[BaseMessage]) -> str:
    """Return what names a conversation: another one where any message of it says something else.

    How a message came about (its id, usage, metadata, and the names of models and tools) is no part of it, nor whether
    a text is written as a string or as a part: clients that send a conversation again leave these out.

    Args:
        messages: The conversation, up to the message that is answered.

    Returns:
        32 hexadecimal digits.
    """
    return deque(digests_in(messages), maxlen=1).pop()


def answered_in(messages: Sequence[BaseMessage], turn: str) -> int | None:
    """Return the place of the message that a turn answers; None where the conversation has changed since.

    Args:
        messages: The conversation, which may have gone on.
        turn: The digest of its part.
    """
    return next((n for n, digest in enumerate(digests_in(messages)) if digest == turn), None)


def last_of_person(messages: Sequence[BaseMessage]) -> int:
    """Return the place of the last message that a person wrote, where a user's turn begins; -1 where there is none."""
    return max((place for place, message in enumerate(messages) if message.type == "human"), default=-1)


def digests_in(messages: Sequence[BaseMessage]) -> Iterator[str]:
    """Return the digest of each beginning of a conversation, the whole one's last.

    Args:
        messages: The conversation, each message of which is read once.
    """
    digest = blake2b(digest_size=16)
    for message in messages:
        for piece in _pieces(_said_in(message)):
            data = piece.encode("utf-8", "surrogatepass") if len(piece) < _LONG else _digest(piece)
            digest.update(b"%d:" % len(piece))
            digest.update(data)
        yield digest.hexdigest()


@lru_cache(maxsize=4)
def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _said_in(message: BaseMessage) -> list[Any]:
    """Return what somebody who reads the message is told."""
    content = [message.content] if isinstance(message.content, str) else [*map(_plain_part, message.content)]
    texts = all(isinstance(part, str) for part in content)
    beside: Any = []
    if isinstance(message, AIMessage):
        calls = [*message.tool_calls, *message.invalid_tool_calls]
        beside = [[call.get(key) for key in ("name", "args", "id")] for call in calls]
    elif not isinstance(message, ToolMessage):  # users' own models may read what is beside a content
        beside = [message.name, message.additional_kwargs]
    fields = [getattr(message, field, None) for field in _FIELDS]
    return [fields, "".join(map(str, content)) if texts else content, beside]


def _plain_part(part: str | dict[Any, Any]) -> Any:
    if isinstance(part, str):
        return part
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return part["text"]
    own = str(part.get("id", ""))  # LangChain gives each part that it makes another one
    return {key: value for key, value in part.items() if key != "id" or not own.startswith("lc_")}


def _pieces(value: Any) -> Iterator[str]:
    """Go through a value however deep it is, in the same order wherever it was stored between."""
    ahead = [value]
    while ahead:
        match ahead.pop():
            case str(text):
                yield text
            case dict(fields):
                yield f"fields {len(fields)}"
                ahead.extend(each for key in sorted(fields, key=str) for each in (fields[key], str(key)))
            case list(items) | tuple(items):
                yield f"items {len(items)}"
                ahead.extend(reversed(items))
            case bool() | int() | float() | bytes() | None as scalar:
                yield f"{type(scalar).__name__} {scalar!r}"
            case other:  # what it shows may hold its address
                yield type(other).__name__


class Line(TypedDict):
    """Be one message of a prompt."""

    role: str
    id: str | None
    """Of a message of the conversation, which is in the state's `messages`."""
    text: str | None
    """What was added to the conversation; None for the conversation's own."""
