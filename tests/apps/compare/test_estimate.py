"""What a comparison may cost at most."""

import json

from commands import Run
from sums import TWO


def test_an_estimate_asks_nobody(run: Run, sums: str) -> None:
    done = run("compare", sums, *TWO, "--estimate", "--max-tokens", "100")
    judged = json.loads(run("compare", sums, *TWO, "--grader", "judge", "--judge", "offline:words", "--estimate",
                            "--max-tokens", "100", "--json").out)  # fmt: skip

    assert [line.split(",")[0] for line in done.out.splitlines()] == [
        "words     at most 60 calls", "          usually 60 calls",
        "self-moa  at most 180 calls", "          usually 180 calls",
        "all       at most 240 calls", "          usually 240 calls",
        "at most: every answer as long as --max-tokens N", "usually: answers of 500 tokens",
    ]  # fmt: skip
    assert done.err == ""
    assert judged["usual"]["answer_tokens"] == 500
    assert judged["usual"]["judging"]["calls"] == 120
    assert judged["usual"]["all"]["tokens"] < judged["all"]["tokens"]
    assert judged["judging"]["calls"] == 120
    assert judged["all"]["calls"] == 360
    assert judged["judging"]["tokens"] > 60 * 2 * 400
