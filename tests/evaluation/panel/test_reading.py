"""What was recorded, read again."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.comparing.preparing import GRADES
from langgraph_moa.evaluation.panel.reading import read_panel
from recorded_panels import write_record

RUN: Any = {"mixture": "m", "calls": 2, "usage": {"total_tokens": 7}, "usd": None, "aggregators": []}


def row(
    id_: str, answer: str | None, *proposals: tuple[str, int, str | None], gold: str | None = "1"
) -> dict[str, Any]:
    return {
        "id": id_, "answer": answer, "run": None if answer is None else RUN, "error": None if answer else "no answer",
        "gold": gold, "seconds": 1.0, "cost": {"calls": 1, "tokens": 5, "usd": 0.5},
        "proposals": [
            {"layer": layer, "proposer": name, "sample": 1, "status": "ok", "text": text, "model": f"offline:{name}",
             "served_model": name, "tokens": 3, "usd": None, "seconds": 1.0}
            for name, layer, text in proposals
        ],
    }  # fmt: skip


def test_members_of_rows_are_the_proposers_of_the_first_layer(tmp_path: Path) -> None:
    rows = [row("q", "1", ("a", 1, "It is\n#### 1"), ("b", 1, "2"), ("a", 2, "3"))]

    recording = read_panel([write_record(tmp_path / "moa.jsonl", rows)])

    assert recording.names == ["a", "b"]
    assert recording.models == {"a": "offline:a", "b": "offline:b"}
    assert [each.mark for each in recording.rows[0].answers] == [1.0, 0.0]
    (made,) = recording.aggregated
    assert (made.system, made.mark, made.marks, made.tokens) == ("moa", 1.0, (1.0, 0.0), 5)


def test_files_of_single_models_are_members_on_the_questions_that_all_were_asked(tmp_path: Path) -> None:
    one = write_record(tmp_path / "one.jsonl", [row("p", "1", ("x", 1, "1")), row("q", None, ("x", 1, None))])
    other = write_record(tmp_path / "other.jsonl", [row("q", "1"), row("r", "1")])

    recording = read_panel([one, other])

    assert recording.names == ["one", "other"]
    assert recording.left_out == 2
    assert [[each.mark for each in entry.answers] for entry in recording.rows] == [[0.0, 1.0]]


def test_a_row_that_failed_leaves_its_mixture_what_it_is(tmp_path: Path) -> None:
    rows = [row("p", "1", ("a", 1, "1"), ("b", 1, "2")), row("q", None), row("r", "1", ("a", 1, "1"))]

    recording = read_panel([write_record(tmp_path / "moa.jsonl", rows)])

    assert (recording.names, len(recording.rows), recording.left_out) == (["a", "b"], 1, 2)


def test_files_of_one_name_are_told_apart_and_lines_without_ids_too(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        write_record(tmp_path / folder / "rows.jsonl", [row("q", "1")])
    records = [write_record(tmp_path / f"{n}.jsonl", [{"responses": {"a": n, "b": n}, "gold": n}]) for n in range(2)]

    assert read_panel([tmp_path / "x" / "rows.jsonl", tmp_path / "y" / "rows.jsonl"]).names == ["x/rows", "y/rows"]
    assert len(read_panel(records).rows) == 2


def test_repeats_count_once_and_what_mixtures_made_of_them_too(tmp_path: Path) -> None:
    rows = [row(id_, "1", ("a", 1, "1"), ("b", 1, "2")) for id_ in ("q", "q#2", "q#3")]

    recording = read_panel([write_record(tmp_path / "moa.jsonl", rows)])

    assert (len(recording.rows), recording.repeats, len(recording.aggregated)) == (1, 2, 1)


def test_a_record_may_leave_a_model_out(tmp_path: Path) -> None:
    rows = [{"responses": {"a": "1", "b": "1"}, "gold": 1}, {"responses": {"a": "1"}, "gold": 1}]

    recording = read_panel([write_record(tmp_path / "r.jsonl", rows)])

    assert [each.mark for each in recording.rows[1].answers] == [1.0, None]


def test_grades_beside_rows_count_where_there_is_no_gold(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_record(tmp_path / f"{name}.jsonl", [row("q", "An essay.", gold=None)])
    grades = [{"file": "a.jsonl", "id": "q", "score": 0.25}, {"file": "b.jsonl", "id": "q", "score": 1}]
    (tmp_path / GRADES).write_text("\n".join(map(json.dumps, grades)) + '\n{"file": "a.js')

    recording = read_panel([tmp_path])

    assert [each.mark for each in recording.rows[0].answers] == [0.25, 1.0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.text() | st.floats(), st.lists).map(
    lambda value: json.dumps({"responses": {"a": value, "b": {"text": value, "score": value}}, "id": value}).encode()
)))  # fmt: skip
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(content)

    with suppress(ConfigError):
        names = read_panel([file]).names
        assert len(names) >= 2


def test_other_questions_are_no_panel(tmp_path: Path) -> None:
    files = [write_record(tmp_path / f"{name}.jsonl", [row(name, "1")]) for name in ("a", "b")]

    with pytest.raises(ConfigError, match="no question that all of a, b were asked"):
        read_panel(files)
