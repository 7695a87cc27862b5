"""`batch --schema` makes every row an object, and refuses what is no schema."""

import json
from pathlib import Path

import pytest
from batches import Files
from commands import Run
from langgraph_moa import ConfigError, read_interchange
from langgraph_moa.apps.batch.schema_file import read_schema
from loopback import Loopback, Reply

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
        ('{"type": "array"}', "s.json: found a schema of 'array', expected an object at its top"),
    ],
)
def test_what_is_no_schema_is_told(content: str | None, told: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "s.json").write_text(content)

    with pytest.raises(ConfigError, match=told):
        read_schema(tmp_path / "s.json")


def test_a_title_that_is_no_name_becomes_one(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({**SCHEMA, "title": "My sum, written"}))

    assert read_schema(tmp_path / "s.json")["title"] == "My_sum__written"


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
