"""A forced call that a local server gives as text is the call; where it gives none, it is held to a schema."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.exceptions import OutputParserException
from langchain_core.messages.tool import tool_call
from langchain_core.tools import tool
from langgraph_moa import AllProposersFailed, Budget
from langgraph_moa.core.json_schemas import SchemaCheck
from langgraph_moa.nodes.prompting.forced import as_schema, calls_in, fits
from loopback import Loopback, Reply
from pydantic import BaseModel
from worn import whole, worn


class City(BaseModel):
    """A city."""

    name: str
    country: str
    inhabitants: int


class Loose(BaseModel):
    name: str = "nobody"
    country: str = "nowhere"


ROME: dict[str, Any] = {"name": "Rome", "country": "Italy", "inhabitants": 2_800_000}


CALL = {"name": "City", "arguments": ROME}


PROSE = "Rome is a city in Italy. It has 2,800,000 inhabitants."


AS_TEXT = {
    "a call": json.dumps(CALL),
    "a call in a fence": f"```json\n{json.dumps(CALL, indent=2)}\n```",
    "a call in a fence of one line": f"```json {json.dumps(CALL)}```",
    "a call in a bare fence": f"\n```\n{json.dumps(CALL)}\n```\n",
    "parameters": json.dumps({"name": "City", "parameters": ROME}),
    "a function": json.dumps({"type": "function", "name": "City", "parameters": ROME}),
    "a call of the API": json.dumps({"id": "1", "type": "function", "function": {"name": "City", "arguments": ROME}}),
    "arguments as text": json.dumps({"name": "City", "arguments": json.dumps(ROME)}),
    "tags of a template": f"<tool_call>\n{json.dumps(CALL)}\n</tool_call>",
    "the arguments alone": json.dumps(ROME),
    "the arguments in a fence": f"```json\n{json.dumps(ROME)}\n```",
}


NO_CALL = {
    "prose": PROSE,
    "nothing": "",
    "a call in a sentence": f"I call the tool: {json.dumps(CALL)}",
    "a call before a sentence": f"```json\n{json.dumps(CALL)}\n```\nThis says that Rome is large.",
    "two calls": f"{json.dumps(CALL)} {json.dumps(CALL)}",
    "two fences": f"```json\n{json.dumps(CALL)}\n```\n```json\n{json.dumps(CALL)}\n```",
    "a list": json.dumps([CALL]),
    "marks of a template": f"[TOOL_CALLS]City{json.dumps(ROME)}",
    "a tag that is open": f"<tool_call>\n{json.dumps(CALL)}",
    "another's call": json.dumps({"name": "Village", "arguments": ROME}),
    "half a call": json.dumps(CALL)[:-9],
    "arguments that do not fit": json.dumps({"name": "City", "arguments": {"name": "Rome"}}),
    "arguments that are none": json.dumps({"name": "City", "arguments": [1]}),
    "more than arguments": json.dumps({**ROME, "mayor": "nobody"}),
    "no JSON": json.dumps(ROME).replace("2800000", "NaN"),
    "too deep": '{"name": "City", "arguments": ' + '{"a":' * 100_000,
}


@tool
def look_up(city: str, year: int = 2026) -> str:
    """Tell how many people live in a city."""
    return f"{city} has 2,800,000 inhabitants."


@tool
def travel(to: str) -> str:
    """Go somewhere."""
    return f"on the way to {to}"


def llama_server(said: str, by_schema: str | None = None) -> Callable[[dict[str, Any]], Reply]:
    """Ignore a forced choice, as llama-server does; what an answer is held to a schema for is JSON, or refused."""

    def script(body: dict[str, Any]) -> Reply:
        if "response_format" not in body:
            return Reply(said)
        return Reply(by_schema) if by_schema else Reply(status=400)

    return script


async def every_way(model: Any, question: str = "Tell me of Rome.") -> list[Any]:
    """Ask in each of the four ways that a chat model can be asked in."""

    return [
        await model.ainvoke(question),
        await asyncio.to_thread(model.invoke, question),
        whole([chunk async for chunk in model.astream(question)]),
        whole(await asyncio.to_thread(lambda: list(model.stream(question)))),
    ]


@pytest.mark.parametrize("shape", AS_TEXT)
async def test_a_call_that_came_as_text_is_the_object(loopback: Loopback, shape: str) -> None:
    loopback.say("aggregator", AS_TEXT[shape])
    model = worn(loopback).with_structured_output(City, include_raw=True)

    for result in await every_way(model):
        assert result["parsed"] == City(**ROME)
        assert result["raw"].text == ""
        assert [(call["name"], call["args"]) for call in result["raw"].tool_calls] == [("City", ROME)]
        assert result["raw"].response_metadata["moa"]["degraded"] is None
    assert len(loopback.asked("aggregator")) == 4


@pytest.mark.parametrize("shape", NO_CALL)
async def test_what_is_no_call_is_asked_for_by_a_schema_and_nothing_is_repeated(loopback: Loopback, shape: str) -> None:
    loopback.say("aggregator", llama_server(NO_CALL[shape], json.dumps(ROME)))

    result = await worn(loopback).with_structured_output(City, include_raw=True).ainvoke("Tell me of Rome.")

    assert result["parsed"] == City(**ROME)
    first, second = loopback.asked("aggregator")
    assert first.body["tool_choice"]["function"]["name"] == "City"
    assert "tools" not in second.body
    assert second.body["response_format"]["json_schema"]["schema"]["required"] == ["name", "country", "inhabitants"]
    assert second.messages == first.messages
    moa = result["raw"].response_metadata["moa"]
    assert (moa["calls"], moa["degraded"]) == (4, None)


@pytest.mark.parametrize("way", range(4))
async def test_by_a_schema_in_every_way(loopback: Loopback, way: int) -> None:
    loopback.say("aggregator", llama_server(PROSE, json.dumps(ROME)))

    assert (await every_way(worn(loopback).with_structured_output(City)))[way] == City(**ROME)


async def test_a_server_that_knows_no_schema_is_asked_again_in_words(loopback: Loopback) -> None:
    left = [PROSE, json.dumps(CALL)]
    loopback.say("aggregator", lambda body: llama_server(left[0] if "response_format" in body else left.pop(0))(body))

    assert await worn(loopback).with_structured_output(City).ainvoke("Tell me of Rome.") == City(**ROME)

    first, by_schema, again = loopback.asked("aggregator")
    assert "response_format" in by_schema.body
    assert "response_format" not in again.body
    assert again.body["tool_choice"] == first.body["tool_choice"]
    assert PROSE in again.messages[-1]["content"]


async def test_an_object_by_a_schema_that_does_not_fit_is_mended_by_a_schema(loopback: Loopback) -> None:
    left = [PROSE, json.dumps({"name": "Rome"}), json.dumps(ROME)]
    loopback.say("aggregator", lambda body: Reply(left.pop(0)))

    assert await worn(loopback).with_structured_output(City).ainvoke("Tell me of Rome.") == City(**ROME)

    last = loopback.asked("aggregator")[-1]
    assert "response_format" in last.body
    assert "country: Field required" in last.messages[-1]["content"]


async def test_a_real_call_that_does_not_fit_is_mended_as_a_call(loopback: Loopback) -> None:
    left = [Reply("", tool_calls=[("City", {"name": "Rome"})]), Reply("", tool_calls=[("City", ROME)])]
    loopback.say("aggregator", lambda body: left.pop(0))

    assert await worn(loopback).with_structured_output(City).ainvoke("Tell me of Rome.") == City(**ROME)
    assert all("response_format" not in request.body for request in loopback.asked("aggregator"))


async def test_the_call_is_not_taken_for_the_object(loopback: Loopback) -> None:
    rome = {"name": "Rome", "country": "Italy"}
    loopback.say("aggregator", json.dumps({"name": "Loose", "arguments": rome}))
    assert await worn(loopback).with_structured_output(Loose).ainvoke("?") == Loose(**rome)

    other = json.dumps({"name": "Tight", "arguments": rome})
    loopback.say("aggregator", llama_server(other, json.dumps(rome)))
    assert await worn(loopback).with_structured_output(Loose).ainvoke("?") == Loose(**rome)


async def test_a_schema_whose_fields_are_those_of_a_call(loopback: Loopback) -> None:
    class Called(BaseModel):
        name: str
        arguments: dict[str, int]

    made: dict[str, Any] = {"name": "Called", "arguments": {"x": 1}}
    loopback.say("aggregator", json.dumps(made))
    assert await worn(loopback).with_structured_output(Called).ainvoke("?") == Called(**made)


async def test_where_nothing_fits_the_caller_is_told(loopback: Loopback) -> None:
    loopback.say("aggregator", PROSE)

    with pytest.raises(OutputParserException, match="found text, expected a call of 'City'"):
        await worn(loopback).with_structured_output(City).ainvoke("Tell me of Rome.")
    assert len(loopback.asked("aggregator")) == 3


@pytest.mark.parametrize(("calls", "asked"), [(3, 1), (4, 2), (5, 2)])
async def test_the_call_by_a_schema_is_in_the_budget(loopback: Loopback, calls: int, asked: int) -> None:
    loopback.say("aggregator", llama_server(PROSE, json.dumps(ROME)))
    model = worn(loopback, budget=Budget(calls=calls)).with_structured_output(City, include_raw=True)

    result = await model.ainvoke("Tell me of Rome.")

    assert len(loopback.asked("aggregator")) == asked
    assert (result["parsed"] is not None) == (asked == 2)
    assert result["raw"].response_metadata["moa"]["calls"] == asked + 2


FORCED: dict[str, Any] = {
    "any": "any",
    "required": "required",
    "by name": "look_up",
    "as the API says it": {"type": "function", "function": {"name": "look_up"}},
}


@pytest.mark.parametrize("choice", FORCED)
async def test_a_forced_call_that_came_as_text_is_made(loopback: Loopback, choice: str) -> None:
    loopback.say("aggregator", f"```json\n{json.dumps({'name': 'look_up', 'arguments': {'city': 'Rome'}})}\n```")
    model = worn(loopback).bind_tools([look_up, travel], tool_choice=FORCED[choice])

    answers = await every_way(model)

    for answer in answers:
        assert answer.text == ""
        assert [(call["name"], call["args"]) for call in answer.tool_calls] == [("look_up", {"city": "Rome"})]
        assert answer.usage_metadata["total_tokens"] > 0
    assert len({call["id"] for answer in answers for call in answer.tool_calls}) == 4


@pytest.mark.parametrize("choice", [None, "auto", "none"])
async def test_what_was_not_forced_is_what_the_model_said(loopback: Loopback, choice: str | None) -> None:
    said = json.dumps({"name": "look_up", "arguments": {"city": "Rome"}})
    loopback.say("aggregator", said)

    for answer in await every_way(worn(loopback).bind_tools([look_up], tool_choice=choice)):
        assert (answer.text, answer.tool_calls) == (said, [])
    assert len(loopback.asked("aggregator")) == 4


UNOFFERED = {
    "another tool": {"name": "delete", "arguments": {"city": "Rome"}},
    "one that was not chosen": {"name": "travel", "arguments": {"to": "Rome"}},
    "a wrong type": {"name": "look_up", "arguments": {"city": ["Rome"]}},
    "left out": {"name": "look_up", "arguments": {}},
}


@pytest.mark.parametrize("said", UNOFFERED)
async def test_a_call_is_what_was_offered(loopback: Loopback, said: str) -> None:
    loopback.say("aggregator", llama_server(json.dumps(UNOFFERED[said]), json.dumps({"city": "Oslo"})))

    answer = await worn(loopback).bind_tools([look_up, travel], tool_choice="look_up").ainvoke("How large is Oslo?")

    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [("look_up", {"city": "Oslo"})]
    assert answer.response_metadata["moa"]["calls"] == 4


@pytest.mark.parametrize("way", ["$ref", "anyOf"])
def test_a_call_fits_schemas_without_properties_at_their_top(way: str) -> None:
    inner = City.model_json_schema()
    parameters = {"$ref": "#/$defs/c", "$defs": {"c": inner}} if way == "$ref" else {"anyOf": [inner]}
    offered = [{"type": "function", "function": {"name": "City", "parameters": parameters}}]

    fitting = [fits(call, offered) for said in (ROME, {"zz": 1}) for call in calls_in(json.dumps(said), offered)]

    assert fitting == [True, False]


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/x", "#/$defs/x", "#/default"])
def test_no_call_fits_a_schema_that_leads_away(place: str) -> None:
    parameters = {"properties": {"a": {"$ref": place}}, "default": {}}
    call = tool_call(name="x", args={"a": 1}, id="1")

    assert not fits(call, [{"type": "function", "function": {"name": "x", "parameters": parameters}}])


def test_what_tools_refer_to_is_found_in_the_schema_of_several() -> None:
    held = {"$defs": {"t": {"type": "object", "properties": {"$ref": {"const": {"$ref": "#"}}, "of": {"$ref": "#"}}}}}
    tools = [
        {"type": "function", "function": {"name": name, "parameters": {"$ref": "#/$defs/t", **held}}}
        for name in ("a", "b")
    ]

    check = SchemaCheck(as_schema(tools))

    assert check.problem({"name": "b", "arguments": {"of": {"$ref": {"$ref": "#"}}}}) is None
    assert check.problem({"name": "b", "arguments": {"of": {"$ref": 1}}})


async def test_one_of_several_tools_is_asked_for_by_a_schema(loopback: Loopback) -> None:
    loopback.say("aggregator", llama_server(PROSE, json.dumps({"name": "travel", "arguments": {"to": "Rome"}})))

    for answer in await every_way(
        worn(loopback).bind_tools([look_up, travel], tool_choice="any", parallel_tool_calls=False)
    ):
        assert [(call["name"], call["args"]) for call in answer.tool_calls] == [("travel", {"to": "Rome"})]
        assert answer.text == ""
    by_schema = loopback.asked("aggregator")[1].body
    assert [
        one["properties"]["name"]["const"] for one in by_schema["response_format"]["json_schema"]["schema"]["anyOf"]
    ] == [
        "look_up",
        "travel",
    ]
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & by_schema.keys()


async def test_a_tool_without_arguments(loopback: Loopback) -> None:
    @tool
    def now() -> str:
        """Tell the time."""
        return "noon"

    model = worn(loopback).bind_tools([now], tool_choice="now")
    for said in (llama_server("Hello! How are you?", "{}"), Reply("{}"), Reply('{"name": "now", "arguments": {}}')):
        loopback.say("aggregator", said)
        assert [(call["name"], call["args"]) for call in (await model.ainvoke("Hi")).tool_calls] == [("now", {})]


async def test_words_instead_of_a_forced_call_are_for_the_caller_to_judge(loopback: Loopback) -> None:
    loopback.say("aggregator", llama_server(PROSE))

    for answer in await every_way(worn(loopback).bind_tools([look_up], tool_choice="any")):
        assert (answer.text, answer.tool_calls) == (PROSE, [])
        assert "found no call of 'look_up', expected one" in answer.response_metadata["moa"]["degraded"]


@pytest.mark.parametrize("choice", ["any", "auto"])
async def test_a_call_that_was_cut_is_no_answer(loopback: Loopback, choice: str) -> None:
    loopback.say("aggregator", Reply("", tool_calls=[("look_up", {"city": "Ro"})], finish_reason="length"))

    with pytest.raises(AllProposersFailed, match="cut at the token limit"):
        await worn(loopback).bind_tools([look_up], tool_choice=choice).ainvoke("How large is Rome?")


async def test_a_call_that_came_as_text_and_was_cut_is_no_answer(loopback: Loopback) -> None:
    loopback.say("first", Reply('{"city": "Ro"}', finish_reason="length"))
    loopback.say("second", Reply("", tool_calls=[("look_up", {"city": "Rome"})]))

    model = worn(loopback, aggregator=["first", "second"]).bind_tools([look_up], tool_choice="look_up")

    assert (await model.ainvoke("How large is Rome?")).tool_calls[0]["args"] == {"city": "Rome"}


async def test_the_next_aggregator_may_make_the_call(loopback: Loopback) -> None:
    loopback.say("first", llama_server(PROSE))
    loopback.say("second", Reply("", tool_calls=[("look_up", {"city": "Rome"})]))

    model = worn(loopback, aggregator=["first", "second"]).bind_tools([look_up], tool_choice="any")

    assert (await model.ainvoke("How large is Rome?")).tool_calls[0]["args"] == {"city": "Rome"}


async def test_the_report_tells_how_a_call_came(loopback: Loopback) -> None:
    states: list[Any] = []
    model = worn(loopback)

    async def notes(said: Any) -> list[str]:
        loopback.say("aggregator", said)
        bound = model.bind_tools([look_up], tool_choice="any")
        async for event in bound.astream_events("How large is Rome?", version="v2"):
            output = event["data"].get("output")
            if event["event"] == "on_chain_end" and isinstance(output, dict) and "run" in output:
                states.append(output["run"])
        return list(states[-1]["notes"])

    assert await notes(json.dumps({"city": "Rome"})) == ["aggregator aggregator: its call of 'look_up' came as text"]
    told = await notes(llama_server(PROSE, json.dumps({"city": "Rome"})))
    assert told[-1].endswith("expected one, as tool_choice says), and was asked by a schema")
    assert [call["status"] for call in states[-1]["aggregators"]] == ["invalid", "ok"]


async def test_an_agent_with_a_structured_answer_ends_on_a_local_server(loopback: Loopback) -> None:
    loopback.say("aggregator", AS_TEXT["a call in a fence"])
    agent: Any = create_agent(worn(loopback), tools=[], response_format=ToolStrategy(City))

    result = await agent.ainvoke({"messages": [("user", "Tell me of Rome.")]})

    assert result["structured_response"] == City(**ROME)
