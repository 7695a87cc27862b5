"""What is no text is found however its block is written, and a note takes its place."""

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph_moa.core.media.blocks import (
    Media,
    asked_about,
    kinds_in,
    media_of,
    named_media,
    standard_media,
    without_media,
)
from pictures import AS_OPENAI, PICTURE, PNG, asking
from tables import each

PDF = {"mime_type": "application/pdf"}
BLOCKS: dict[str, tuple[Any, Media | None]] = {
    "standard": (PICTURE, Media("image", PNG)),
    "standard of before": (
        {"type": "image", "source_type": "base64", "data": "QQ==", "mime_type": "image/png"},
        Media("image", "QQ=="),
    ),
    "a standard address": ({"type": "image", "url": "https://example.org/a.png"}, Media("image_url", None)),
    "a standard id": ({"type": "image", "file_id": "f1"}, Media("image", None)),
    "OpenAI's": (AS_OPENAI, Media("image", PNG)),
    "OpenAI's, as text": ({"type": "image_url", "image_url": "data:image/png;base64,QQ=="}, Media("image", "QQ==")),
    "OpenAI's address": ({"type": "image_url", "image_url": {"url": "http://a/b.png"}}, Media("image_url", None)),
    "its other API's": ({"type": "input_image", "image_url": "data:image/gif;base64,QQ=="}, Media("image", "QQ==")),
    "Anthropic's": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
        Media("image", "QQ=="),
    ),
    "Anthropic's address": ({"type": "image", "source": {"type": "url", "url": "http://a"}}, Media("image_url", None)),
    "Anthropic's PDF": (
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}},
        Media("pdf", "QQ=="),
    ),
    "Anthropic's text": (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
        None,
    ),
    "a standard PDF": ({"type": "file", "base64": "QQ==", **PDF}, Media("pdf", "QQ==")),
    "OpenAI's PDF": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}},
        Media("pdf", "QQ=="),
    ),
    "a PDF by its id": ({"type": "file", "file": {"file_id": "f1"}}, Media("file", None)),
    "a PDF at an address": ({"type": "file", "url": "http://a/b", **PDF}, Media("pdf", None)),
    "a picture as a file": ({"type": "file", "base64": "QQ==", "mime_type": "image/png"}, Media("image", "QQ==")),
    "a text as a file": ({"type": "file", "base64": "QQ==", "mime_type": "text/csv"}, None),
    "sound": ({"type": "audio", "base64": "QQ==", "mime_type": "audio/wav"}, Media("audio", "QQ==")),
    "OpenAI's sound": (
        {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
        Media("audio", "QQ=="),
    ),
    "Google's video": ({"type": "media", "mime_type": "video/mp4", "data": "QQ=="}, Media("video", "QQ==")),
    "a video": ({"type": "video", "url": "http://a/b.mp4"}, Media("video", None)),
    "JavaScript's": ({"type": "image", "mimeType": "image/png", "data": "QQ=="}, Media("image", "QQ==")),
    "JavaScript's PDF": ({"type": "file", "mimeType": "application/pdf", "data": "QQ=="}, Media("pdf", "QQ==")),
    "text": ({"type": "text", "text": "hi"}, None),
    "a bare text": ("hi", None),
    "a thought": ({"type": "reasoning", "reasoning": "hm"}, None),
    "a call": ({"type": "tool_call", "name": "look", "args": {}}, None),
    "nothing": ({}, None),
    "odd": ({"type": ["image"], "image_url": 3}, None),
    "broken": ({"type": "image", "base64": 7}, Media("image", None)),
}


@each("block, media", BLOCKS.values())
def test_a_block_is_known_by_whoever_wrote_it(block: Any, media: Media | None) -> None:
    assert media_of(block) == media


def test_a_note_takes_the_place_of_what_cannot_be_read() -> None:
    plain, picture = HumanMessage("hi"), asking(PICTURE)

    noted = without_media([plain, picture])

    assert noted[0] is plain
    assert noted[1].content == "What is this?\n\n[a picture stood here that you cannot see]"
    assert picture.content != noted[1].content


def test_what_can_be_read_stays() -> None:
    sound = {"type": "audio", "base64": "QQ==", "mime_type": "audio/wav"}
    marked = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    both = HumanMessage([marked, PICTURE, sound])

    (noted,) = without_media([both], {"audio"})

    assert noted.content == [marked, PICTURE, {"type": "text", "text": "[a recording stood here that you cannot hear]"}]
    assert without_media([both], {"pdf"})[0] is both


def test_what_was_answered_is_not_asked_about() -> None:
    earlier: list[Any] = [asking(PICTURE), AIMessage("A cat."), HumanMessage("Whose?")]
    working: list[Any] = [
        HumanMessage("Look at it"),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}]),
        ToolMessage([PICTURE], tool_call_id="1"),
    ]

    assert kinds_in(earlier) == {"image"}
    assert list(asked_about(earlier)) == earlier[2:]
    assert kinds_in(asked_about(working)) == {"image"}


def test_kinds_are_named_in_a_sentence() -> None:
    assert named_media({"image"}) == "a picture"
    assert named_media({"audio", "image", "pdf"}) == "a picture, a PDF and sound"


@each(
    "block, read",
    [
        (
            {"type": "image", "mimeType": "image/png", "data": "QQ==", "metadata": {"name": "a.png"}},
            {"type": "image", "mime_type": "image/png", "base64": "QQ==", "metadata": {"name": "a.png"}},
        ),
        (
            {"type": "file", "mimeType": "application/pdf", "data": "QQ==", "metadata": {"filename": "a.pdf"}},
            {"type": "file", "mime_type": "application/pdf", "base64": "QQ==", "filename": "a.pdf"}
            | {"metadata": {"filename": "a.pdf"}},
        ),
        (
            {"type": "image", "mimeType": "image/png", "url": "http://a/b.png"},
            {"type": "image", "mime_type": "image/png", "url": "http://a/b.png"},
        ),
        ({"type": "audio", "mimeType": 7, "data": "QQ=="}, {"type": "audio", "mimeType": 7, "data": "QQ=="}),
    ],
)
def test_what_javascript_wrote_is_respelled(block: Any, read: Any) -> None:
    """Agent Chat UI sends pictures so, and no package of Python's reads them (langchain-ai/agent-chat-ui#213)."""
    plain, written = HumanMessage("hi"), asking(block)

    first, second = standard_media([plain, written])

    assert first is plain
    assert second.content[1] == read
    assert written.content[1] == block


def test_what_needs_no_other_spelling_is_the_same_object() -> None:
    messages = [asking(PICTURE), asking(AS_OPENAI), AIMessage("hm")]

    assert all(a is b for a, b in zip(standard_media(messages), messages, strict=True))
