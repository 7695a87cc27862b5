"""Schemas of strangers."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from langgraph_moa.apps.serve.refusals import Refusal
from langgraph_moa.apps.serve.schemas import check_amount, harmless
from langgraph_moa.core.json_schemas import SchemaCheck

INSIDE: Any = {"type": "object", "$defs": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/x"}}}


def test_a_schema_stays_as_it_is() -> None:
    assert harmless(INSIDE, "s", checked=True) == (INSIDE, [])
    assert harmless({**INSIDE, "pattern": "x"}, "s", checked=False) == ({**INSIDE, "pattern": "x"}, [])


def test_regular_expressions_are_not_checked_with_but_names_stay() -> None:
    schema: Any = {
        "$id": "http://x/",
        "properties": {"pattern": {"type": "string", "pattern": "(a+)+$"}, "$ref": {"const": {"pattern": 1}}},
        "patternProperties": {"(a+)+$": {}},
        "anyOf": [{"pattern": "x"}],
    }

    assert harmless(schema, "s", checked=True) == (
        {
            "$id": "http://x/",
            "properties": {"pattern": {"type": "string"}, "$ref": {"const": {"pattern": 1}}},
            "anyOf": [{}],
        },
        ["pattern", "patternProperties"],
    )


EMPTY, BOTH = {"pattern": "^$"}, [{"type": "string", "pattern": "^u-"}, {"type": "string", "pattern": "^g-"}]
FITTING: dict[str, tuple[Any, Any]] = {
    "names by an expression, and no others": (
        {"patternProperties": {"^a": {}}, "additionalProperties": False}, {"a1": 1}
    ),
    "the same, and what is left over": (
        {"allOf": [{"patternProperties": {"^a": {}}}], "unevaluatedProperties": False}, {"a1": 1}
    ),
    "not": ({"not": EMPTY}, "x"),
    "not what is referred to": ({"not": {"$ref": "#/$defs/x"}, "$defs": {"x": EMPTY}}, "x"),
    "not, further inside": ({"not": {"allOf": [{"not": {"type": "string"}}, EMPTY]}}, "x"),
    "one of two": ({"oneOf": BOTH}, "u-1"),
    "one of two, beside some": ({"oneOf": BOTH, "anyOf": [{"minLength": 1}]}, "u-1"),
    "if": ({"if": EMPTY, "then": False, "else": {"minLength": 1}}, "x"),
    "contains": ({"contains": EMPTY, "maxContains": 1}, ["", "x"]),
    "items that are left over": ({"contains": EMPTY, "unevaluatedItems": False}, [""]),
    "what is left over after one of two": (
        {"oneOf": [{"properties": {"a": one}} for one in BOTH], "anyOf": [{}], "unevaluatedProperties": False},
        {"a": "u-1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_with_expressions_fits_without_them(name: str) -> None:
    schema, value = FITTING[name]
    Draft202012Validator(schema).validate(value)

    cleaned, lost = harmless(schema, "s", checked=True)

    assert SchemaCheck(cleaned).problem(value) is None
    assert lost


def test_what_holds_no_expression_is_kept_beside_one() -> None:
    schema: Any = {"not": {"const": 1}, "oneOf": [{"type": "string"}], "unevaluatedProperties": False, "pattern": "x"}

    cleaned, lost = harmless(schema, "s", checked=True)

    assert (cleaned, lost) == ({key: value for key, value in schema.items() if key != "pattern"}, ["pattern"])
    assert harmless({"oneOf": BOTH}, "s", checked=True) == (
        {"anyOf": [{"type": "string"}, {"type": "string"}]},
        ["oneOf", "pattern"],
    )


PAIR: Any = {"type": "array", "items": [{"type": "number"}, {"type": "string"}]}
NAMED: dict[str, Any] = {
    "a tuple as zod writes it": {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"p": PAIR}},
    "its own address": {
        "$id": "http://x/y",
        "properties": {"p": {"$ref": "http://x/y#/$defs/n"}},
        "$defs": {"n": {"maxItems": 0}},
    },
    "an anchor": {"properties": {"p": {"$ref": "#n"}}, "$defs": {"n": {"$anchor": "n", "maxItems": 0}}},
    "a part's address": {"properties": {"p": {"$ref": "n"}}, "$defs": {"n": {"$id": "n", "maxItems": 0}}},
    "itself": {"properties": {"p": {"$ref": ""}}, "type": "object"},
}


@pytest.mark.parametrize("name", NAMED)
def test_a_schema_may_say_what_it_is_and_refer_to_itself_by_any_name(name: str) -> None:
    cleaned, lost = harmless(NAMED[name], "s", checked=True)

    assert (cleaned, lost) == (NAMED[name], [])
    assert SchemaCheck(cleaned).problem({"p": ["x"]})


def test_no_part_has_a_language_of_its_own() -> None:
    schema: Any = {"properties": {"a": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "string"}}}

    assert harmless({**schema, "$schema": 4}, "s", checked=True)[0] == {"properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize("away", ["http://127.0.0.1/x", "file:///etc/passwd", "other.json#/x"])
@pytest.mark.parametrize("key", ["$ref", "$dynamicRef"])
@pytest.mark.parametrize("base", ["http://127.0.0.1/", ""])
def test_nothing_is_fetched(key: str, away: str, base: str) -> None:
    with pytest.raises(Refusal, match="which it does not hold"):
        harmless({"$id": base + "me", "properties": {"a": {"items": {key: away}}}}, "s", checked=True)


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
}


@pytest.mark.parametrize("name", BY_WAY_OF_VALUES)
def test_nothing_comes_back_by_a_way_around(name: str) -> None:
    with pytest.raises(Refusal, match=r"found \$ref to '#") as refused:
        harmless(BY_WAY_OF_VALUES[name], "s", checked=True)
    assert (refused.value.status, refused.value.param) == (400, "s")


def test_all_schemas_together_have_an_end() -> None:
    half: Any = {"enum": list(range(1_498))}

    check_amount([half, half], "s")
    with pytest.raises(
        Refusal, match=r"found 3,002 values in schemas that answers are to be checked with, expected 3,000"
    ):
        check_amount([half, half, {"a": 1}], "s")
    with pytest.raises(Refusal, match="found 4,704 values"):
        check_amount([{"enum": [{"a": number} for number in range(500)]}, {"enum": [[]] * 300}], "s")
