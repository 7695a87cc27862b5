"""How servers really end, over real HTTP: to models of strings and to ChatOpenAI, whole and streamed, in both APIs.

Each is a public report of somebody who runs such a server.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.runnables import RunnablePassthrough
from langgraph_moa import ChatMoA, create_moa
from loopback import Loopback, Reply
from panels import says
from running import APIS
from servers_say import BOTH, DONE, MODELS, STREAMED, Makes, asked, by_name, called, chat_openai, piece, words

STORY = words("Once ", "upon ", "a ti")


@dataclass
class Sent:
    """Be what an aggregator's server sends, and what it comes to."""

    status: str
    events: list[Any] = field(default_factory=list)
    whole: Reply | None = None
    """What it sends where no stream is asked for; None is the words of the events, ended as usual."""
    text: str = "Once upon a ti"


def ending(reason: str, status: str, *times: str) -> Sent:
    """Say that an answer ended for a reason, which a stream may repeat."""
    ends = [piece({}, one) for one in times or (reason,)]
    return Sent(status, [*STORY, *ends, DONE], Reply("Once upon a ti", finish_reason=reason))


STREAMS = {
    "no end": Sent("truncated", STORY),
    "half a frame": Sent("truncated", [*STORY, b'data: {"id": "c", "choi']),
    "an error of its own": Sent("error", [*STORY, b'event: error\ndata: {"message": "gone", "code": 502}\n\n', DONE]),
    "an error as an object": Sent("error", [*STORY, {"error": {"message": "gone", "code": 502}}, DONE]),
    "length twice": ending("length", "truncated", "length", "length"),
    "a filter twice": ending("content_filter", "refused", "content_filter", "content_filter"),
    "length, then stop": ending("length", "truncated", "length", "stop"),
    "stop, then length": ending("length", "truncated", "stop", "length"),
    "stop twice": ending("stop", "ok", "stop", "stop"),
}
REASONS = {
    **dict.fromkeys(
        ("length", "model_length", "model_context_window_exceeded", "MAX_TOKENS", "max_tokens"), "truncated"
    ),
    **dict.fromkeys(("RECITATION", "SPII", "content_filtered", "guardrail_intervened", "sensitive"), "refused"),
    **dict.fromkeys(("error", "abort", "MALFORMED_FUNCTION_CALL", "network_error", "timeout"), "error"),
    **dict.fromkeys(("stop", "STOP", "eos", "end_turn", "stop_sequence", "COMPLETE"), "ok"),
    "never heard of": "truncated",
}


@pytest.mark.parametrize("sent", STREAMS.values(), ids=STREAMS)
@BOTH
@APIS
async def test_whole_is_what_a_stream_ended_in_a_usual_way(
    loopback: Loopback, model: Makes, api: str, sent: Sent
) -> None:
    loopback.say("first", Reply(events=sent.events))
    loopback.say("second", "A full answer.")
    moa = create_moa(
        proposers=[says("48")], aggregator=["first", "second"], resolve=by_name(loopback, model), timeout=20
    )

    result = await asked(moa, api, streamed=True)

    first, status = result["run"]["aggregators"][0], sent.status
    if sent is STREAMS["an error of its own"] and model is chat_openai:
        status = "truncated"  # the openai package passes over an error that does not call itself one
    assert first["status"] == status
    answer = result["messages"][-1].text
    assert answer == (sent.text if status in ("ok", "truncated") else "A full answer.")
    assert result["run"]["truncated"] == (status == "truncated")
    assert (result["run"]["degraded"] is None) == (status == "ok")
    if status == "ok":
        assert (first["finish_reason"], first["served_model"]) == ("stop", "m")


@pytest.mark.parametrize(("reason", "status"), REASONS.items())
@MODELS
@STREAMED
async def test_a_reason_says_whether_an_answer_is_whole(
    loopback: Loopback, model: Makes, reason: str, status: str, *, streamed: bool
) -> None:
    sent = ending(reason, status)
    assert sent.whole
    sent.whole.events = sent.events
    loopback.say("first", sent.whole)
    loopback.say("second", "A full answer.")
    moa = create_moa(proposers=[says("48")], aggregator=["first", "second"], resolve=by_name(loopback, model))

    result = await asked(moa, "async", streamed=streamed)

    assert result["run"]["aggregators"][0]["status"] == status
    assert result["run"]["aggregators"][0]["finish_reason"] == reason


HALF = called("delete_files", '{"path": ', '"/srv/data')
CUT_CALLS = {
    "in mid arguments": HALF,
    "length, told twice": [*HALF, piece({}, "length"), piece({}, "length"), DONE],
    "error": [*HALF, piece({}, "error"), DONE],
    "model_length": [*HALF, piece({}, "model_length"), DONE],
    "no reason": [*HALF, DONE],
    "as if whole": [*HALF, piece({}, "tool_calls"), DONE],
    "length after whole arguments": [*HALF, *called("", '"}'), piece({}, "length"), DONE],
    "no end after whole arguments": called("delete_files", '{"path": "/srv/data"}'),
}


@pytest.mark.parametrize("events", CUT_CALLS.values(), ids=CUT_CALLS)
@BOTH
@APIS
async def test_no_tool_is_run_with_half_of_its_arguments(
    loopback: Loopback, model: Makes, api: str, events: list[Any]
) -> None:
    from langchain.agents import create_agent

    paths: list[str] = []

    def delete_files(path: str) -> str:
        """Delete everything under a path."""
        paths.append(path)
        return "deleted"

    loopback.say("first", Reply(events=events))
    loopback.say("second", Reply("I deleted nothing.", events=[*words("I deleted nothing."), piece({}, "stop"), DONE]))
    moa = create_moa(proposers=[says("Empty it.")], aggregator=["first", "second"], resolve=by_name(loopback, model))
    agent = create_agent(ChatMoA(moa), tools=[delete_files])

    state = await asked(agent, api, streamed=True, given={"messages": [("user", "Empty my cache")]})

    assert paths == []
    assert state["messages"][-1].text == "I deleted nothing."


@MODELS
@STREAMED
async def test_a_whole_call_is_made(loopback: Loopback, model: Makes, *, streamed: bool) -> None:
    from langchain.agents import create_agent

    def add(one: int, other: int) -> int:
        """Add."""
        return one + other

    events = [*called("add", '{"one": 1,', ' "other": 2}'), piece({}, "tool_calls"), DONE]
    calls = Reply("", tool_calls=[("add", {"one": 1, "other": 2})], events=events)
    end = Reply("It is 3.", events=[*words("It is ", "3."), piece({}, "stop"), DONE])
    loopback.say("last", lambda body: end if any(m["role"] == "tool" for m in body["messages"]) else calls)
    moa = create_moa(proposers=[says("3")], aggregator="last", resolve=by_name(loopback, model))

    state = await asked(create_agent(ChatMoA(moa), tools=[add]), "async", streamed=streamed)

    assert [m.text for m in state["messages"] if m.type == "tool"] == ["3"]
    assert state["messages"][-1].text == "It is 3."


@pytest.mark.parametrize("events", CUT_CALLS.values(), ids=CUT_CALLS)
@MODELS
async def test_half_a_call_within_a_chain_is_none_either(loopback: Loopback, model: Makes, events: list[Any]) -> None:
    tool = {"type": "function", "function": {"name": "delete_files", "parameters": {"type": "object"}}}
    loopback.say("first", Reply(events=events))
    chain: Any = RunnablePassthrough() | model(loopback, "first").bind(tools=[tool])
    moa = create_moa(proposers=[says("Empty it.")], aggregator=[chain, says("I deleted nothing.")])

    state = await asked(moa, "async", streamed=True)

    assert state["run"]["aggregators"][0]["status"] != "ok"
    assert state["messages"][-1].text == "I deleted nothing."


@pytest.mark.parametrize("reason", [{"type": "length", "length": 16}, ["length"], ["stop", "length"]], ids=str)
@STREAMED
async def test_an_end_that_is_an_object_or_a_list_is_read(loopback: Loopback, reason: Any, *, streamed: bool) -> None:
    loopback.say("last", Reply("Once upon a ti", finish_reason=reason, events=[*STORY, piece({}, reason), DONE]))
    moa = create_moa(proposers=[says("48")], aggregator="last", resolve=loopback.resolve)

    assert (await asked(moa, "async", streamed=streamed))["run"]["truncated"]


@MODELS
@STREAMED
async def test_an_end_that_says_calls_without_any_is_no_answer(
    loopback: Loopback, model: Makes, *, streamed: bool
) -> None:
    events = [*words("Let me look that up."), piece({}, "tool_calls"), DONE]
    loopback.say("first", Reply("Let me look that up.", finish_reason="tool_calls", events=events))
    loopback.say("second", "Paris.")
    moa = create_moa(proposers=[says("Paris")], aggregator=["first", "second"], resolve=by_name(loopback, model))

    assert (await asked(moa, "async", streamed=streamed))["messages"][-1].text == "Paris."
