"""Rows of a batch with a schema hold objects that fit, or say why there is none."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import Budget, ConfigError, abatch, create_moa, create_vote
from langgraph_moa.evaluation.batch.one_question import bound_of
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.batch.structured_rows import Formed, form_of_schema
from loopback import Loopback, Reply
from pydantic import BaseModel

SCHEMA = {
    "title": "Sum",
    "type": "object",
    "properties": {"sum": {"type": "integer", "minimum": 0}},
    "required": ["sum"],
    "additionalProperties": False,
}
GOOD, BAD = Reply(tool_calls=[("Sum", {"sum": 4})]), Reply(tool_calls=[("Sum", {"sum": -4})])


def mixture(server: Loopback, **options: Any) -> Any:
    return create_moa(proposers=["a", "b"], aggregator="last", resolve=server.resolve, **options)


def rows(server: Loopback, out: Path, **options: Any) -> list[dict[str, Any]]:
    given = {"schema": SCHEMA, **options}
    asyncio.run(abatch(given.pop("moa", None) or mixture(server), ["2 + 2?"], out, **given))
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_an_object_that_fits_is_in_the_row(loopback: Loopback, tmp_path: Path) -> None:
    loopback.say("last", GOOD)

    (row,) = rows(loopback, tmp_path / "rows")

    assert (row["object"], json.loads(row["answer"]), row["error"]) == ({"sum": 4}, {"sum": 4}, None)
    assert [bool(request.body.get("tools")) for request in loopback.requests] == [False, False, True]


def test_one_that_does_not_fit_is_asked_for_once_more(loopback: Loopback, tmp_path: Path) -> None:
    replies = iter([BAD, GOOD])
    loopback.say("last", lambda body: next(replies))

    (row,) = rows(loopback, tmp_path / "rows")

    assert (row["object"], row["cost"]["calls"]) == ({"sum": 4}, 4)
    assert "minimum" in loopback.asked("last")[1].prompt


def test_none_that_fits_is_an_error_that_says_why_and_what_it_cost(loopback: Loopback, tmp_path: Path) -> None:
    loopback.say("last", BAD)

    (row,) = rows(loopback, tmp_path / "rows")

    assert (row["answer"], row["run"], "object" in row) == (None, None, False)
    assert row["error"].startswith("no answer fits 'Sum': aggregator last: invalid")
    assert "troubleshooting" not in row["error"]
    assert row["cost"]["calls"] == 4
    loopback.say("last", GOOD)
    again = rows(loopback, tmp_path / "rows", retry_errors=True)
    assert [(one["object"], one["error"]) for one in again] == [({"sum": 4}, None)]


@pytest.mark.parametrize(
    ("schema", "by_call"),
    [
        ({"$ref": "#/$defs/Sum", "$defs": {"Sum": SCHEMA}}, True),
        ({"anyOf": [SCHEMA]}, False),
        ({"type": ["object", "null"], "required": ["sum"], "additionalProperties": {"minimum": 0}}, True),
    ],
)
def test_a_schema_without_properties_at_its_top_is_told_and_checked(
    schema: Any, by_call: bool, loopback: Loopback, tmp_path: Path
) -> None:
    wrong, right = ({"zz": "wrong"}, {"sum": 4})
    replies = iter([Reply(tool_calls=[("Row", it)]) if by_call else Reply(json.dumps(it)) for it in (wrong, right)])
    loopback.say("last", lambda body: next(replies))

    (row,) = rows(loopback, tmp_path / "rows", schema=schema)

    assert (row["object"], row["cost"]["calls"]) == ({"sum": 4}, 4)
    first = loopback.asked("last")[0].body
    assert bool(first.get("tools")) == by_call
    assert '"sum"' in json.dumps(first["tools"][0]["function"]["parameters"] if by_call else first).replace("\\", "")


def test_a_budget_of_a_run_bounds_being_asked_again(loopback: Loopback, tmp_path: Path) -> None:
    loopback.say("last", BAD)

    (row,) = rows(loopback, tmp_path / "rows", moa=mixture(loopback, budget=Budget(calls=3)))

    assert row["cost"]["calls"] == 3
    assert row["object" if row["error"] is None else "error"]


def test_a_pydantic_class_does_too(loopback: Loopback, tmp_path: Path) -> None:
    class Sum(BaseModel):
        sum: int

    loopback.say("last", GOOD)

    assert rows(loopback, tmp_path / "rows", schema=Sum)[0]["object"] == {"sum": 4}


def test_rows_of_another_schema_are_not_gone_on_with(loopback: Loopback, tmp_path: Path) -> None:
    loopback.say("last", GOOD)
    rows(loopback, tmp_path / "rows")
    asked = len(loopback.requests)

    assert rows(loopback, tmp_path / "rows")[0]["object"] == {"sum": 4}
    assert len(loopback.requests) == asked
    other = {**SCHEMA, "properties": {"sum": {"type": "string"}}}
    with pytest.raises(ConfigError, match=r"found a row whose object does not fit the schema in line 1 of"):
        rows(loopback, tmp_path / "rows", schema=other)
    asyncio.run(abatch(mixture(loopback), ["2 + 2?"], tmp_path / "texts"))
    with pytest.raises(ConfigError, match=r"does not fit the schema in line 1 of .* .it has none"):
        rows(loopback, tmp_path / "texts")


def test_a_bound_holds_with_being_asked_again(loopback: Loopback) -> None:
    moa = mixture(loopback, max_tokens=50)
    question = Question(id="q", messages=[{"role": "user", "content": "2 + 2?"}])

    (formed,) = Formed([question], form_of_schema(moa, SCHEMA))

    assert (bound_of(moa, question)["calls"], bound_of(moa, formed)["calls"]) == (3, 4)
    assert (bound_of(moa, formed)["tokens"] or 0) > 1.5 * (bound_of(moa, question)["tokens"] or 0)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "array", "items": {}}, "expected an object at its top"),
        ({"type": "object", "properties": {"x": {"type": "whole"}}}, "found a schema that is none"),
        ({"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}}, "which it does not hold"),
        (7, "as the schema, expected a class, a function or a JSON Schema"),
    ],
)
def test_what_is_no_schema_is_refused_before_anything_is_asked(
    schema: Any, told: str, loopback: Loopback, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=told):
        rows(loopback, tmp_path / "rows", schema=schema)
    assert loopback.requests == []


def test_a_mixture_that_writes_nothing_is_refused(loopback: Loopback, tmp_path: Path) -> None:
    vote = create_vote(proposers=["a", "b", "c"], resolve=loopback.resolve)

    with pytest.raises(ConfigError, match="expected an aggregator that can write"):
        rows(loopback, tmp_path / "rows", moa=vote)
