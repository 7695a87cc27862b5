"""`batch --schema` makes every row an object, and refuses what is no schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer
from batches import PANEL, Files
from commands import Run
from langchain_core.messages import AIMessage
from langgraph_moa import ConfigError, create_moa, read_interchange
from langgraph_moa.apps.batch.schema_file import read_schema
from langgraph_moa.evaluation.batch.structured_rows import form_of_schema
from langgraph_moa.nodes.prompting.request import problem_with
from loopback import Loopback, Reply
from tables import each

SCHEMA = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}


def test_objects_are_in_the_rows_and_in_tables(run: Run, files: Files, loopback: Loopback, tmp_path: Path) -> None:
    files.questions.write_text('{"question": "2 + 2?"}\n')
    (tmp_path / "my sum.json").write_text(json.dumps(SCHEMA))
    loopback.say("m", Reply(tool_calls=[("my_sum", {"sum": 4})]))
    options = ["--proposer", "m", "--layers", "1", "--base-url", loopback.url, "--no-settings"]

    done = run(
        "batch", str(files.questions), str(tmp_path / "o.csv"), *options, "--schema", str(tmp_path / "my sum.json")
    )

    (row,) = read_interchange(tmp_path / "o.csv")
    assert (done.code, row["object"]) == (0, {"sum": 4})


def test_objects_come_in_batches_and_are_asked_for_once_more(
    run: Run, files: Files, batches: BatchServer, tmp_path: Path
) -> None:
    files.ask(2)
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    replies = iter(["no object", '{"sum": 1}', '{"sum": 2}'])
    batches.say("last", lambda body: Reply(next(replies)))
    flags = [*PANEL, "--schema", str(tmp_path / "s.json"), "--provider-batch", "--batch-poll", "0.001"]

    done = run(*files.command(batches, *flags))

    assert (done.code, done.out.partition(";")[0]) == (0, "2 questions: 2 answered")
    assert sorted(row["object"]["sum"] for row in files.whole_rows()) == [1, 2]
    assert sorted(row["cost"]["calls"] for row in files.whole_rows()) == [4, 5]
    assert (len(batches.batches), len(batches.billed_requests), batches.requests) == (5, 9, [])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "s.json cannot be read: "),
        ("{", "found no JSON in .*s.json"),
        ("[1]", "found list in .*s.json, expected a JSON Schema, an object"),
        ("[" * 100_000, "found no JSON in"),
        (
            '{"properties": {"a": {"$ref": "file:///etc/passwd"}}}',
            "s.json: found [$]ref to 'file:///etc/passwd' in a sch",
        ),
        ('{"properties": {"a": {"type": "whole"}}}', "s.json: found a schema that is none: 'whole'"),
        (
            '{"type": "array"}',
            "s.json: found a schema of no object .its type is 'array'., expected an object at its",
        ),
        ('{"name": "x", "schema": {"const": 1}}', "s.json: found a schema of no object .its 'const' has none."),
    ],
)
def test_what_is_no_schema_is_told(content: str | None, told: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "s.json").write_text(content)

    with pytest.raises(ConfigError, match=told):
        read_schema(tmp_path / "s.json")


def test_a_title_that_is_no_name_becomes_one(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({**SCHEMA, "title": "My sum, written"}))

    assert read_schema(tmp_path / "s.json")["name"] == "My_sum__written"


@each(
    "dialect, part, fits",
    [
        ("http://json-schema.org/draft-04/schema#", {"minimum": 1, "exclusiveMinimum": True}, [2, 1]),
        ("http://json-schema.org/draft-06/schema#", {"items": [{"type": "null"}]}, [[None], [1]]),
        ("http://json-schema.org/draft-07/schema#", {"dependencies": {"x": ["y"]}}, [{"x": 1, "y": 1}, {"x": 1}]),
        ("https://json-schema.org/draft/2019-09/schema", {"items": [{"type": "null"}]}, [[None], [1]]),
        ("https://json-schema.org/draft/2020-12/schema", {"prefixItems": [{"type": "null"}]}, [[None], [1]]),
    ],
)
def test_a_batch_checks_in_the_file_s_own_dialect(dialect: Any, part: Any, fits: Any, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"$schema": dialect, "properties": {"a": part}}))
    moa = create_moa(proposers=["offline:words"], aggregator="offline:words")

    form = form_of_schema(moa, read_schema(tmp_path / "s.json"))

    problems = [problem_with(form, AIMessage(json.dumps({"a": value}))) for value in fits]
    assert [problem is None for problem in problems] == [True, False]


@each("wrapped", [{"schema": SCHEMA}, {"schema": SCHEMA, "strict": True, "description": "A sum."}])
def test_what_openai_s_response_format_holds_is_read(wrapped: Any, tmp_path: Path) -> None:
    for whole in ({"name": "sum", **wrapped}, {"type": "json_schema", "json_schema": {"name": "sum", **wrapped}}):
        (tmp_path / "s.json").write_text(json.dumps(whole))

        more = {key: value for key, value in wrapped.items() if key != "schema"}
        assert read_schema(tmp_path / "s.json") == {"name": "sum", "parameters": SCHEMA, **more}


def test_it_goes_with_no_benchmark(run: Run, files: Files, tmp_path: Path) -> None:
    files.questions.write_text("[]")
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))

    done = run(
        "batch",
        str(files.questions),
        str(tmp_path / "o.json"),
        "--format",
        "alpaca_eval",
        "--schema",
        str(tmp_path / "s.json"),
    )

    assert "found --schema with --format alpaca_eval" in done.err
