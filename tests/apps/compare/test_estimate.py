"""What a comparison may cost at most."""

import json

from commands import Run
from sums import TWO


def test_an_estimate_asks_nobody(run: Run, sums: str) -> None:
    done = run("compare", sums, *TWO, "--estimate", "--max-tokens", "100")
    judged = json.loads(run("compare", sums, *TWO, "--grader", "judge", "--judge", "offline:words", "--estimate",
                            "--max-tokens", "100", "--json").out)  # fmt: skip

    assert [line.split(",")[0] for line in done.out.splitlines()] == [
        "words     at most 60 calls", "self-moa  at most 180 calls", "all       at most 240 calls",
    ]  # fmt: skip
    assert done.err == ""
    assert judged["judging"]["calls"] == 120
    assert judged["all"]["calls"] == 360
    assert judged["judging"]["tokens"] > 60 * 2 * 400
