"""Schemas of strangers fetch nothing and keep nobody busy, and what cannot be checked with is refused at once."""

import json
import pickle
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.json_schemas import SchemaCheck
from tables import each


def holds(a: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": a}, **more}


def to(place: str) -> dict[str, Any]:
    return {"$ref": place}


def in_turn(length: int, times: int) -> dict[str, Any]:
    """Return a schema that refers to the one before it, and so on."""
    first: dict[str, Any] = {"d0": {"type": "string"}}
    defs = first | {f"d{n}": {"allOf": [to(f"#/$defs/d{n - 1}")] * times} for n in range(1, length)}
    return holds(to(f"#/$defs/d{length - 1}"), **{"$defs": defs})


def nested(depth: int, key: str = "a") -> Any:
    innermost: Any = {}
    return reduce(lambda value, _: {key: value}, range(depth), innermost)


SEVENTH = "http://json-schema.org/draft-07/schema#"
AWAY = to("http://127.0.0.1:1/x")
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "away": (holds(AWAY), "which it does not hold"),
    "nowhere": (holds(to("#/$defs/x")), "which it does not hold"),
    "no anchor": (holds(to("#x")), "which it does not hold"),
    "no address": (holds(to("http://[")), "which it does not hold"),
    "into a word": (holds(to("#/type/x")), "which it does not hold"),
    "default": (holds(to("#/default"), default=AWAY), "where no schema is"),
    "const": (holds(to("#/const"), const={"pattern": "(a+)+$"}), "where no schema is"),
    "enum": (holds(to("#/enum/0"), enum=[{}]), "where no schema is"),
    "examples": (holds(to("#/examples/0"), examples=[{"pattern": "(a+)+$"}]), "where no schema is"),
    "by a way around": (holds(to("#/$defs/b"), **{"$defs": {"b": to("#/default")}, "default": {}}), "no schema is"),
    "names": (holds(to("#/properties")), "where no schema is"),
    "what nobody checked": (holds(to("#/x"), x={"type": "objekt"}), "found a schema that is none"),
    "away from there": (holds(to("#/x"), x={"not": AWAY}), "which it does not hold"),
    "itself": (to("#"), "without end"),
    "each other": (holds(to("#/$defs/b"), **{"$defs": {"b": to("#/$defs/c"), "c": to("#/$defs/b")}}), "without end"),
    "multiplied": (in_turn(17, 2), "more than 10000 schemas"),
    "in a row": (in_turn(200, 1), "more than 60 in a row"),
    "deep": (nested(2000, "not"), "more than 60 levels"),
    "large": ({"enum": [*range(30_000)]}, "more than 20000 values"),
    "none": (holds({"type": "whole"}), "found a schema that is none: 'whole'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_checked_with_is_refused_in_a_line(name: str) -> None:
    schema, expected = REFUSED[name]

    with pytest.raises(ConfigError, match=expected) as refused:
        SchemaCheck(schema)
    assert "\n" not in str(refused.value)
    assert "(a+)+" not in str(refused.value)


LEAF = {"type": "object", "required": ["x"]}
TREE = {"type": "object", "properties": {"of": {"type": "array", "items": to("#/$defs/tree")}}, "required": ["of"]}
CHECKED: dict[str, tuple[dict[str, Any], Any, str | None]] = {
    "itself in itself": ({**to("#/$defs/tree"), "$defs": {"tree": TREE}}, {"of": [{"of": []}, {}]}, "$.of[1]"),
    "an anchor": (holds(to("#x"), **{"$defs": {"x": {"$anchor": "x", "type": "null"}}}), {"a": 1}, "$.a"),
    "another room": (holds(to("#/x/y"), x={"y": {"type": "null"}}), {"a": 1}, "$.a"),
    "an id": ({"$id": "http://x/y", **to("y#/$defs/z"), "$defs": {"z": holds({"type": "null"})}}, {"a": 1}, "$.a"),
    "nobody comes there": (holds({}, x=AWAY, **{"$defs": {"x": to("#x")}}), {"a": 1}, None),
    "a dialect": ({"$schema": SEVENTH, **holds({"items": [{"type": "null"}]})}, {"a": [1]}, "$.a[0]"),
    "a dialect's names": ({"$schema": SEVENTH, **holds({"dependencies": {"a": ["b"]}})}, {"a": {"a": 1}}, "$.a"),
    "the same twice": (holds({"uniqueItems": True}), {"a": [[1, {"b": 2}], [1.0, {"b": 2}]]}, "found items"),
    "one and true": (holds({"uniqueItems": True}), {"a": [1, True, "1"]}, None),
    "many": (holds({"uniqueItems": True}), {"a": [{"b": n} for n in range(5_000)]}, None),
    "usual": (holds({"items": holds({"type": "string", "minLength": 1})}), {"a": [{"a": "x"}] * 5_000}, None),
    "wrong all over": (holds({"items": {"type": "null"}}), {"a": ["x" * 100] * 5_000}, "is not of type 'null'"),
}


@pytest.mark.parametrize("name", CHECKED)
def test_values_are_checked(name: str) -> None:
    schema, value, expected = CHECKED[name]

    problem = SchemaCheck(schema).problem(value)

    assert (problem is None) if expected is None else expected in str(problem)


def test_a_check_travels_as_its_schema_and_is_made_once_where_it_arrives() -> None:
    check = SchemaCheck({"$schema": SEVENTH, **holds({"items": [{"type": "null"}]})})

    one, other = (pickle.loads(pickle.dumps(check)) for _ in range(2))

    assert one is other
    assert "$.a[0]" in str(one.problem({"a": [1]}))


def test_a_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps({"password": "hunter2"}))
    away = to(f"{(tmp_path / 'secret.json').as_uri()}#/nope")

    for schema in (holds(away), holds(to("#/default"), default=away)):
        with pytest.raises(ConfigError) as refused:
            SchemaCheck(schema)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, {"type": "object"}),
        ({"$schema": SEVENTH, "type": ["null", "object"]}, {"type": "object"}),
        ({**to("#/definitions/t"), "definitions": {"t": LEAF}}, {**LEAF, "definitions": {"t": LEAF}}),
        ({**to("#/$defs/t"), "required": ["y"]}, None),
        ({"anyOf": [LEAF]}, {"anyOf": [LEAF], "type": "object"}),
    ],
)
def test_an_object_stands_at_the_top(schema: dict[str, Any], expected: dict[str, Any] | None) -> None:
    schema = schema if expected else {**schema, "$defs": {"t": LEAF}}

    assert SchemaCheck(schema).as_object == (expected or {**schema, "type": "object"})


TEXT, LIST = {"type": "string"}, {"type": ["array", "null"]}


@each(
    "schema, why",
    [
        ({"type": "array"}, "its type is 'array'"),
        (LIST, r"its type is \['array', 'null'\]"),
        ({"enum": ["a", 1]}, "its 'enum' has none"),
        ({"const": None}, "its 'const' has none"),
        ({"anyOf": [TEXT, LIST]}, "nothing in its 'anyOf' is one"),
        ({"oneOf": [{"enum": ["a"]}, False]}, "nothing in its 'oneOf' is one"),
        ({"allOf": [LEAF, TEXT]}, "its type is 'string'"),
        ({**to("#/$defs/t"), "$defs": {"t": {"anyOf": [to("#/$defs/u")]}, "u": TEXT}}, "nothing in its 'anyOf' is one"),
        ({"$schema": SEVENTH, **to("#/definitions/t"), "definitions": {"t": LIST}}, "its type is "),
    ],
)
def test_what_no_object_fits_is_refused(schema: Any, why: Any) -> None:
    with pytest.raises(ConfigError, match=rf"a schema of no object \({why}.*\), expected an object at its top; put it"):
        _ = SchemaCheck(schema).as_object


@each(
    "schema",
    [
        {"anyOf": [TEXT, LEAF]},
        {"enum": ["a", {"x": 1}]},
        {"allOf": [{"not": TEXT}]},
        {"oneOf": [to("#/$defs/t")], "$defs": {"t": {}}},
        {"$schema": SEVENTH.replace("07", "04"), "definitions": {"t": TEXT}, "properties": {"a": to("#")}},
    ],
)
def test_what_an_object_may_fit_is_none_of_these(schema: Any) -> None:
    assert SchemaCheck(schema).as_object["type"] == "object"
