"""A tool's arguments come from the question."""

from typing import Any

import pytest
from langgraph_moa.core.offline.model import OfflineModel
from offline_tools import Forecast, called, schema


@pytest.mark.parametrize(
    ("question", "tool", "expected"),
    [
        ("Look up tickets", schema(), {}),
        ("Look up the open tickets", schema(state={"enum": ["closed", "Open"]}), {"state": "Open"}),
        ("Look up opening tickets", schema(state={"enum": ["closed", "open"]}), None),
        ("Look up tickets 3 and 4.5", schema(n={"type": "integer"}, x={"type": "number"}), {"n": 3, "x": 4.5}),
        ("Look up tickets", schema(n={"type": "integer"}), None),
        ("Look up tickets", schema(n={"type": "null"}), {"n": None}),
        ("Look up tickets", schema(["x"], x={"type": "boolean"}, y={"type": "boolean"}), {"x": True}),
        ("Look up tickets", schema(kind={"const": "ticket"}), {"kind": "ticket"}),
        ("Look up tickets of “Ann Lee”, now", schema(who={"type": "string"}), {"who": "Ann Lee"}),
        ("Look up tickets of Ann Lee, as 'late'", schema(a={}, b={}), {"a": "late", "b": "Ann Lee"}),
        ("Look up tickets", schema(who={"type": "string"}), {"who": "tickets"}),
        ("Look it up!", schema(who={"type": "string"}), {"who": "Look it up!"}),
        ("I'd like the tickets of who?", schema(who={"type": "string"}), {"who": "tickets"}),
        ("Look up 3 tickets of Ann", schema(who={"type": "string"}, n={"type": "integer"}), {"who": "Ann", "n": 3}),
        ("Look up open tickets of Ann", schema(["who"], who={}, is_={"enum": ["open"]}), {"who": "Ann", "is_": "open"}),
        ("Look up tickets of Ann", schema(["who"], who={}, n={"type": "integer"}), {"who": "Ann"}),
        ("Look up tickets 3, -4", schema(n={"type": "array", "items": {"type": "integer"}}), {"n": [3, -4]}),
        ("Look up tickets of Ann Lee and Bob", schema(who={"type": "array"}), {"who": ["Ann Lee", "Bob"]}),
        ("Look up tickets", schema(n={"type": "array", "items": {"type": "integer"}}), None),
        (
            "Look up tickets in red or blue",
            schema(c={"type": "array", "items": {"enum": ["red", "green", "blue"]}}),
            {"c": ["red", "blue"]},
        ),
        (
            "Look up tickets of Ann, 7",
            schema(by={"properties": {"who": {"type": "string"}, "n": {"type": "integer"}}, "required": ["n", "who"]}),
            {"by": {"who": "Ann", "n": 7}},
        ),
        ("Look up ticket 7", schema(n={"anyOf": [{"type": "null"}, {"type": "integer"}]}), {"n": 7}),
        ("Look up ticket 7", schema(n={"type": ["null", "integer"]}), {"n": 7}),
        ("Look up ticket 123456789012345678901234567890", schema(n={"type": "integer"}), None),
    ],
)
def test_arguments_come_from_the_question(question: str, tool: Any, expected: dict[str, Any] | None) -> None:
    assert called(question, tool) == ([] if expected is None else [("look_up", expected)])


def test_definitions_are_followed_and_what_contains_itself_ends() -> None:
    node = {"type": "object", "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}}}
    node["required"] = ["n", "next"]
    once = schema(n={"$ref": "#/$defs/Number"})
    once["parameters"]["$defs"] = {"Number": {"type": "integer"}}
    endless = schema(node={"$ref": "#/$defs/Node"})
    endless["parameters"]["$defs"] = {"Node": node}

    assert called("Look up ticket 7", once) == [("look_up", {"n": 7})]
    assert called("Look up ticket 7", endless) == []
    assert called("Look up ticket 7", endless, choice="any")[0][1]["node"]["n"] == 7


def test_a_schema_is_filled_as_structured_output() -> None:
    model = OfflineModel.of("words").with_structured_output(Forecast)

    assert model.invoke("The weather in Rome for 3 days") == Forecast(city="Rome", days=3)
