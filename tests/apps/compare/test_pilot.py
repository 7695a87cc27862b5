"""A pilot on the first few questions."""

from commands import Run
from sums import TWO


def test_a_pilot_keeps_to_the_budget(run: Run, sums: str) -> None:
    done = run("compare", sums, *TWO, "--equal", "tokens", "--budget", "calls=19")

    assert done.code == 1
    assert "error: found Budget(calls=14): 0 are spent, the step may take 15 for a pilot of self-moa" in done.err
