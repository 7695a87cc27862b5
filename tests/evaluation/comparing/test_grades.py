"""Grades kept beside the rows."""

import json
import os
from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.batch.questions import Row
from langgraph_moa.evaluation.comparing.grades import note_grades
from langgraph_moa.evaluation.comparing.preparing import GRADES
from langgraph_moa.evaluation.grading.answered import GradedAnswers
from langgraph_moa.evaluation.grading.by_gold import Grade

ROWS = [Row(id=id_, answer="x", run=None, error=None, gold=None, seconds=0.0) for id_ in ("p", "q")]


def test_each_grade_is_a_line_and_an_earlier_graders_give_way(tmp_path: Path) -> None:
    note_grades(tmp_path, {"a b": GradedAnswers(ROWS, [Grade(0.1), Grade(0.2)], True)})
    note_grades(tmp_path, {"a b": GradedAnswers(ROWS, [Grade(0.5), Grade(None, "why")], True)})

    lines = [json.loads(line) for line in (tmp_path / GRADES).read_text().splitlines()]
    assert lines == [{"file": "a-b.jsonl", "id": "p", "score": 0.5}]


@pytest.mark.skipif(os.name != "posix", reason="a folder in the file's place is another error elsewhere")
def test_where_they_cannot_be_written_it_is_told(tmp_path: Path) -> None:
    (tmp_path / GRADES).mkdir()

    with pytest.raises(ConfigError, match="the grades cannot be written"):
        note_grades(tmp_path, {})
