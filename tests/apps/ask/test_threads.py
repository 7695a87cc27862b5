"""Threads in a file, on the command line."""

import asyncio
import json
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import Run, finish, in_a_process
from kept import hang_in_layer_2, kept_answers, layer_2
from layered import MODELS
from loopback import Loopback, Reply
from reading import question_in

KEY = "tiger-burning-bright"


def test_killed_in_layer_2_resume_needs_no_other_flag(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", KEY)
    hang_in_layer_2(loopback, "b")
    process = in_a_process("ask", "Which?", *where, "--base-url", loopback.url, *MODELS, "--max-tokens", "77")
    loopback.wait_until(lambda: "b" in layer_2(loopback))
    asyncio.run(kept_answers("sqlite", where[-1], 2))
    process.send_signal(signal.SIGKILL)
    finish(process)

    early = run("ask", "And?", *where)
    resumed = run("resume", *where, "--json")
    again = run("resume", *where)

    assert (early.code, "found an unfinished run in thread 't'" in early.err) == (1, True)
    report = json.loads(resumed.out)
    assert (resumed.code, report["answer"], report["run"]["stopped"]) == (0, "answer of last", "completed")
    assert "thread 't' goes on with layer_2/b" in resumed.err
    assert layer_2(loopback) == {"a": 1, "c": 1, "b": 2, "last": 1}
    assert {r.body["max_tokens"] for r in loopback.requests} == {77}
    assert (again.code, again.out) == (0, "answer of last\n")
    assert {r.headers["Authorization"] for r in loopback.requests} == {f"Bearer {KEY}"}
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_killed_when_all_of_a_layer_had_answered(run: Run, loopback: Loopback, where: list[str]) -> None:
    run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    with closing(sqlite3.connect(where[-1])) as db, db:  # as it is on the disk before the step is closed
        steps = [row for (row,) in db.execute("SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id")]
        db.execute("DELETE FROM checkpoints WHERE checkpoint_id > ?", steps[1:2])
    asked = len(loopback.requests)

    early = run("ask", "And?", *where)
    resumed = run("resume", *where, "--json")

    assert (early.code, "found an unfinished run in thread 't'" in early.err) == (1, True)
    assert resumed.code == 0, resumed.err
    assert "thread 't' goes on with layer_1/a, layer_1/b, layer_1/c" in resumed.err
    assert json.loads(resumed.out)["run"]["stopped"] == "completed"
    assert len(loopback.requests) == asked + 4  # layer 2 and the aggregator; layer 1 had answered


def test_another_server_may_answer_the_rest(run: Run, loopback: Loopback, where: list[str]) -> None:
    gone = loopback.url.replace("/v1", "/gone")
    loopback.default = Reply(status=500)
    run("ask", "Which?", *where, "--base-url", gone, *MODELS)
    loopback.default = Reply("here")

    assert run("resume", *where).code == 1
    assert run("resume", *where, "--base-url", loopback.url).out == "here\n"


def turns_in(request: Any) -> list[str]:
    """Return the conversation that a request holds, without what stands around it."""
    return [question_in(message["content"]) for message in request.messages if message["role"] != "system"]


def test_after_a_failed_aggregator_only_the_aggregator_is_asked(run: Run, loopback: Loopback, where: list[str]) -> None:
    loopback.say("last", lambda body: Reply(status=500) if len(loopback.asked("last")) == 1 else Reply("at last"))

    first = run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS, "--no-stream")
    asked = len(loopback.requests)
    second = run("resume", *where)
    third = run("ask", "And what else?", *where)

    assert (first.code, first.out) == (0, "answer of a\n")
    assert "degraded: aggregator last: error" in first.err
    assert (second.code, second.out) == (0, "at last\n")
    assert "completed: 3 layers, 8 calls" in second.err
    assert loopback.requests[asked].model == "last"
    assert third.code == 0
    said = turns_in(loopback.requests[asked + 1])
    assert said == ["Which?", "at last", "And what else?"]


def test_after_a_failed_first_layer_it_is_asked_again(run: Run, loopback: Loopback, where: list[str]) -> None:
    loopback.default = Reply(status=500)
    first = run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    loopback.default = Reply("up again")

    second = run("resume", *where)

    assert first.code == 1
    assert "go on with: langgraph-moa resume --thread t" in first.err
    assert (second.code, second.out) == (0, "up again\n")


def test_a_thread_has_several_turns_and_keeps_its_mixture(run: Run, loopback: Loopback, where: list[str]) -> None:
    run("ask", "One?", *where, "--base-url", loopback.url, *MODELS)

    second = run("ask", "Two?", *where)
    bound = run("ask", "Three?", *where, "--layers", "2", "--max-tokens", "7")
    third = loopback.requests[14:]
    other = run("ask", "Four?", *where, "--preset", "offline")

    assert (second.code, second.out) == (0, "answer of last\n")
    assert turns_in(loopback.requests[7]) == ["One?", "answer of last", "Two?"]
    assert bound.code == 0
    assert sorted((r.model, r.body["max_tokens"]) for r in third) == [("a", 7), ("b", 7), ("c", 7), ("last", 7)]
    assert (other.code, "models: preset 'offline', as asked" in other.err) == (0, True)
    assert len(loopback.requests) == 18


def test_credentials_in_an_address_are_not_kept(run: Run, loopback: Loopback, where: list[str], tmp_path: Path) -> None:
    asked = run("ask", "One?", *where, "--base-url", f"{loopback.url}?api_key={KEY}", *MODELS)
    refused = run("ask", "One?", *where, "--base-url", loopback.url.replace("://", f"://me:{KEY}@"), *MODELS)

    assert refused.code == 1
    assert "found a user or password in the base URL, expected none" in refused.err
    assert KEY not in asked.out + asked.err + refused.out + refused.err
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert loopback.url.encode() in kept
    assert KEY.encode() not in kept


WRONG: list[tuple[list[str], str]] = [
    (["ask", "x", "--thread", "t"], "found one of --thread and --store, expected both"),
    (["ask", "x", "--store", "s.db"], "found one of --thread and --store, expected both"),
    (["resume", "--thread", "t"], "Missing option '--store'"),
    (["resume", "--thread", "t", "--store", "none.db"], "found no store none.db"),
    (["ask", "x", "--thread", "t", "--store", "junk.db"], "the store junk.db cannot be used: file is not a database"),
    (["ask", "x", "--thread", "t", "--store", "no/such/folder.db"], "found no folder no/such for the store folder.db"),
    (["ask", "x", "--thread", "t", "--store", "."], "the store . cannot be used: unable to open database file"),
    (["resume", "--thread", "t", "--store", "foreign.db"], "found another program's database in foreign.db"),
    (["ask", "x", "--instead"], "found --instead without a thread, expected --thread ID --store FILE"),
    (["resume", "--thread", "tt", "--store", "good.db"], "found no thread 'tt' in good.db; did you mean 't'? known: t"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_mistakes_get_one_clear_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("junk.db").write_text("junk" * 500)
    with closing(sqlite3.connect("foreign.db")) as foreign:
        foreign.execute("CREATE TABLE theirs (x)")
    before = Path("foreign.db").read_bytes()
    run("ask", "1 + 1", "--thread", "t", "--store", "good.db")

    done = run(*arguments)

    assert done.code != 0
    assert expected in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert Path("foreign.db").read_bytes() == before


def test_a_mixture_by_its_presets_name_is_kept_too(run: Run, where: list[str]) -> None:
    first = run("ask", "2 + 2", *where, "--preset", "offline")
    second = run("ask", "3 + 3", *where)

    assert (first.code, second.code, run("resume", *where).code) == (0, 0, 0)
    assert "6" in second.out


def test_calls_before_the_resumption_are_spent(run: Run, loopback: Loopback, where: list[str]) -> None:
    loopback.say("last", Reply(status=500))
    run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS[:-2], "--budget", "calls=5")
    asked = len(loopback.requests)

    runs = [run("resume", *where, "--json") for _ in range(2)]
    loopback.say("last", Reply("at last"))
    more = run("resume", *where, "--budget", "calls=9", "--json")

    told = [json.loads(done.out)["run"] for done in (*runs, more)]
    assert [(t["calls"], t["stopped"]) for t in told] == [(5, "fell_back"), (5, "budget"), (6, "completed")]
    assert len(loopback.requests) == asked + 2
    assert json.loads(more.out)["answer"] == "at last"


def test_a_first_layer_with_too_few_answers_asks_only_the_rest(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("min_proposals = 2")
    for name in "bc":
        loopback.say(name, Reply(status=500))
    first = run("ask", "Which?", *where, "--config", str(config), "--base-url", loopback.url, *MODELS[:-2])
    loopback.scripts.clear()

    second = run("resume", *where)

    assert (first.code, second.code, second.out) == (1, 0, "answer of last\n")
    assert "thread 't' goes on with gate_1" in second.err
    assert Counter(r.model for r in loopback.requests) == {"a": 1, "b": 2, "c": 2, "last": 1}


def test_a_first_wave_with_too_few_answers_asks_only_the_rest(run: Run, loopback: Loopback, where: list[str]) -> None:
    for name in "ab":
        loopback.say(name, Reply(status=500))
    options = ["--base-url", loopback.url, *MODELS[:-2], "--waves", "2"]
    first = run("ask", "Which?", *where, *options, "--budget", "calls=3")
    loopback.scripts.clear()

    second = run("resume", *where, "--budget", "calls=9")

    assert (first.code, second.code, second.out) == (1, 0, "answer of last\n")
    assert Counter(r.model for r in loopback.requests) == {"a": 2, "b": 2, "c": 1, "last": 1}


def test_a_question_that_cannot_be_answered_can_be_taken_back(run: Run, loopback: Loopback, where: list[str]) -> None:
    run("ask", "First?", *where, "--base-url", loopback.url, *MODELS)
    loopback.default = Reply(status=401)
    stuck = run("ask", "Stuck?", *where)
    loopback.default = Reply("fine")

    refused = run("ask", "Next?", *where)
    done = run("ask", "Next?", *where, "--instead")

    assert (stuck.code, refused.code, done.code, done.out) == (1, 1, 0, "fine\n")
    assert "or take its question back with --instead" in refused.err
    said = turns_in(loopback.requests[-1])
    assert said == ["First?", "answer of last", "Next?"]


def test_a_question_that_did_not_fit_goes_on_with_a_larger_bound(
    run: Run, loopback: Loopback, where: list[str]
) -> None:
    run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS, "--budget", "calls=1")

    larger = run("resume", *where, "--budget", "calls=99")

    assert (larger.code, larger.out) == (0, "answer of last\n")


def test_an_estimate_is_of_the_threads_mixture_and_history(run: Run, loopback: Loopback, where: list[str]) -> None:
    run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS, "--max-tokens", "50")
    asked = len(loopback.requests)

    bare = run("ask", "Which?", "--base-url", loopback.url, *MODELS, "--max-tokens", "50", "--estimate", "--json")
    kept = run("ask", "Which?", *where, "--estimate", "--json")

    assert json.loads(kept.out)["calls"] == json.loads(bare.out)["calls"] == 7
    assert json.loads(kept.out)["tokens"] > json.loads(bare.out)["tokens"]
    assert len(loopback.requests) == asked


def test_a_flag_wins_over_a_tables_key_and_leaves_the_others(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("[budget]\ncalls = 3\n[quorum]\nk = 2\ngrace_s = 20.0\n")
    options = ["--config", str(config), "--base-url", loopback.url, *MODELS[:-2], "--json"]

    asked = [
        run("ask", "Which?", *options, "--budget", "seconds=50"),
        run("ask", "Which?", *options, "--budget", "calls=4", "--quorum", "1"),
        run("ask", "Which?", *options, "--grace", "0"),
    ]

    assert [done.code for done in asked] == [0, 0, 0]
    told = [json.loads(done.out) for done in asked]
    assert [t["run"]["stopped"] for t in told] == ["budget", "completed", "budget"]
    assert [p["status"] for p in told[1]["proposals"]] == ["ok"] * 3, "the grace of the file was kept"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--budget", "calls=3", "--budget", "calls=20"], "found --budget calls=... twice, expected it once"),
        (["--budget", "calls="], "found --budget calls=, expected a limit and its number"),
        (["--budget", "calls=many"], "found 'many' for budget.calls, expected a whole number"),
        (["--budget", "calls=2.5"], "found 2.5 for budget.calls, expected a whole number"),
        (["--grace", "1"], "found quorum without k, expected it as well"),
    ],
)
def test_wrong_bounds_get_one_clear_line(run: Run, flags: list[str], expected: str) -> None:
    done = run("ask", "x", *flags)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert expected in done.err


def test_after_a_failed_aggregator_nobody_reviews_again(run: Run, loopback: Loopback, tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text("review = true\n")
    loopback.say("judge", Reply(status=500))
    thread = ["--thread", "t", "--store", str(tmp_path / "t.db")]
    given = ["--base-url", loopback.url, "--proposer", "a", "--proposer", "b", "--aggregator", "judge"]
    assert run("ask", "Which?", "--config", str(file), *given, *thread).code == 75
    assert "degraded: aggregator judge: error" in run("resume", *thread, "--decide", "a=drop").err
    loopback.say("judge", Reply("written"))

    done = run("resume", *thread)

    assert (done.code, done.out) == (0, "written\n")
    assert len(loopback.asked("a")) == len(loopback.asked("b")) == 1
    assert "answer of a" not in loopback.asked("judge")[-1].prompt


def test_after_a_failed_aggregator_behind_a_wave_it_is_asked_again(
    run: Run, loopback: Loopback, tmp_path: Path
) -> None:
    loopback.default = Reply("Final answer: 7")
    loopback.say("judge", Reply(status=500))
    thread = ["--thread", "t", "--store", str(tmp_path / "t.db")]
    models = [part for name in "abcd" for part in ("--proposer", name)]
    waves = ["--waves", "2", "--layers", "3", "--aggregator", "judge", "--base-url", loopback.url]
    run("ask", "Which?", *models, *waves, *thread)
    loopback.say("judge", Reply("written"))

    done = run("resume", *thread)

    assert (done.code, done.out) == (0, "written\n")
    assert [len(loopback.asked(name)) for name in "abcd"] == [1, 1, 0, 0]


def test_a_resumed_run_that_fails_has_its_whole_page(run: Run, loopback: Loopback, tmp_path: Path) -> None:
    thread, page = ["--thread", "t", "--store", str(tmp_path / "t.db")], tmp_path / "p.html"
    file = tmp_path / "c.toml"
    file.write_text("min_proposals = 2\n")
    loopback.say("b", Reply(status=500))
    given = ["--base-url", loopback.url, "--proposer", "a", "--proposer", "b", "--config", str(file)]
    run("ask", "Which of them?", *given, *thread)

    failed = run("resume", *thread, "--report", str(page))

    assert failed.code == 1
    html = page.read_text(encoding="utf-8")
    assert "Which of them?" in html
    assert "answer of a" in html
