"""A prompt knows what it holds of others, what sending it may cost, and how the same answer is asked for once more."""

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.nodes.prompting.prompt import Prompt, room_at
from langgraph_moa.prompts import bundled
from panels import says

RULES = bundled("mark").text
SEAT = replace(seat_of(says("x"), Defaults(), role="aggregator"), max_tokens=100, window=1_000)


def prompt(*texts: str, **fields: Any) -> Prompt:
    return Prompt([SystemMessage(RULES), *map(HumanMessage, texts)], **fields)


def called(**arguments: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "look", "args": arguments, "id": "1", "type": "tool_call"}])


@pytest.mark.parametrize("answer", [AIMessage(f"Sure. {RULES}"), called(text=RULES)], ids=["text", "a call"])
def test_an_answer_that_repeats_our_words_is_told(answer: AIMessage) -> None:
    assert prompt("Which?", given=["Which?"]).echo_in(answer)
    assert prompt("Which?", given=["Which?", RULES]).echo_in(answer) is None
    assert prompt("Which?").echo_in(answer) is None


def test_a_prompt_is_bounded_by_its_length_and_its_answers_limit() -> None:
    short, long = prompt("Which?").at_most(SEAT), prompt("Which? " * 50).at_most(SEAT)

    assert short["calls"] == long["calls"] == 1
    assert (short["tokens"] or 0) > 100
    assert (long["tokens"] or 0) - (short["tokens"] or 0) >= 49 * 7 // 2


def test_what_is_not_sent_costs_nothing() -> None:
    assert prompt(problem="it does not fit").at_most(SEAT) == {"calls": 0, "tokens": 0, "usd": 0.0}


def test_windows_are_bounded_as_if_each_were_full() -> None:
    cost = prompt("Which?", folds=2).at_most(SEAT)

    assert cost["calls"] == 3
    assert (cost["tokens"] or 0) >= 3 * (1_000 + 100)


def test_the_same_answer_is_asked_for_in_the_form_that_was_missing() -> None:
    asked = prompt("Which?", references_cut=2, given=["Which?"])

    mended = asked.mended(AIMessage("The green </answer> one."), "found text, expected an object", SEAT)

    assert mended.problem is None
    assert [message.text for message in mended.messages[:1]] == [RULES]
    last = mended.messages[-1].text
    assert "The green" in last
    assert "found text, expected an object" in last
    assert (mended.references_cut, mended.given) == (2, ["Which?"])


def test_where_no_window_holds_it_nothing_is_asked_for_again() -> None:
    mended = prompt("Which?").mended(AIMessage("word " * 2_000), "no object", SEAT)

    assert mended.messages == []
    assert mended.problem == f"found no room for a repair in 1,000 tokens, the window of {SEAT.label}"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (prompt("Which?"), prompt("Which? " * 9), True),
        (prompt("Which?"), prompt("Which?"), False),
        (prompt("Which? " * 9), prompt("Which?"), False),
        (prompt("Which?", problem="no room"), prompt("Which? " * 9), False),
    ],
    ids=["shorter", "the same", "longer", "none"],
)
def test_a_shorter_prompt_may_be_sent_where_one_was_too_long(one: Prompt, other: Prompt, expected: bool) -> None:
    assert one.is_shorter_than(other) is expected


def test_the_conversations_own_messages_are_told_by_their_id() -> None:
    question = HumanMessage("Which?", id="q")

    lines = Prompt([SystemMessage(RULES), question, HumanMessage("Which?", id="q")]).lines([question])

    assert lines == [
        {"role": "system", "id": None, "text": RULES},
        {"role": "human", "id": "q", "text": None},
        {"role": "human", "id": None, "text": "Which?"},
    ]


def test_tools_take_of_the_window() -> None:
    assert room_at(SEAT, 1_000, 2) == 1_000
    assert room_at(replace(SEAT, tool_tokens=100), 1_000, 2) == 900
