"""A message's parts are told apart once, whoever's package they are of."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph_moa.nodes.calls.contents import contents_of, is_long, within, without_thinking
from tables import each

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


LONG = "é" * 300


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (AIMessage(LONG), "é" * 50),
        (AIMessage([{"type": "text", "text": LONG}, {"type": "text", "text": LONG}]), "é" * 47),
        (AIMessage("x" * 99 + LONG), "x" * 99),
    ],
)
def test_what_is_beyond_the_bound_is_cut_off(message: AIMessage, text: str) -> None:
    shorter, is_cut = within(message, 100)

    assert is_cut
    assert shorter.text == text


def test_what_fits_stays_as_it_is() -> None:
    message = AIMessage(LONG, tool_calls=[{"name": "look", "args": {"a": [1]}, "id": "1"}])

    assert within(message, 1_000) == (message, False)


def test_no_more_calls_are_taken_than_any_answer_makes() -> None:
    calls: list[Any] = [{"name": "look", "args": {}, "id": str(number)} for number in range(500)]

    shorter, is_cut = within(AIMessage("", tool_calls=calls), 10**6)

    assert is_cut
    assert len(shorter.tool_calls) == 128


@pytest.mark.parametrize(
    ("reply", "long"),
    [
        ("x" * 2**18, True),
        (AIMessage("x" * 2**18), True),
        (AIMessage("", additional_kwargs={"reasoning_content": "x" * 2**18}), True),
        ({"messages": [AIMessage("x"), AIMessage("x" * 2**18)]}, True),
        ({"messages": []}, False),
        (AIMessage("x"), False),
        (None, False),
    ],
)
def test_what_is_long_is_known(reply: object, long: bool) -> None:
    assert is_long(reply) is long
