"""The file of rows survives whatever ends the process that writes it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.batch.questions import Row
from langgraph_moa.evaluation.batch.rows import RowFile, cost_in

RUN: Any = {"mixture": "m", "calls": 2, "usage": {"total_tokens": 7}, "usd": None}


def row(name: str, answer: str | None = "ja – 是") -> Row:
    error = None if answer else "no answer"
    return Row(id=name, answer=answer, run=RUN if answer else None, error=error, gold=None, seconds=0.5)


def fill(file: RowFile, *rows: Row) -> bytes:
    for each in rows:
        file.append(each)
    file.close()
    return file.path.read_bytes()


def ids_in(file: RowFile) -> list[str]:
    return [found["id"] for _, found in file.rows()]


def test_cut_at_any_byte_it_keeps_the_whole_rows(file: RowFile) -> None:
    whole = fill(file, row("a"), row('b" \n'), row("c", None))
    ends = [n + 1 for n, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 3

    for length in range(len(whole) + 1):
        file.path.write_bytes(whole[:length])
        kept = [end for end in ends if end - 1 <= length]  # a row that lacks its end of line alone is whole

        assert len(ids_in(file)) == len(kept)
        file.open()
        file.close()

        assert file.path.read_bytes() == whole[: max(kept, default=0)]


STRANGE = [
    b"hello",
    b"{}\n",
    b'{"id": "a"}\n',
    b'{"id": 3, "answer": "x", "run": {}, "error": null, "gold": null, "seconds": 1}\n',
    b'{"id": "a", "answer": null, "run": null, "error": null, "gold": null, "seconds": 1}\n',
    b'{"id": "a", "answer": "x", "run": {}, "error": null, "gold": null, "seconds": 1}\n',
    b'{"question": "a"}\n',
    b"\n",
    b"\xff\xfe\n",
    b'{"id": "b7", "question": "precious"}',
    b'{"id": "b7", "question": "prec',
    b'{"id": "b7", "answer": "precious"}',
    b'{"id": "b7", "b',
]


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_row_is_refused_and_left_alone(file: RowFile, strange: bytes) -> None:
    content = fill(file, row("a")) + strange
    file.path.write_bytes(content)

    with pytest.raises(
        ConfigError, match=r"^found .* in line 2 of .*rows\.jsonl, expected .* a batch w.*; take the line out"
    ):
        ids_in(file)

    assert file.path.read_bytes() == content


@pytest.mark.parametrize("strange", STRANGE)
def test_a_file_that_is_another_programs_is_left_alone(file: RowFile, strange: bytes) -> None:
    file.path.write_bytes(strange)

    with pytest.raises(ConfigError, match=r"^found .* in line 1 of"):
        ids_in(file)

    assert file.path.read_bytes() == strange


def test_a_later_row_of_a_question_replaces_those_before(file: RowFile, tmp_path: Path) -> None:
    fill(file, row("a"), row("b", None), row("c", None), row("d"), row("b", None), row("c"))
    link = RowFile(tmp_path / "link.jsonl")
    link.path.symlink_to(file.path)

    file.path.chmod(0o640)
    link.settle()

    assert file.path.stat().st_mode & 0o777 == 0o640, "who may read the rows is not changed"
    assert ids_in(file) == ["a", "d", "b", "c"]
    assert [found["error"] for _, found in file.rows()] == [None, None, "no answer", None]
    assert link.path.is_symlink()
    assert {p.name for p in tmp_path.iterdir()} == {"rows.jsonl", "link.jsonl"}


def test_a_row_is_one_line_of_plain_json(file: RowFile) -> None:
    line = fill(file, row("a\nb", "lone \ud800, 是"))

    assert line.count(b"\n") == 1
    assert json.loads(line)["answer"] == "lone ?, 是"


def test_what_a_row_cost_is_read_from_its_run_where_nothing_else_says() -> None:
    assert cost_in(row("a")) == {"calls": 2, "tokens": 7, "usd": None}
    assert cost_in({**row("a"), "cost": {"calls": 3, "tokens": 9, "usd": 0.5}})["calls"] == 3
    assert cost_in({**row("a"), "turns": [{"answer": "x", "run": RUN}] * 2})["calls"] == 4
    assert cost_in({**row("a"), "cost": {"calls": 0, "tokens": None, "usd": 0}}) == {
        "calls": 2,
        "tokens": None,
        "usd": 0,
    }
    none: Any = {**RUN, "calls": 0}
    assert cost_in({**row("a"), "turns": [{"answer": "x", "run": none}]})["calls"] == 2
    assert cost_in(row("a", None)) == {"calls": None, "tokens": None, "usd": None}


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("nowhere/rows.jsonl", "for the rows, expected a file in a folder that is there"),
        (".", "for the rows, expected a file in a folder that is there"),
        ("fifo", "found a pipe for the rows, .*expected a file, for a batch that was stopped goes on from it"),
        ("/dev/null", "found a device for the rows"),
    ],
)
def test_a_place_for_no_file_is_refused(tmp_path: Path, where: str, told: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigError, match=told), RowFile(tmp_path / where).locked():
        pass
