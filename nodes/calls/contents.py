"""What is in a message: text, thinking, a refusal, and parts that are neither."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage

from .hearing import ASIDE

_THINKING = ("thinking", "reasoning", "reasoning_content", "redacted_thinking", "summary_text", "reasoning_text")
"""Types of parts that hold what was thought."""
_WORDS = ("thinking", "reasoning", "reasoning_content", "text", "content", "summary")
"""Fields of such a part that may hold it."""
_ASIDES = (ASIDE, "reasoning", "thinking")
_ABOUT_TEXT = {"type", "text", "index", "id", "annotations", "extras", "phase"}
"""Fields of a part that is text and nothing more; one with other fields, as citations, is kept as it is."""
_DEEPEST = 8


class Contents(NamedTuple):
    """Hold what a message says, by kinds."""

    texts: list[str]
    thoughts: list[str]
    refusal: str | None
    others: bool
    """Whether there are parts that are no text, or texts with more to them."""

    @property
    def text(self) -> str:
        """Return all of its text."""
        return "".join(self.texts)


def contents_of(message: AIMessage, *, without_asides: bool = False) -> Contents:
    """Return what a message holds, whoever's it is: parts of any type that have a text are read.

    Args:
        message: What came.
        without_asides: Whether what was thought beside the text is known from another place.
    """
    texts, others = [], False
    thoughts = [] if without_asides else _asides(message)
    refusal = message.additional_kwargs.get("refusal")
    for part in [message.content] if isinstance(message.content, str) else message.content:
        if isinstance(part, str):
            texts.append(part)
        elif part.get("type") in _THINKING:
            thoughts += _words_in(part)
        elif part.get("type") == "refusal":
            refusal = refusal or part.get("refusal")
        elif isinstance(text := part.get("text"), str):
            texts.append(text)
            others = others or any(part[name] for name in part.keys() - _ABOUT_TEXT)
            others = others or bool(part.get("annotations"))
        else:
            others = True
    return Contents(texts, thoughts, refusal if isinstance(refusal, str) and refusal else None, others)


def without_thinking(message: AIMessage, contents: Contents, text: str, *, goes_on: bool) -> AIMessage:
    """Return a message that says a text, and nothing of what was thought.

    Args:
        message: What came.
        contents: What it holds.
        text: What of its text is the answer.
        goes_on: Whether its conversation goes on with what its calls return: providers want the thinking before calls
            to be sent back, as they gave it.
    """
    aside = {name: value for name, value in message.additional_kwargs.items() if goes_on or name not in _ASIDES}
    content: Any = text
    if contents.others and not isinstance(message.content, str):
        content = _parts_with(message.content, contents, text, goes_on=goes_on)
    return message.model_copy(update={"content": content, "additional_kwargs": aside})


def _parts_with(parts: Iterable[Any], contents: Contents, text: str, *, goes_on: bool) -> list[Any]:
    """Return the parts of a message with its text in them: in the first of them, where thinking was taken off it."""
    is_whole, rest = text == contents.text, text
    written: list[Any] = []
    for part in parts:
        if isinstance(part, dict) and part.get("type") in _THINKING:
            written += [part] if goes_on else []
        elif isinstance(part, str) or isinstance(part.get("text"), str):
            own, rest = (part if isinstance(part, str) else part["text"], rest) if is_whole else (rest, "")
            written += [own if isinstance(part, str) else {**part, "text": own}] if own else []
        else:
            written.append(part)
    return written


def _asides(message: AIMessage) -> list[str]:
    """Return what was thought, as providers' packages keep it beside the text."""
    return [text for name in _ASIDES for text in _words_in(message.additional_kwargs.get(name))][:1]


def _words_in(held: object, depth: int = 0) -> list[str]:
    """Return the words of thinking, however a provider nests them."""
    if isinstance(held, str):
        return [held] if held else []
    if depth >= _DEEPEST:
        return []
    if isinstance(held, Mapping):
        held = [held[name] for name in _WORDS if name in held]
    return [text for part in held for text in _words_in(part, depth + 1)] if isinstance(held, list) else []
