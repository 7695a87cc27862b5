"""What the parts of a content hold, whoever's they are: text, what was thought, a refusal, or something else."""

from collections.abc import Iterator, Mapping
from typing import Literal

PartKind = Literal["text", "reasoning_content", "refusal", "other"]
"""What a part holds, thinking by LangChain's name for it."""
_THOUGHTS = ("think", "thought", "reason", "summary")
"""What types of parts that hold no answer are called by."""
_OTHERS = ("tool", "call", "result", "image", "audio", "video", "file", "document", "non_standard", "executable")
"""What types of parts that are no text are called by."""
_TEXT_FIELDS = ("text", "content", "value")
_THOUGHT_FIELDS = (*_TEXT_FIELDS, "thinking", "reasoning", "reasoning_content", "thought", "summary")
"""Where a part holds its text, which may be parts again."""
_DEPTH = 8
"""Parts in parts are read so far: Magistral's thinking holds parts of its own."""


def texts_in(content: object, kind: PartKind = "text", depth: int = 0) -> Iterator[tuple[str, PartKind]]:
    """Yield the texts in a content, and what each is.

    Args:
        content: A text, a part, or a list of them.
        kind: What it is a part of.
        depth: How deep it stands in others.
    """
    if isinstance(content, str):
        yield content, kind
    elif isinstance(content, list) and depth < _DEPTH:
        for part in content:
            yield from texts_in(part, kind, depth + 1)
    elif isinstance(content, dict) and depth < _DEPTH:
        kind = part_kind(content) if kind == "text" else kind
        if kind != "other":
            names = {"text": _TEXT_FIELDS, "refusal": ("refusal",)}.get(kind, _THOUGHT_FIELDS)
            yield from texts_in(next((content[name] for name in names if content.get(name)), None), kind, depth + 1)


def joined_text(content: object, kind: str | None = None) -> str:
    """Return the texts in a content as one.

    Args:
        content: A text, a part, or a list of them.
        kind: Which of them; None is all.
    """
    return "".join(text for text, its_kind in texts_in(content) if kind in (None, its_kind))


def part_kind(part: Mapping[str, object]) -> PartKind:
    """Tell what a part of a content holds; text, whatever it is called, if not what is known to be none.

    Args:
        part: The part.
    """
    called = part.get("type")
    called = called[:40].lower() if isinstance(called, str) else ""
    if called == "refusal":
        return "refusal"
    if part.get("thought") is True or any(word in called for word in _THOUGHTS):
        return "reasoning_content"
    return "other" if any(word in called for word in _OTHERS) else "text"
