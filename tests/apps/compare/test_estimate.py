"""What a comparison may cost at most."""

import json
from pathlib import Path
from typing import Any

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


def test_recorded_answers_say_whether_to_mix_at_all(run: Run, tmp_path: Path) -> None:
    def estimated(wins: int) -> Any:
        lines = [
            {
                "question": f"{n}?",
                "gold": 1,
                "responses": {"a": {"answer": 1 + (n < 8)}, "b": {"answer": 1 + (n >= wins)}},
            }
            for n in range(60)
        ]
        file = tmp_path / "record.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return run("compare", str(file), "--estimate")

    little, much = estimated(1).out, estimated(8).out

    assert "by the answers that are recorded: choosing among these answers gets at most 88.3 % (77.4 to 95.2)" in little
    assert "do not mix: by these answers choosing wins at most 1.7 points over a alone, less than 2" in little
    assert "a mixture of these can win at most 13.3 points" in much
    assert "do not mix" not in much


def test_rows_that_are_kept_say_so_too_and_nobody_is_asked(run: Run, few: str) -> None:
    run("compare", few, "--system", "offline:words", "--system", "offline:stems", "--keep", "kept")

    printed = json.loads(
        run("compare", few, "--system", "offline:words", "--system", "offline:stems", "--keep", "kept", "--estimate",
            "--json").out
    )  # fmt: skip

    assert printed["ceiling"]["share"] == 0.75
