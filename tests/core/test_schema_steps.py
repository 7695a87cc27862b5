"""A check that takes long ends, by its steps and not by the clock."""

from functools import reduce
from typing import Any

import pytest
from langgraph_moa.core import schema_steps
from langgraph_moa.core.json_schemas import SchemaCheck


def holds(a: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": a}, **more}


def to(place: str) -> dict[str, Any]:
    return {"$ref": place}


def nested(depth: int) -> Any:
    innermost: Any = {}
    return reduce(lambda value, _: {"a": value}, range(depth), innermost)


TWICE = {"x": {"properties": {"a": {"allOf": [to("#/$defs/x")] * 2}}}}
LONG: dict[str, tuple[dict[str, Any], Any, str]] = {
    "twice a level": (holds(to("#/$defs/x"), **{"$defs": TWICE}), nested(30), "more than 5000 steps"),
    "times its length": (holds({"allOf": [{"items": True}] * 100}), {"a": [1] * 1_000}, "more than 5000 steps"),
    "long errors": (holds({"anyOf": [{"type": "null"}] * 100}), {"a": "x" * 50_000}, "more than 5000 steps"),
    "deep": (holds(to("#")), nested(2_000), "nested too deeply"),
}


@pytest.mark.parametrize("name", LONG)
def test_a_check_that_takes_long_ends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_steps, "_MOST_STEPS", 5_000)
    schema, value, expected = LONG[name]

    assert expected in str(SchemaCheck(schema).problem(value))
