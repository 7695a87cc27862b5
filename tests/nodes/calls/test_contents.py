"""A message's parts are told apart once, whoever's package they are of."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph_moa.nodes.calls.contents import contents_of, without_thinking
from rows import each

PARTS: dict[str, tuple[Any, str, list[str]]] = {
    "a text": ("It is 48.", "It is 48.", []),
    "texts": ([{"type": "text", "text": "It is "}, "48."], "It is 48.", []),
    "of another type": ([{"type": "output_text", "text": "It is 48."}], "It is 48.", []),
    "Anthropic's": ([{"type": "thinking", "thinking": "S", "signature": "x"}, {"text": "48"}], "48", ["S"]),
    "Anthropic's, hidden": ([{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "48"}], "48", []),
    "Magistral's": ([{"type": "thinking", "thinking": [{"type": "text", "text": "S"}]}, {"text": "48"}], "48", ["S"]),
    "OpenAI's": ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "S"}]}], "", ["S"]),
    "Amazon's": ([{"type": "reasoning_content", "reasoning_content": {"text": "S"}}, {"text": "48"}], "48", ["S"]),
    "LangChain's": ([{"type": "reasoning", "reasoning": "S"}, {"type": "text", "text": "48"}], "48", ["S"]),
    "no text": ([{"type": "image", "url": "http://a"}], "", []),
}  # fmt: skip


@each(("content", "text", "thoughts"), PARTS.values())
def test_text_is_told_from_thinking(content: Any, text: str, thoughts: list[str]) -> None:
    contents = contents_of(AIMessage(content))

    assert (contents.text, contents.thoughts) == (text, thoughts)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_what_stands_beside_the_text_was_thought(name: str) -> None:
    message = AIMessage("48", additional_kwargs={name: "S", "other": 1})
    contents = contents_of(message)

    assert contents.thoughts == ["S"]
    assert without_thinking(message, contents, "48", goes_on=False).additional_kwargs == {"other": 1}
    assert without_thinking(message, contents, "48", goes_on=True).additional_kwargs == message.additional_kwargs


@pytest.mark.parametrize(
    "message", [AIMessage("", additional_kwargs={"refusal": "no"}), AIMessage([{"type": "refusal", "refusal": "no"}])]
)
def test_a_refusal_is_none_of_the_text(message: AIMessage) -> None:
    assert contents_of(message)[2:] == ("no", frozenset())
    assert contents_of(message).text == ""


def test_parts_that_are_no_text_stay_and_thinking_goes() -> None:
    image = {"type": "image", "url": "http://a"}
    parts: Any = [{"type": "thinking", "thinking": "S"}, {"type": "text", "text": "<think>a</think>48"}, image]
    message = AIMessage(parts)

    clean = without_thinking(message, contents_of(message), "48", goes_on=False)

    assert clean.content == [{"type": "text", "text": "48"}, image]
    assert message.content == parts


def test_citations_of_a_provider_stay_with_their_texts() -> None:
    parts: Any = [
        {"type": "text", "text": "It is ", "citations": [{"url": "http://a"}]},
        {"type": "text", "text": "48."},
    ]
    message = AIMessage(parts)

    assert without_thinking(message, contents_of(message), "It is 48.", goes_on=False).content == parts


def test_text_and_nothing_else_is_a_text() -> None:
    parts: Any = [{"type": "text", "text": "It is ", "index": 0}, {"type": "text", "text": "48.", "id": "m"}]
    message = AIMessage(parts, id="m1")

    clean = without_thinking(message, contents_of(message), "It is 48.", goes_on=False)

    assert (clean.content, clean.id) == ("It is 48.", "m1")
