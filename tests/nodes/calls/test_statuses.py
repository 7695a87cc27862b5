"""What a reply comes to: its status follows from what it says, how it ended, and what was offered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.tool import invalid_tool_call
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.core.run.records import USABLE
from langgraph_moa.nodes.calls.reading import read_message
from langgraph_moa.nodes.calls.statuses import answered_call, judged, sampled
from langgraph_moa.nodes.prompting.prompt import Prompt
from tables import each

SEAT = seat_of("offline:words", Defaults(), role="aggregator")
LOOK = ToolCall(name="look", args={}, id="c1")
UNREADABLE = invalid_tool_call(name="look", args='{"a": ', id="c1", error="cut")
OFFERED = frozenset({"look"})


def ended(reason: str | None, text: str = "48", **fields: Any) -> AIMessage:
    return AIMessage(text, response_metadata={"finish_reason": reason} if reason else {}, **fields)


def status_of(message: AIMessage, allowed: frozenset[str] | None = frozenset(), role: str = "aggregator") -> str:
    return str(judged(read_message(message, SEAT), Prompt([]), role, allowed)["status"])


CASES: dict[str, tuple[AIMessage, frozenset[str] | None, str]] = {
    "a text": (ended("stop"), frozenset(), "ok"),
    "a text that nobody says the end of": (ended(None), frozenset(), "ok"),
    "a text cut": (ended("length"), frozenset(), "truncated"),
    "a text that ended somehow": (ended("whatever"), frozenset(), "truncated"),
    "a text and an error": (ended("error"), frozenset(), "error"),
    "a text and a filter": (ended("stop+content_filter"), frozenset(), "refused"),
    "tokens alone": (ended("stop", "<|im_end|></s>"), frozenset(), "empty"),
    "no text": (ended("stop", ""), frozenset(), "empty"),
    "a call": (ended("tool_calls", "", tool_calls=[LOOK]), OFFERED, "ok"),
    "a call, stopped": (ended("stop", "", tool_calls=[LOOK]), OFFERED, "ok"),
    "a call that nobody says the end of": (ended(None, "", tool_calls=[LOOK]), OFFERED, "ok"),
    "a call of who knows": (ended("stop", "", tool_calls=[LOOK]), None, "ok"),
    "a call that was not offered": (ended("stop", "", tool_calls=[LOOK]), frozenset({"book"}), "invalid"),
    "one of two that was not": (ended("stop", "", tool_calls=[LOOK, {**LOOK, "name": "book"}]), OFFERED, "invalid"),
    "a call beside a text": (ended("stop", "Let me look.", tool_calls=[LOOK]), frozenset(), "invalid"),
    "a call cut": (ended("length", "", tool_calls=[LOOK]), OFFERED, "invalid"),
    "a call that ended somehow": (ended("whatever", "", tool_calls=[LOOK]), OFFERED, "invalid"),
    "a call and an error": (ended("error", "", tool_calls=[LOOK]), OFFERED, "error"),
    "an unreadable call": (ended("stop", "", invalid_tool_calls=[UNREADABLE]), OFFERED, "invalid"),
    "one of two that is": (ended("stop", "", tool_calls=[LOOK], invalid_tool_calls=[UNREADABLE]), OFFERED, "invalid"),
}


@each(("message", "allowed", "status"), CASES.values())
def test_a_status_follows_from_what_came(message: AIMessage, allowed: frozenset[str] | None, status: str) -> None:
    assert status_of(message, allowed) == status


@pytest.mark.parametrize("mark", [{"stream_ended": False}, {"calls_unclosed": True}])
def test_what_a_stream_left_open_is_not_whole(mark: dict[str, Any]) -> None:
    text, call = ended("stop"), ended("tool_calls", "", tool_calls=[LOOK])
    for message in (text, call):
        message.response_metadata |= mark

    assert status_of(text) == "truncated"
    assert status_of(call, OFFERED) == "invalid"


def test_a_proposer_that_only_calls_says_nothing() -> None:
    assert status_of(ended("stop", "", tool_calls=[LOOK]), role="proposer") == "empty"
    assert status_of(ended("stop", "Let me look.", tool_calls=[LOOK]), role="proposer") == "invalid"


def test_what_was_thought_is_bounded_and_names_are_one_line() -> None:
    message = ended("stop", f"<think>{'a' * 50_000}</think>48")
    message.response_metadata["model_name"] = "m\n" * 500

    call = answered_call(SEAT, Prompt([]), read_message(message, SEAT), {})

    assert len(call["reasoning"] or "") < 20_100
    assert len(call["served_model"] or "") <= 200
    assert "\n" not in (call["served_model"] or "")


@pytest.mark.parametrize(
    ("reason", "name", "served"), [("stopstop", "mm", "m"), ("stop", "mm", "mm"), ("stop", "m", "m")]
)
def test_a_name_that_langchain_joined_is_told_once(reason: str, name: str, served: str) -> None:
    message = ended(reason)
    message.response_metadata["model_name"] = name

    call = answered_call(SEAT, Prompt([]), read_message(message, SEAT), {})

    assert (call["served_model"], call["finish_reason"]) == (served, "stop")


def test_a_sample_of_another_ones_request_costs_nothing_more() -> None:
    call = answered_call(SEAT, Prompt([]), read_message(ended("stop"), SEAT), {})

    other = sampled(call, Prompt([]), read_message(ended("length", "<think>a</think>49"), SEAT), seat=SEAT)

    assert (other["status"], other["reasoning"], other["usd"]) == ("truncated", "a", 0.0)
    assert sampled(call, Prompt([]), None, seat=SEAT)["status"] == "ok"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner))


@given(
    content=st.text() | st.lists(st.text() | st.dictionaries(st.sampled_from(["type", "text", "thinking"]), JSON)),
    about=st.dictionaries(st.sampled_from(["finish_reason", "stop_reason", "model_name", "incomplete_details"]), JSON),
    aside=st.dictionaries(st.sampled_from(["refusal", "reasoning_content", "reasoning"]), JSON),
    usage=JSON,
)
def test_whatever_a_model_sends_has_a_status(content: Any, about: Any, aside: Any, usage: Any) -> None:
    message = AIMessage.model_construct(
        content=content, response_metadata=about, additional_kwargs=aside, usage_metadata=usage, type="ai",
        tool_calls=[], invalid_tool_calls=[], id=None, name=None,
    )  # fmt: skip

    reply = read_message(message, SEAT)
    call = answered_call(SEAT, Prompt([]), reply, {})

    assert call["status"] in {*USABLE, "empty", "refused", "error", "degenerate", "invalid"}
    str(reply.message.text).encode()
