"""Recorded answers, as they are read from a file."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.evaluation.recorded import read_record
from recordings import line


@pytest.mark.parametrize(
    ("response", "read"),
    [
        ("So it is 3 + 4.\n\nFinal answer: 7", "7"),
        ({"text": "Final answer: 8", "answer": "7"}, "7"),
        ({"text": "Final answer: 7", "answer": ""}, "7"),
        ({"text": "Final answer: 7"}, "7"),
        ({"answer": "The answer is a long sentence with more words than nine: 7"}, None),
        ({"answer": "[1, 'a: b']", "text": None}, "[1, 'a: b']"),
        (7, "7"),
        ({"answer": 7.0}, "7.0"),
        ("I like trains, and I like boats.", None),
        ("", None),
        (None, None),
        ({"text": None}, None),
    ],
)
def test_how_a_response_is_read(tmp_path: Path, response: Any, read: str | None) -> None:
    (tmp_path / "r.jsonl").write_text(line(response, "1"))

    _, ((answers, *_),) = read_record(tmp_path / "r.jsonl")

    assert (answers[0] and answers[0].shown) == read


@pytest.mark.parametrize(
    ("gold", "shown"), [(18, "18"), (18.5, "18.5"), ("B", "B"), ("9 * 2 makes 18 of them\n#### 18", "18"), ("", None)]
)
def test_how_gold_is_read(tmp_path: Path, gold: Any, shown: str | None) -> None:
    (tmp_path / "r.jsonl").write_text(line("1", "1", gold=gold))

    _, ((_, read, *_),) = read_record(tmp_path / "r.jsonl")

    assert (read and read.shown) == shown


def test_a_model_that_a_line_lacks_did_not_answer(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(line("1", "2") + "\n \n" + line("3", names="c") + line("4", "5", names="ba"))

    proposers, rows = read_record(tmp_path / "r.jsonl")

    assert proposers == ["a", "b", "c"]
    assert [[answer and answer.shown for answer in row.answers] for row in rows] == [
        ["1", "2", None],
        [None, None, "3"],
        ["5", "4", None],
    ]
