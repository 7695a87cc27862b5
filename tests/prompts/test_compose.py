"""A prompt in its order: the system prompt, earlier turns, and the question last."""

from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langgraph_moa.core.text import question_in
from langgraph_moa.prompts import compose, load_template, put_after, tools_in_words
from syrupy.assertion import SnapshotAssertion

CALL = ToolCall(name="weather", args={}, id="1")


CONVERSATION: list[AnyMessage] = [
    SystemMessage("You are Ada."),
    HumanMessage("Hello"),
    AIMessage("Hi"),
    HumanMessage("Why $5 {now}?"),
]


def test_foreign_text_is_never_a_template() -> None:
    references = ["$count and $references and ${nonsense} and {0}"]

    told = compose(CONVERSATION, references, template=load_template("$count: $references"))[-1].text

    assert references[0] in told


def test_earlier_turns_come_first_and_are_the_same_objects() -> None:
    messages = compose(CONVERSATION, ["r"], template=load_template(None))

    assert all(ours is theirs for ours, theirs in zip(messages[:-1], CONVERSATION, strict=False))
    assert [m.type for m in messages] == ["system", "human", "ai", "human"]
    assert messages[-1].text.endswith("\n\nWhy $5 {now}?")


@pytest.mark.parametrize("placement", ["last", "system_prompt"])
def test_a_whole_prompt(placement: Any, snapshot: SnapshotAssertion) -> None:
    messages = compose(
        CONVERSATION, ["1. one", "2. two"], template=load_template(None), system_prompt="Be terse.", placement=placement
    )

    assert [(m.type, m.text) for m in messages] == snapshot


def test_a_conversation_without_anything_to_add_is_untouched() -> None:
    assert [id(m) for m in compose(CONVERSATION, [], template=load_template(None))] == [id(m) for m in CONVERSATION]


def test_a_long_last_message_stays_first_and_its_ends_are_put_again() -> None:
    question = HumanMessage("Summarise this.\n\n" + "word " * 1_000 + "\n\nIn French?")

    told = compose([question], ["r"], template=load_template(None))[-1].text

    assert told.startswith(question.text)
    assert told.endswith("\n\nIn French?")
    assert told.count("Summarise this.") == told.count("In French?") == 2
    assert len(told) < len(question.text) + 3_000


def test_a_long_message_without_blanks_is_put_again_too() -> None:
    told = compose([HumanMessage("背" * 4_100 + "？最后一题是什么？")], ["r"], template=load_template(None))[-1].text

    assert told.endswith("背背？最后一题是什么？")


@pytest.mark.parametrize(
    ("conversation", "types", "end"),
    [
        ([HumanMessage("Warm?"), AIMessage("", tool_calls=[CALL]), ToolMessage("18", tool_call_id="1")], 4, "Warm?"),
        (
            tools_in_words(
                [HumanMessage("Warm?"), AIMessage("", tool_calls=[CALL]), ToolMessage("18", tool_call_id="1")]
            ),
            3,
            "Warm?",
        ),
        ([HumanMessage("Warm?"), AIMessage("I think so.")], 3, "Warm?"),
        ([SystemMessage("You are Ada.")], 2, "</reference-"),
    ],
    ids=["tool", "tool in words", "answer", "nobody asked"],
)
def test_where_another_message_is_last_the_question_is_put_again(
    conversation: list[AnyMessage], types: int, end: str
) -> None:
    messages = compose(conversation, ["r"], template=load_template("Use: $references"))

    assert len(messages) == types
    assert messages[-1].type == "human"
    assert end in messages[-1].text.splitlines()[-1]


def test_the_question_is_found_in_a_prompt_whatever_stands_around_it() -> None:
    question = HumanMessage([{"type": "text", "text": "What is "}, {"type": "text", "text": "this?"}])

    inner = compose([question], ["What is this?"], template=load_template(None))
    outer = compose(cast("list[AnyMessage]", inner), ["What is this?"], template=load_template(None))

    assert question_in(outer[-1]) == "What is this?"
    assert put_after(outer, "Once more.")[-1].text.endswith("Once more.")
    assert question_in(put_after(outer, "Once more.")[-1]) == "What is this?"


def test_system_texts_with_blocks_keep_their_blocks() -> None:
    cached = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}

    told = compose(
        [SystemMessage([cached]), HumanMessage("Hi")], [], template=load_template(None), system_prompt="Be terse."
    )

    assert told[0].content == [cached, {"type": "text", "text": "Be terse."}]


def test_the_note_stands_once_after_all_system_text() -> None:
    note = "Mark it."
    twice = compose(
        [SystemMessage("Be kind.\n\nMark it."), HumanMessage("Hi")], [], template=load_template(None), note=note
    )

    assert [m.text for m in compose([HumanMessage("Hi")], [], template=load_template(None), note=note)] == [note, "Hi"]
    assert [m.text for m in twice] == ["Be kind.\n\nMark it.", "Hi"]


def test_one_who_chooses_is_told_how_last() -> None:
    told = compose([HumanMessage("Hi")], ["p"], template=load_template("Choose: $references"), asks_last=True)

    assert told[0].text.startswith("Hi\n\nChoose: <reference-")
