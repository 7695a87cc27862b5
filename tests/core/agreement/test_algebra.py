"""Formulas are grouped by what they mean, in a process that says nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph_moa.core.agreement import algebra

pytest.importorskip("math_verify")


@pytest.mark.parametrize(
    ("written", "groups"),
    [
        (["\\sqrt{8}", "2\\sqrt{2}", "3"], [0, 0, 1]),
        (["x+1", "1+x", "x-1", "1+x"], [0, 0, 1, 0]),
        (["$\\frac{1}{2}$", "0.5"], [0, 0]),
        (["0.1", "0.2", "0.3"], [0, 1, 2]),
        (["", ""], [0, 1]),
        ([], []),
    ],
    ids=["roots", "sums", "fractions", "numbers", "nothing agrees with nobody", "none"],
)
def test_formulas_are_grouped_by_what_they_mean(written: list[str], groups: list[int]) -> None:
    assert algebra.group_by_meaning(written) == groups


def test_a_script_of_it_reads_and_writes_json() -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(Path(algebra.__file__))],
        input=json.dumps(["x+1", "1+x"]),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == [0, 0]
