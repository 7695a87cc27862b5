"""A conversation tells whether its panel is to be asked; when in doubt it is."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph_moa import ConfigError
from langgraph_moa.core.run.cadence import MOST_CARRIED, carried_panel, every_of, panel_use, without_panel
from tables import each

OF = "panel"


def answered(messages: list[BaseMessage], *, every: int | None = None, **changes: Any) -> list[BaseMessage]:
    """Return a conversation that went on by one call of the mixture, and the tool that it called."""
    use, earlier = panel_use(messages, every=every, of=OF)
    panel: Any = use if earlier else carried_panel(use, ["a", "b"], ["one", "two"], [])
    call = {"name": "look", "args": {}, "id": f"c{len(messages)}", "type": "tool_call"}
    message = AIMessage("", tool_calls=[call], response_metadata={"moa": {"calls": 1, "panel": {**panel, **changes}}})
    return [*messages, message, ToolMessage("seen", tool_call_id=call["id"])]


START: list[BaseMessage] = [SystemMessage("Be brief."), HumanMessage("Which?")]
ONCE = answered(START)
TWICE = answered(ONCE)


def test_what_was_proposed_is_found_with_the_place_that_it_stood_at() -> None:
    use, earlier = panel_use(TWICE, every=None, of=OF)

    assert earlier is not None
    assert (earlier.at, earlier.texts, use["call"], use["proposed_in"], use["why"]) == (2, ["one", "two"], 3, 1, None)


CASES: list[tuple[list[BaseMessage], str]] = [
    (START, "first"),
    ([*TWICE, HumanMessage("And?")], "first"),
    ([*TWICE, AIMessage("Done."), HumanMessage("Which?")], "first"),
    ([SystemMessage("Be long."), *TWICE[1:]], "changed"),
    ([START[0], HumanMessage("What?"), *TWICE[2:]], "changed"),
    ([HumanMessage("In short: which?"), *TWICE[2:]], "changed"),
    (TWICE[2:], "changed"),
    ([HumanMessage("Earlier."), *TWICE], "changed"),
    ([*START, *TWICE[4:]], "lost"),
    (answered(START, texts=[]), "lost"),
    (answered(START, texts="one"), "lost"),
    (answered(START, texts=[1]), "lost"),
    (answered(START, evidence=None), "lost"),
    (answered(START, evidence=[{"id": "E1", "text": "a passage without a source"}]), "lost"),
    (answered(START, turn="another"), "changed"),
    (answered(START, of="another"), "first"),
    (answered(START, call="1"), "first"),
    (answered(START, turn=None), "first"),
    ([*START, AIMessage("", response_metadata={"moa": {"panel": "all"}})], "first"),
    ([*START, AIMessage("", response_metadata={"moa": "all"}), *ONCE[3:]], "first"),
]


@each(("messages", "why"), CASES)
def test_when_in_doubt_the_panel_is_asked(messages: list[BaseMessage], why: str) -> None:
    use, earlier = panel_use(messages, every=None, of=OF)

    assert earlier is None
    assert (use["why"], use["shown_again"], use["proposed_in"]) == (why, False, use["call"])


def test_what_follows_the_proposals_may_change() -> None:
    messages = [*TWICE[:3], ToolMessage("cleared", tool_call_id="c2"), *TWICE[4:]]

    assert panel_use(messages, every=None, of=OF)[1] is not None


def test_every_third_call_of_a_turn_is_due() -> None:
    messages, asked_in = START, []
    for _ in range(8):
        asked_in.append(panel_use(messages, every=3, of=OF)[0]["proposed_in"])
        messages = answered(messages, every=3)

    assert asked_in == [1, 1, 1, 4, 4, 4, 7, 7]


@each(("panel", "every"), [("turn", None), ("call", 1), ("every:1", 1), ("every:12", 12)])
def test_how_often_is_read(panel: str, every: int | None) -> None:
    assert every_of(panel) == every


@each("panel", ["", "Turn", "every", "every:", "every:0", "every:03", "every:1.5", " turn", None, 2, True, ["turn"]])
def test_what_is_no_way_to_ask_is_refused(panel: object) -> None:
    with pytest.raises(ConfigError, match="expected 'turn', 'call', or 'every:N' with a whole N from 1"):
        every_of(panel)


def test_what_is_too_long_for_a_thread_stays_behind() -> None:
    use, _ = panel_use(START, every=None, of=OF)

    assert carried_panel(use, ["a"], ["x" * MOST_CARRIED], []) is not None
    assert carried_panel(use, ["a"], ["x" * MOST_CARRIED], [{"text": "y"}]) is None


def test_nobody_who_reads_a_message_gets_what_goes_along_on_it() -> None:
    bare = without_panel(ONCE[2])

    assert bare.response_metadata == {"moa": {"calls": 1}}
    assert "panel" in ONCE[2].response_metadata["moa"]
    assert all(without_panel(message) is message for message in (*START, bare, AIMessage("x")))
