"""Answers that are objects are asked for, read, checked and mended."""

import json
import pickle
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langgraph_moa import (
    ChatMoA,
    ConfigError,
    create_moa,
)
from langgraph_moa.graphs.adapters.structured import UnfitAnswer, make_form
from langgraph_moa.nodes.prompting.request import problem_with
from loopback import Loopback, Reply
from pydantic import BaseModel, Field, RootModel, field_validator
from tables import each
from typing_extensions import TypedDict
from worn import worn


class Trip(BaseModel):
    """A trip to a city."""

    city: str
    days: int = Field(ge=1)

    @field_validator("city")
    @classmethod
    def known(cls, city: str) -> str:
        if city not in ("Rome", "Oslo"):
            raise ValueError(f"no trips to {city}")
        return city


GOOD, BAD = {"city": "Rome", "days": 3}, {"city": "Atlantis", "days": 0}


def in_turn(*replies: Reply) -> Callable[[dict[str, Any]], Reply]:
    left = list(replies)
    return lambda body: left.pop(0)


def called(arguments: dict[str, Any]) -> Reply:
    return Reply("", tool_calls=[("Trip", arguments)])


async def test_an_answer_that_does_not_fit_is_asked_for_once_more(loopback: Loopback) -> None:
    loopback.say("aggregator", in_turn(called(BAD), called(GOOD)))

    result = await worn(loopback).with_structured_output(Trip, include_raw=True).ainvoke("A trip to Rome?")

    assert result["parsed"] == Trip(city="Rome", days=3)
    first, second = loopback.asked("aggregator")
    assert second.messages[0]["content"].startswith(first.messages[0]["content"])
    assert "no trips to Atlantis" in second.messages[-1]["content"]
    assert '"city": "Atlantis"' in second.messages[-1]["content"]
    moa = result["raw"].response_metadata["moa"]
    assert (moa["calls"], moa["degraded"]) == (4, None)
    assert all("tools" not in request.body for request in loopback.asked("m0"))


async def test_after_one_repair_the_next_aggregator_is_asked(loopback: Loopback) -> None:
    loopback.say("first", called(BAD))
    loopback.say("second", called(GOOD))

    model = worn(loopback, aggregator=["first", "second"])

    assert await model.with_structured_output(Trip).ainvoke("A trip?") == Trip(city="Rome", days=3)
    assert [len(loopback.asked(name)) for name in ("first", "second")] == [2, 1]


async def test_where_no_answer_fits_the_caller_is_told_and_nothing_is_made_up(loopback: Loopback) -> None:
    loopback.say("aggregator", called(BAD))
    model = worn(loopback)

    with pytest.raises(OutputParserException, match="aggregator: invalid"):
        await model.with_structured_output(Trip).ainvoke("A trip?")
    result = await model.with_structured_output(Trip, include_raw=True).ainvoke("A trip?")
    assert result["parsed"] is None
    assert isinstance(result["parsing_error"], OutputParserException)


JSON = json.dumps(GOOD)


@pytest.mark.parametrize(
    ("method", "reply", "told"),
    [
        ("json_mode", f"```json\n{JSON}\n```", "JSON Schema"),
        ("json_schema", JSON, None),
        ("function_calling", JSON, None),
    ],
)
@pytest.mark.parametrize("schema", [Trip, Trip.model_json_schema()])
async def test_there_are_three_ways_to_ask_for_a_form(
    loopback: Loopback, method: Any, reply: str, told: str | None, schema: Any
) -> None:
    loopback.say("aggregator", reply)

    found = await worn(loopback).with_structured_output(schema, method=method).ainvoke("A trip?")

    assert (found if isinstance(found, dict) else found.model_dump()) == GOOD
    (request,) = loopback.asked("aggregator")
    assert ("response_format" in request.body) == (method == "json_schema")
    assert ("tools" in request.body) == (method == "function_calling")
    assert (told or "") in request.messages[-1]["content"]


async def test_a_json_schema_is_checked_too(loopback: Loopback) -> None:
    loopback.say("aggregator", in_turn(called({"city": "Rome"}), called(GOOD)))
    schema = {"title": "Trip", "type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}

    assert await worn(loopback).with_structured_output(schema).ainvoke("A trip?") == GOOD
    assert "'days' is a required property" in loopback.asked("aggregator")[1].messages[-1]["content"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"method": "function"}, "did you mean 'function_calling'"),
        ({"method": "json_mode", "strict": True}, "leave it out"),
        ({"scheme": 1}, "found 'scheme', expected include_raw, method or strict"),
    ],
)
def test_a_wrong_option_of_a_form_is_one_sentence(options: dict[str, Any], expected: str) -> None:
    model = ChatMoA(moa=create_moa(proposers=["offline:words"], aggregator="offline:words"))
    with pytest.raises(ConfigError, match=expected):
        model.with_structured_output(Trip, **options)


async def test_an_agents_response_format_is_kept_to(loopback: Loopback) -> None:
    loopback.say("aggregator", called(GOOD))

    agent: Any = create_agent(worn(loopback), tools=[], response_format=Trip)
    result = await agent.ainvoke({"messages": [("user", "A trip to Rome?")]})

    assert result["structured_response"] == Trip(city="Rome", days=3)


async def test_arguments_that_are_no_json_are_asked_for_once_more(loopback: Loopback) -> None:
    broken = {"id": "1", "type": "function", "function": {"name": "Trip", "arguments": '{"city": "Rome", days'}}
    body = {"role": "assistant", "content": "", "tool_calls": [broken]}
    choice = {"index": 0, "message": body, "finish_reason": "tool_calls"}
    whole_body = json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})
    loopback.say("aggregator", in_turn(Reply(body=whole_body), called(GOOD)))

    assert await worn(loopback).with_structured_output(Trip).ainvoke("A trip?") == Trip(city="Rome", days=3)
    assert "days" in loopback.asked("aggregator")[1].messages[-1]["content"]


@pytest.mark.parametrize("layers", [1, 2])
async def test_include_raw_raises_nothing_streamed_or_not(loopback: Loopback, layers: int) -> None:
    loopback.say("aggregator", called(BAD))
    options: Any = {"proposers": ["aggregator"], "aggregator": None, "layers": 1} if layers == 1 else {}
    model = worn(loopback, **options).with_structured_output(Trip, include_raw=True)

    (streamed,) = [chunk async for chunk in model.astream("A trip?")]
    for result in (streamed, await model.ainvoke("A trip?")):
        assert result["parsed"] is None
        assert isinstance(result["parsing_error"], OutputParserException)
        assert "no trips to Atlantis" in str(result["parsing_error"])
        assert "errors.pydantic.dev" not in str(result["parsing_error"])


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (RootModel[list[int]], r"found 'RootModel\[list\[int\]\]' as the schema: .* its top; put it into a property"),
        (RootModel[int | str], "found a schema of no object .nothing in its 'anyOf' is one., expected an object"),
        ({"title": "x", "type": "array", "items": {"type": "integer"}}, "its type is 'array'., expected an object at"),
        ({"name": "x", "schema": {"enum": ["a"]}, "strict": True}, "its 'enum' has none., expected an object"),
        ({"title": "x", "type": "object", "properties": {"a": {"type": "objekt"}}}, "found a schema that is none"),
        ({"type": "web_search"}, "which a provider runs itself"),
        ({"type": ["object", "null"]}, "expected a JSON Schema with a title"),
        ("Trip", "found 'Trip' as the schema, expected a class"),
        ({}, "found {} as the schema"),
    ],
)
def test_a_schema_that_cannot_work_is_refused_before_anything_is_paid(schema: Any, expected: str) -> None:
    model = ChatMoA(create_moa(proposers=["offline:words"], aggregator="offline:words"))

    with pytest.raises(ConfigError, match=expected) as told:
        model.with_structured_output(schema)
    assert "\n" not in str(told.value)


async def test_a_typed_dict_may_hold_null(loopback: Loopback) -> None:
    class Note(TypedDict):
        """A note."""

        name: str
        note: str | None

    loopback.say("aggregator", Reply("", tool_calls=[("Note", {"name": "x", "note": None})]))

    assert await worn(loopback).with_structured_output(Note).ainvoke("?") == {"name": "x", "note": None}


WRONG_BAGS: dict[str, tuple[dict[str, Any], Any]] = {
    "a reference": ({"$ref": "#/$defs/b", "$defs": {"b": {"type": "object", "required": ["a"]}}}, {"zz": "wrong"}),
    "a choice": ({"anyOf": [{"type": "object", "required": ["a"]}]}, {"zz": "wrong"}),
    "a map": ({"type": "object", "additionalProperties": {"type": "integer"}}, {"zz": "wrong"}),
    "null, too": ({"type": ["object", "null"], "required": ["a"]}, {"zz": "wrong"}),
    "no type": ({"properties": {"a": {"type": "integer"}}}, [1]),
    "null": ({"type": ["object", "null"], "properties": {}}, None),
}


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
@pytest.mark.parametrize("name", WRONG_BAGS)
def test_what_stands_anywhere_in_a_schema_is_told_and_checked(name: str, method: Any) -> None:
    schema, wrong = WRONG_BAGS[name]
    form = make_form({"title": "bag", **schema}, method=method, strict=None)
    call = {"name": "bag", "args": wrong, "id": "1", "type": "tool_call"}
    is_call = method == "function_calling" and isinstance(wrong, dict)
    answer = AIMessage("", tool_calls=[call]) if is_call else AIMessage(json.dumps(wrong))

    assert problem_with(form, answer)
    assert form.schema["type"] == "object"
    assert form.schema.keys() >= {*schema} - {"$ref"}


BAG = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@each(
    "wrapper",
    [
        {"name": "bag", "schema": BAG, "strict": True},
        {"type": "json_schema", "json_schema": {"name": "bag", "schema": BAG, "strict": True}},
        {"type": "json_schema", "name": "bag", "schema": BAG},
        {"name": "bag", **BAG},
        {"title": "bag", "name": "Bag", **BAG},
    ],
)
def test_a_name_beside_a_schema_hides_nothing_of_it(wrapper: Any) -> None:
    form = make_form(wrapper, method="function_calling", strict=None)

    assert (form.name, form.schema) == ("bag", BAG)
    assert form.tool["function"].get("strict") == ("strict" in str(wrapper) or None)


PAIR = [{"type": "integer"}, {"type": "string"}]
DIALECTS = {
    "http://json-schema.org/draft-04/schema#": {"minimum": 1, "exclusiveMinimum": True},
    "http://json-schema.org/draft-06/schema#": {"items": PAIR, "contains": {"const": 1}},
    "http://json-schema.org/draft-07/schema#": {"items": PAIR, "additionalItems": False},
    "https://json-schema.org/draft/2019-09/schema": {"items": PAIR, "unevaluatedItems": False},
    "https://json-schema.org/draft/2020-12/schema": {"prefixItems": PAIR},
}
"""Each with what others of them refuse, or do not know."""


@each("dialect", DIALECTS)
def test_each_dialect_is_read_and_checked_as_itself_and_not_told(dialect: Any) -> None:
    whole = {"title": "bag", "$schema": dialect, "type": "object", "properties": {"a": DIALECTS[dialect]}}
    form = make_form(whole, method="json_schema", strict=None)

    assert problem_with(form, AIMessage(json.dumps({"a": 1 if "04" in dialect else ["x", 2]})))
    assert problem_with(form, AIMessage(json.dumps({"a": 2 if "04" in dialect else [1, "x"]}))) is None
    assert "$schema" not in form.schema  # Google's API refuses the key


def test_a_reference_that_leads_nowhere_is_refused_before_anything_is_paid() -> None:
    model = ChatMoA(create_moa(proposers=["offline:words"], aggregator="offline:words"))
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}}

    for refuse in (
        lambda: model.with_structured_output({"title": "x", **schema}),
        lambda: model.bind_tools([{"name": "x", "parameters": schema}], tool_choice="x"),
    ):
        with pytest.raises(ConfigError, match="which it does not hold"):
            refuse()


async def test_the_error_says_why_in_a_field_and_not_where_to_read_on(loopback: Loopback) -> None:
    loopback.say("aggregator", "I would rather not")

    with pytest.raises(UnfitAnswer) as refused:
        await worn(loopback).with_structured_output(Trip).ainvoke("A trip?")

    for error in (refused.value, pickle.loads(pickle.dumps(refused.value))):
        assert (str(error), error.form) == (f"no answer fits 'Trip': {error.reason}", "Trip")
        assert error.reason.startswith("aggregator aggregator: invalid (found text")
        assert "troubleshooting" not in str(error)


async def test_answers_are_checked_beside_the_loop(loopback: Loopback) -> None:
    threads = set[int]()

    class Slow(BaseModel):
        """A trip."""

        @field_validator("*")
        @classmethod
        def seen(cls, value: str) -> str:
            threads.add(threading.get_ident())
            return value

        city: str

    loopback.say("aggregator", Reply("", tool_calls=[("Slow", {"city": "Rome"})]))

    await worn(loopback).with_structured_output(Slow).ainvoke("A trip?")

    assert threads
    assert threading.get_ident() not in threads


class Tree(BaseModel):
    """A tree."""

    name: str
    branches: list["Tree"] = []


class Rated(TypedDict):
    """A joke."""

    setup: Annotated[str, ..., "the setup"]
    rating: Annotated[int | None, None, "how good"]


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        (Tree, {"name": "oak", "branches": [{"name": "twig"}]}),
        (Rated, {"setup": "s"}),
        (RootModel[dict[str, int]], {"a": 1}),
        ({"title": "Bag", "type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}),
        ({"title": "Untyped", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
    ],
)
async def test_whatever_langchain_takes_as_an_object_is_taken(loopback: Loopback, schema: Any, given: Any) -> None:
    loopback.say("aggregator", lambda body: Reply("", tool_calls=[(body["tools"][0]["function"]["name"], given)]))

    found = await worn(loopback).with_structured_output(schema, method="function_calling").ainvoke("?")

    kept = found.model_dump(exclude_unset=True) if isinstance(found, BaseModel) else found
    assert kept == given
    assert len(loopback.asked("aggregator")) == 1
