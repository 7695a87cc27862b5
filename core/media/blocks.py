"""Find what a message holds beside text, however its block is written, and put a note in its place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from langchain_core.messages import AIMessage, BaseMessage

MediaKind = Literal["image", "image_url", "pdf", "audio", "video", "file"]
"""What a block holds: a picture, or a picture's address; a PDF, sound, a video, or a file of which no more is known."""
_KINDS: frozenset[MediaKind] = frozenset(get_args(MediaKind))

_NOTES: dict[MediaKind, str] = {
    "image": "[a picture stood here that you cannot see]",
    "image_url": "[a picture stood here that you cannot see]",
    "pdf": "[a PDF stood here that you cannot read]",
    "audio": "[a recording stood here that you cannot hear]",
    "video": "[a video stood here that you cannot see]",
    "file": "[a file stood here that you cannot read]",
}
_WORDS: dict[MediaKind, str] = {
    "image": "a picture",
    "image_url": "a picture at an address",
    "pdf": "a PDF",
    "audio": "sound",
    "video": "a video",
    "file": "a file",
}
_TYPES: dict[str, MediaKind] = {
    **dict.fromkeys(("image", "image_url", "input_image"), "image"),
    **dict.fromkeys(("audio", "input_audio", "audio_url"), "audio"),
    **dict.fromkeys(("video", "video_url", "input_video"), "video"),
    **dict.fromkeys(("file", "input_file", "document", "media"), "file"),
}
"""How LangChain, OpenAI's two APIs, Anthropic, Google and vLLM call blocks that are no text."""
_INSIDE = ("image_url", "input_audio", "file", "source", "audio_url", "video_url")
"""Where a block may hold what it is about, as an object."""
_DATA, _ADDRESS = ("base64", "data", "file_data"), ("url", "file_url", "file_uri", "image_url")
_MIMES = ("mime_type", "media_type", "mimeType")
_PREFIX = 200
"""Characters of a data address that may come before its data."""
_M = TypeVar("_M", bound=BaseMessage)


class Media(NamedTuple):
    """Be one block that is no text."""

    kind: MediaKind
    data: str | None
    """What it holds, as base64; None where it says only where that is."""


def media_of(block: object) -> Media | None:
    """Return what a block of a content holds beside text; None where it is text, a call, or a thought.

    Args:
        block: The block, in whoever's spelling.
    """
    if not isinstance(block, Mapping) or (kind := _TYPES.get(str(block.get("type"))[:40])) is None:
        return None
    about = [block, *(inner for name in _INSIDE if isinstance(inner := block.get(name), Mapping))]
    if _text_of(about, ("source_type", "type")) in ("text", "content") or _is_plain(about):
        return None  # a document that is text itself
    data, address = _text_of(about, _DATA), _text_of(about, _ADDRESS)
    mime = _text_of(about, _MIMES) or ""
    written = next((text for text in (address, data) if text and text.startswith("data:")), None)
    if written:
        head, _, rest = written[:_PREFIX].partition(",")
        mime, data, address = mime or head[5:].partition(";")[0], written[len(head) + 1 :] if rest else None, None
    if kind == "file":
        kind = _by_mime(mime, _text_of(about, ("filename", "format", "title")) or "")
    return Media("image_url" if kind == "image" and data is None and address else kind, data)


def media_in(messages: Sequence[BaseMessage]) -> Iterator[Media]:
    """Yield all that messages hold beside text, in order."""
    for message in messages:
        if not isinstance(message.content, str):
            yield from filter(None, map(media_of, message.content))


def kinds_in(messages: Sequence[BaseMessage]) -> frozenset[MediaKind]:
    """Return which kinds of it there are."""
    return frozenset(media.kind for media in media_in(messages))


def asked_about(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """Return the part of a conversation that is not answered yet: what stands before, an answer has dealt with."""
    for at in range(len(messages), 0, -1):
        message = messages[at - 1]
        if isinstance(message, AIMessage) and not (message.tool_calls or message.invalid_tool_calls):
            return messages[at:]
    return messages


def standard_media(messages: Sequence[_M]) -> list[_M]:
    """Return messages as LangChain's packages for Python read them; those that say nothing else are the same objects.

    LangChain for JavaScript, and so Agent Chat UI, writes `mimeType`, and `data` where Python's has `base64`.

    Args:
        messages: The messages.
    """
    return [_respelled(message) for message in messages]


def without_media(messages: Sequence[_M], kinds: Collection[MediaKind] = _KINDS) -> list[_M]:
    """Return messages with a note in each place where something stood that is no text; all else is the same objects.

    Args:
        messages: The messages.
        kinds: What is taken out.
    """
    return [_noted(message, kinds) for message in messages]


def named_media(kinds: Collection[MediaKind]) -> str:
    """Name kinds in a sentence."""
    names = list(dict.fromkeys(_WORDS[kind] for kind in get_args(MediaKind) if kind in kinds))
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _respelled(message: _M) -> _M:
    if isinstance(message.content, str) or not any(map(_is_javascripts, message.content)):
        return message
    parts = [_in_python(block) if _is_javascripts(block) else block for block in message.content]
    return message.model_copy(update={"content": parts})


def _is_javascripts(block: object) -> bool:
    return isinstance(block, Mapping) and block.get("type") in _TYPES and isinstance(block.get("mimeType"), str)


def _in_python(block: Any) -> dict[str, Any]:
    names = {"mimeType": "mime_type", **({"data": "base64"} if isinstance(block.get("data"), str) else {})}
    about = block.get("metadata")
    name = about.get("filename") if isinstance(about, Mapping) else None
    # OpenAI's API takes no PDF without a name.
    named = {"filename": name} if isinstance(name, str) else {}
    return {**named, **{names.get(key, key): value for key, value in block.items()}}


def _noted(message: _M, kinds: Collection[MediaKind]) -> _M:
    if isinstance(message.content, str) or not any(media.kind in kinds for media in media_in([message])):
        return message
    parts: list[Any] = []
    for block in message.content:
        media = media_of(block)
        parts.append({"type": "text", "text": _NOTES[media.kind]} if media and media.kind in kinds else block)
    texts = [part if isinstance(part, str) else part.get("text") for part in parts]
    is_text = all(isinstance(part, str) or part.keys() == {"type", "text"} for part in parts)
    # Many servers without eyes know no content in parts either.
    content = "\n\n".join(filter(None, map(str, texts))) if is_text else parts
    return message.model_copy(update={"content": content})


def _text_of(about: Sequence[Mapping[Any, Any]], names: Sequence[str]) -> str | None:
    """Return the first text by one of these names: inner objects know better than the block around them."""
    held = (each.get(name) for each in reversed(about) for name in names)
    return next((text for text in held if isinstance(text, str) and text), None)


def _is_plain(about: Sequence[Mapping[Any, Any]]) -> bool:
    return (_text_of(about, _MIMES) or "").startswith("text/")


def _by_mime(mime: str, name: str) -> MediaKind:
    kind, _, form = mime.lower().partition("/")
    if form == "pdf" or name.lower().endswith(".pdf"):
        return "pdf"
    return {"image": "image", "audio": "audio", "video": "video"}.get(kind, "file")  # type: ignore[return-value]
