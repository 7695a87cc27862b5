"""A grader of one's own."""

import json
from pathlib import Path

from commands import Run
from sums import TWO


def test_a_grader_of_ones_own(run: Run, few: str) -> None:
    Path("grade.py").write_text("def half(question, answer):\n    return 0.5 if question.gold else None\n")

    found = json.loads(run("compare", few, *TWO, "--grader", "grade.py:half", "--json").out)

    assert (found["grader"], found["systems"][0]["score"]) == ("half", {"mean": 0.5, "low": 0.5, "high": 0.5})
