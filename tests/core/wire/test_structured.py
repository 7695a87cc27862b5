"""A form is asked for in three ways, and an answer that keeps to it becomes an object."""

import json
from typing import Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langgraph_moa.core.wire.structured import form_options, reading, tool_options
from pydantic import BaseModel


class Person(BaseModel):
    """Somebody."""

    name: str


ANN = AIMessage('{"name": "Ann"}')
CALLED = AIMessage("", tool_calls=[{"name": "Person", "args": {"name": "Ann"}, "id": "i"}])


@pytest.mark.parametrize(("schema", "strict"), [(Person, True), (Person.model_json_schema(), False)])
def test_a_class_is_held_to_its_schema(schema: Any, *, strict: bool) -> None:
    form = form_options(schema, "json_schema", strict=None)["response_format"]["json_schema"]

    assert (form["name"], form["strict"]) == ("Person", strict)
    assert form["schema"]["required"] == ["name"]
    assert form["schema"].get("additionalProperties") is (False if strict else None)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "object"}}},
        {"anyOf": [{"type": "object"}]},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": ["object", "null"], "properties": {}},
    ],
)
def test_a_schema_is_told_without_properties_too(schema: Any) -> None:
    titled = {"title": "Bag", "description": "A bag.", **schema}

    (tool,) = tool_options([titled], None, strict=None)["tools"]
    form = form_options(titled, "json_schema", strict=None)["response_format"]["json_schema"]

    assert tool["function"] == {"name": "Bag", "description": "A bag.", "parameters": schema}
    assert form["schema"] == schema


def test_a_whole_response_format_is_sent_as_it_is() -> None:
    whole = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}

    assert form_options(whole, "json_schema", strict=None) == {"response_format": whole}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        (False, None),
        (True, "required"),
        ("any", "required"),
        ("auto", "auto"),
        ("none", "none"),
        ("Person", {"type": "function", "function": {"name": "Person"}}),
    ],
)
def test_a_choice_of_tools_is_sent_in_the_apis_words(choice: Any, sent: Any) -> None:
    assert tool_options([Person], choice, strict=None).get("tool_choice") == sent


@pytest.mark.parametrize("way", ["function_calling", "json_schema", "json_mode"])
@pytest.mark.parametrize(
    ("schema", "parsed"), [(Person, Person(name="Ann")), (Person.model_json_schema(), {"name": "Ann"})]
)
def test_an_answer_becomes_an_object(way: Any, schema: Any, parsed: Any) -> None:
    answer = CALLED if way == "function_calling" else ANN

    assert reading(schema, way, include_raw=False).invoke(answer) == parsed
    whole = reading(schema, way, include_raw=True).invoke(answer)
    assert whole == {"raw": answer, "parsed": parsed, "parsing_error": None}


def test_what_does_not_fit_is_raised_or_told() -> None:
    wrong = AIMessage(json.dumps({"age": 7}))

    with pytest.raises(OutputParserException):
        reading(Person, "json_schema", include_raw=False).invoke(wrong)
    assert isinstance(reading(Person, "json_schema", include_raw=True).invoke(wrong)["parsing_error"], Exception)
