"""Schemas of strangers."""

from typing import Any

import pytest
from langgraph_moa.apps.serve.refusals import Refusal
from langgraph_moa.apps.serve.schemas import harmless

INSIDE: Any = {"type": "object", "$defs": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/x"}}}


def test_a_schema_stays_as_it_is() -> None:
    assert harmless(INSIDE, "s", checked=True) == (INSIDE, False)


def test_regular_expressions_are_not_checked_with_but_names_stay() -> None:
    schema: Any = {
        "$id": "http://x/",
        "properties": {"pattern": {"type": "string", "pattern": "(a+)+$"}, "$ref": {"const": {"pattern": 1}}},
        "patternProperties": {"(a+)+$": {}},
        "anyOf": [{"pattern": "x"}],
    }

    assert harmless(schema, "s", checked=False) == (
        {
            "properties": {"pattern": {"type": "string"}, "$ref": {"const": {"pattern": 1}}},
            "anyOf": [{}],
        },
        True,
    )


@pytest.mark.parametrize("away", ["http://127.0.0.1/x", "file:///etc/passwd", "other.json#/x", ""])
@pytest.mark.parametrize("key", ["$ref", "$dynamicRef"])
def test_nothing_is_fetched(key: str, away: str) -> None:
    with pytest.raises(Refusal, match="to another document"):
        harmless({"properties": {"a": {"items": [{key: away}]}}}, "s", checked=False)


def test_a_schema_is_not_nested_for_ever() -> None:
    schema: Any = {}
    for _ in range(2000):
        schema = {"not": schema}
    with pytest.raises(Refusal, match="more than 60 levels"):
        harmless(schema, "s", checked=False)


BY_WAY_OF_VALUES: dict[str, Any] = {
    "an expression": {"properties": {"a": {"$ref": "#/examples/0"}}, "examples": [{"pattern": "^(a+)+$"}]},
    "a file": {"properties": {"a": {"$ref": "#/default"}}, "default": {"$ref": "file:///etc/passwd"}},
    "an address": {"properties": {"a": {"$ref": "#/const"}}, "const": {"$ref": "http://127.0.0.1:1/x"}},
    "an anchor": {"properties": {"a": {"$ref": "#x"}}, "$defs": {"x": {"$anchor": "x"}}},
}


@pytest.mark.parametrize("name", BY_WAY_OF_VALUES)
def test_nothing_comes_back_by_a_way_around(name: str) -> None:
    with pytest.raises(Refusal, match=r"found \$ref to '#") as refused:
        harmless(BY_WAY_OF_VALUES[name], "s", checked=True)
    assert (refused.value.status, refused.value.param) == (400, "s")
