"""Batches and comparisons that share a cache ask each thing once."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from batches import Files
from commands import Run
from loopback import Loopback, Reply


@pytest.fixture
def shared(loopback: Loopback, tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", "sk-secret-word")
    lines = [{"id": f"q{n}", "question": f"What is {n} + 1?", "gold": n + 1} for n in range(3)]
    files.questions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ["--base-url", loopback.url, "--cache", str(tmp_path / "answers.db"), "--no-settings"]


PANEL = ["--proposer", "a", "--proposer", "b", "--aggregator", "c"]


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


def test_another_batch_of_the_same_questions_is_free_and_says_so(
    run: Run, files: Files, shared: list[str], loopback: Loopback, tmp_path: Path
) -> None:
    outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    told = [run("batch", str(files.questions), str(out), *PANEL, *shared) for out in outs]
    sums = json.loads(run("batch", str(files.questions), str(outs[1]), *PANEL, *shared, "--json").out)

    assert len(loopback.requests) == 9
    assert "from the cache" not in told[0].out
    assert "; from the cache: 9 calls, " in told[1].out
    first, second = map(_rows, outs)
    assert {key: row["answer"] for key, row in first.items()} == {key: row["answer"] for key, row in second.items()}
    assert [row["cost"] for row in second.values()] == [{"calls": 0, "tokens": 0, "usd": 0.0}] * 3
    assert [row["spared"]["tokens"] for row in second.values()] == [row["cost"]["tokens"] for row in first.values()]
    assert (sums["calls"], sums["spared"]["calls"]) == (0, 9)
    assert "secret-word" not in (tmp_path / "answers.db").read_bytes().decode("latin-1")


def test_what_failed_is_asked_again_and_nothing_else(
    run: Run, files: Files, shared: list[str], loopback: Loopback, tmp_path: Path
) -> None:
    loopback.say("c", Reply(status=400))
    loopback.say("b", Reply(status=400))
    run("batch", str(files.questions), str(tmp_path / "one.jsonl"), *PANEL, *shared)
    loopback.scripts.clear()
    loopback.requests.clear()

    run("batch", str(files.questions), str(tmp_path / "two.jsonl"), *PANEL, *shared)

    assert sorted(request.model for request in loopback.requests) == ["b"] * 3 + ["c"] * 3


def test_repeats_have_answers_of_their_own_and_get_them_again(
    run: Run, files: Files, shared: list[str], loopback: Loopback, tmp_path: Path
) -> None:
    count = iter(range(1000))
    loopback.default = lambda body: Reply(f"answer {next(count)}")
    outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for out in outs:
        run("batch", str(files.questions), str(out), *PANEL, *shared, "--repeat", "2")

    first, second = map(_rows, outs)
    assert len({row["answer"] for row in first.values()}) == 6
    assert {key: row["answer"] for key, row in first.items()} == {key: row["answer"] for key, row in second.items()}
    assert len(loopback.requests) == 18


@pytest.mark.parametrize("roles", [False, True])
def test_a_comparison_takes_what_a_batch_kept_and_asks_nobody_when_it_is_made_again(
    run: Run, files: Files, shared: list[str], loopback: Loopback, tmp_path: Path, roles: bool
) -> None:
    run("batch", str(files.questions), str(tmp_path / "rows.jsonl"), *PANEL, *shared)
    command = ["compare", str(files.questions), *PANEL, *(["--roles"] if roles else []), *shared, "--as-is"]
    loopback.requests.clear()

    first = run(*command)
    asked = [request.model for request in loopback.requests]
    loopback.requests.clear()
    again = run(*command)

    # The batch has made the mixture's own calls; models alone are asked as those who aggregate.
    assert Counter(asked) == ({"a": 6, "b": 6, "c": 9} if roles else {"a": 3, "b": 3})
    assert (first.code, again.code, loopback.requests) == (0, 0, [])
    assert "spared" in again.out + again.err
