"""A call may be made only where it was offered: by the caller of the run, or with the aggregator's own tools."""

from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import AllProposersFailed, create_moa
from langgraph_moa.core.panel.declared import Aggregator, Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.nodes.calls.offered import allowed_calls
from langgraph_moa.nodes.prompting.request import Form, Request
from loopback import Loopback, Reply
from mixtures import mixture
from panels import says
from reading import QUESTION
from running import APIS
from servers_say import DONE, MODELS, STREAMED, Makes, asked, by_name, called, piece, words
from tables import each
from worn import worn


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}


TOOLS = [tool("look"), tool("book")]
BOTH, BOOK = frozenset({"look", "book"}), frozenset({"book"})
CHOICES: dict[str, tuple[Any, frozenset[str]]] = {
    "nothing said": (None, BOTH),
    "auto": ("auto", BOTH),
    "any": ("any", BOTH),
    "required": ("required", BOTH),
    "True": (True, BOTH),
    "none": ("none", frozenset()),
    "none, as Anthropic says it": ({"type": "none"}, frozenset()),
    "a name": ("look", frozenset({"look"})),
    "a function": ({"type": "function", "function": {"name": "look"}}, frozenset({"look"})),
    "a tool": ({"type": "tool", "name": "look"}, frozenset({"look"})),
    "some": ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool("book")]}}, BOOK),
}


@each(("choice", "allowed"), CHOICES.values())
def test_a_choice_narrows_what_may_be_called(choice: Any, allowed: Any) -> None:
    seat = seat_of(says("x"), Defaults(), role="aggregator")
    bound = seat_of(says("x").bind(tools=TOOLS, tool_choice=choice), Defaults(), role="aggregator")

    assert allowed_calls(seat, Request(of=None, tools=TOOLS, tool_choice=choice)) == allowed
    assert allowed_calls(bound, None) == allowed


DESCRIBED: dict[str, tuple[Any, frozenset[str] | None]] = {
    "OpenAI's": ([tool("look")], frozenset({"look"})),
    "Anthropic's": ([{"name": "look", "input_schema": {}}], frozenset({"look"})),
    "Google's": ([{"function_declarations": [{"name": "look"}, {"name": "book"}]}], BOTH),
    "Amazon's": ([{"toolSpec": {"name": "look"}}], frozenset({"look"})),
    "a provider's own": ([{"type": "web_search"}], frozenset({"web_search"})),
    "an object": ([SimpleNamespace(name="look")], None),
    "none": ([], frozenset()),
}


@each(("tools", "allowed"), DESCRIBED.values())
def test_an_aggregators_own_tools_are_offered(tools: Any, allowed: Any) -> None:
    seat = seat_of(Aggregator(says("x").bind(tools=tools)), Defaults(), role="aggregator")

    assert allowed_calls(seat, None) == allowed


def test_tools_of_a_model_that_stands_in_are_offered_too() -> None:
    model: Any = says("x").with_fallbacks([says("y").bind(tools=TOOLS)]).with_retry()

    assert allowed_calls(seat_of(Aggregator(model), Defaults(), role="aggregator"), None) == BOTH


def test_who_is_no_aggregator_may_call_nothing_and_what_a_chain_offers_is_its_own() -> None:
    chain: Any = RunnableLambda(lambda messages: AIMessage("x"), name="chain")
    form = Form(tool=tool("City"), method="function_calling", parse=str)

    assert allowed_calls(seat_of(says("x").bind(tools=TOOLS), Defaults(), role="judge"), None) == frozenset()
    assert allowed_calls(seat_of(chain, Defaults(), role="aggregator"), None) is None
    asked = Request(of=None, form=form)
    assert allowed_calls(seat_of(says("x"), Defaults(), role="aggregator"), asked) == frozenset({"City"})


UNASKED = {
    "a call alone": [],
    "beside a text": words("Let me look that up."),
}


@pytest.mark.parametrize("said", UNASKED.values(), ids=UNASKED)
@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
@MODELS
@STREAMED
@APIS
async def test_a_call_that_nobody_offered_is_no_answer(
    loopback: Loopback, model: Makes, api: str, said: Any, *, reason: str, streamed: bool
) -> None:
    text = "Let me look that up." if said else ""
    whole = Reply(text, tool_calls=[("web_search", {})], finish_reason=reason)
    whole.events = [*said, *called("web_search", "{}"), piece({}, reason), DONE]
    loopback.say("first", whole)
    loopback.say("second", "Paris.")
    resolve = by_name(loopback, model)
    moa = create_moa(proposers=[says("Paris it is.")], aggregator=["first", "second"], resolve=resolve)

    result = await asked(moa, api, streamed=streamed)

    assert result["messages"][-1].text == "Paris."
    assert [call["status"] for call in result["run"]["aggregators"]] == ["invalid", "ok"]
    assert "found a call of 'web_search', expected words" in result["run"]["degraded"]


async def test_a_proposer_that_calls_a_tool_says_nothing(loopback: Loopback) -> None:
    loopback.say("calls", Reply("", tool_calls=[("look", {})]))
    loopback.say("talks", Reply("Let me look that up.", tool_calls=[("look", {})]))

    result = await mixture(loopback, "calls", "talks", "fine").ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["empty", "invalid", "ok"]
    assert "a call of 'look', which only the aggregator may make" in result["proposals"][0]["error"]
    assert "Let me look" not in loopback.asked("aggregator")[0].prompt


@pytest.mark.parametrize(("name", "choice"), [("book", None), ("look", "none"), ("book", "look")])
async def test_an_agent_is_handed_no_call_but_those_it_may_make(loopback: Loopback, name: str, choice: Any) -> None:
    def look(place: str) -> str:
        """Look for a place."""
        return place

    loopback.say("aggregator", Reply("", tool_calls=[(name, {"place": "Rome"})]))
    given = {} if choice is None else {"tool_choice": choice}
    model = worn(loopback).bind_tools([look], **given)

    if choice == "none":
        assert (await model.ainvoke("Where?")).tool_calls == []
    else:
        with pytest.raises(AllProposersFailed, match="found a call of 'book', expected look"):
            await model.ainvoke("Where?")
