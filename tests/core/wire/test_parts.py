"""Parts of a content are told apart by what they are called, and texts found however deep they stand."""

from typing import Any

import pytest
from langgraph_moa.core.wire.parts import part_kind, texts_in

KINDS = {
    "text": "text",
    "output_text": "text",
    "message": "text",
    "thinking": "reasoning_content",
    "redacted_thinking": "reasoning_content",
    "reasoning.text": "reasoning_content",
    "thought": "reasoning_content",
    "refusal": "refusal",
    "tool_use": "other",
    "web_search_call": "other",
    "code_execution_tool_result": "other",
    "image_url": "other",
    "non_standard": "other",
}


@pytest.mark.parametrize(("called", "kind"), KINDS.items())
def test_a_part_is_what_it_is_called(called: str, kind: str) -> None:
    assert part_kind({"type": called}) == kind


def test_a_part_that_says_that_it_was_thought_was() -> None:
    assert part_kind({"type": "text", "thought": True}) == "reasoning_content"
    assert part_kind({}) == part_kind({"type": 5}) == "text"


CONTENTS: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "a text": ("a", [("a", "text")]),
    "texts": (["a", {"text": "b"}], [("a", "text"), ("b", "text")]),
    "a message in a part": ({"type": "message", "content": [{"type": "output_text", "text": "a"}]}, [("a", "text")]),
    "a value": ({"type": "text", "text": {"value": "a"}}, [("a", "text")]),
    "thinking in parts": ({"type": "thinking", "thinking": [{"text": "a"}]}, [("a", "reasoning_content")]),
    "a tool's result": ({"type": "tool_result", "content": "a"}, []),
    "nothing": (None, []),
    "a number": (5, []),
}  # fmt: skip


@pytest.mark.parametrize(("content", "texts"), CONTENTS.values(), ids=CONTENTS)
def test_texts_are_found(content: Any, texts: list[tuple[str, str]]) -> None:
    assert list(texts_in(content)) == texts


def test_parts_in_parts_without_end_are_read_so_far() -> None:
    content: Any = "a"
    for _ in range(1_000):
        content = [content]

    assert list(texts_in(content)) == []
