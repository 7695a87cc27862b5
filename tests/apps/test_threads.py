"""Threads in a file, on the command line."""

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from commands import Run, finish, in_a_process
from kept import THREAD, hang_in_layer_2, kept_answers, layer_2, mixture, open_saver
from loopback import Loopback, Reply
from reading import user

MODELS = ["--proposer", "a", "--proposer", "b", "--proposer", "c", "--aggregator", "last", "--layers", "3"]
KEY = "tiger-burning-bright"


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    return ["--thread", "t", "--store", str(tmp_path / "store.db")]


def test_killed_in_layer_2_resume_needs_no_other_flag(
    run: Run, loopback: Loopback, where: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", KEY)
    hang_in_layer_2(loopback, "b")
    process = in_a_process("ask", "Which?", *where, "--base-url", loopback.url, *MODELS, "--max-tokens", "77")
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


def test_another_server_may_answer_the_rest(run: Run, loopback: Loopback, where: list[str]) -> None:
    gone = loopback.url.replace("/v1", "/gone")
    loopback.default = Reply(status=500)
    run("ask", "Which?", *where, "--base-url", gone, *MODELS)
    loopback.default = Reply("here")

    assert run("resume", *where).code == 1
    assert run("resume", *where, "--base-url", loopback.url).out == "here\n"


def test_after_a_failed_aggregator_only_the_aggregator_is_asked(run: Run, loopback: Loopback, where: list[str]) -> None:
    loopback.say("last", lambda body: Reply(status=500) if len(loopback.asked("last")) == 1 else Reply("at last"))

    first = run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS, "--no-stream")
    asked = len(loopback.requests)
    second = run("resume", *where)
    third = run("ask", "And what else?", *where)

    assert (first.code, first.out) == (0, "answer of a\n")
    assert "degraded: aggregator last: error" in first.err
    assert (second.code, second.out) == (0, "at last\n")
    assert loopback.requests[asked].model == "last"
    assert third.code == 0
    said = [m["content"] for m in loopback.requests[asked + 1].messages]
    assert said == ["Which?", "at last", "And what else?"]


def test_after_a_failed_first_layer_it_is_asked_again(run: Run, loopback: Loopback, where: list[str]) -> None:
    loopback.default = Reply(status=500)
    first = run("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    loopback.default = Reply("up again")

    second = run("resume", *where)

    assert first.code == 1
    assert "go on with: langgraph-moa resume --thread t" in first.err
    assert (second.code, second.out) == (0, "up again\n")


def test_sigterm_stops_between_steps_and_loses_nothing(run: Run, loopback: Loopback, where: list[str]) -> None:
    loopback.say("a", Reply("answer of a", delay=0.5))
    process = in_a_process("ask", "Which?", *where, "--base-url", loopback.url, *MODELS)
    loopback.wait_for("a")
    process.send_signal(signal.SIGTERM)
    stopped = finish(process)
    before = Counter(r.model for r in loopback.requests)

    resumed = run("resume", *where)

    assert stopped.code == 143
    assert f"go on with: langgraph-moa resume {' '.join(where)}" in stopped.err
    assert before == {"a": 1, "b": 1, "c": 1}
    assert (resumed.code, resumed.out) == (0, "answer of last\n")
    assert Counter(r.model for r in loopback.requests) == {"a": 2, "b": 2, "c": 2, "last": 1}


def test_a_thread_has_several_turns_and_keeps_its_mixture(run: Run, loopback: Loopback, where: list[str]) -> None:
    run("ask", "One?", *where, "--base-url", loopback.url, *MODELS)

    second = run("ask", "Two?", *where)
    other = run("ask", "Three?", *where, "--base-url", loopback.url, *MODELS[:-2])
    same = run("ask", "Four?", *where, "--base-url", loopback.url, *MODELS)

    assert (second.code, second.out) == (0, "answer of last\n")
    assert [m["content"] for m in loopback.requests[7].messages] == ["One?", "answer of last", "Two?"]
    assert other.code == 1
    assert "found thread 't' with another mixture than the flags say" in other.err
    assert same.code == 0


def test_credentials_in_an_address_are_not_kept(run: Run, loopback: Loopback, where: list[str], tmp_path: Path) -> None:
    address = loopback.url.replace("://", f"://me:{KEY}@")

    done = run("ask", "One?", *where, "--base-url", address, *MODELS)  # the client refuses such an address

    assert KEY not in done.out + done.err
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_thread_of_another_version_is_refused_and_left_alone(run: Run, loopback: Loopback, where: list[str]) -> None:
    async def write() -> None:
        async with open_saver("sqlite", where[-1]) as saver:
            config: Any = {**THREAD, "metadata": {"moa_record": json.dumps({"format": 99, "settings": {}})}}
            await mixture(loopback.url, saver).ainvoke(user("Which?"), config)
            await mixture(loopback.url, saver).ainvoke(user("Which?"), {"configurable": {"thread_id": "foreign"}})

    asyncio.run(write())
    asked = len(loopback.requests)

    newer, foreign = run("resume", *where), run("ask", "x", "--thread", "foreign", *where[2:])

    assert newer.code == foreign.code == 1
    assert "found thread 't' in format 99, expected 1: another program or version wrote it" in newer.err
    assert "found thread 'foreign' in format unknown, expected 1" in foreign.err
    assert len(loopback.requests) == asked


WRONG: list[tuple[list[str], str]] = [
    (["ask", "x", "--thread", "t"], "found one of --thread and --store, expected both"),
    (["ask", "x", "--store", "s.db"], "found one of --thread and --store, expected both"),
    (["resume", "--thread", "t"], "Missing option '--store'"),
    (["resume", "--thread", "t", "--store", "none.db"], "found no store none.db"),
    (["ask", "x", "--thread", "t", "--store", "junk.db"], "the store junk.db cannot be read: file is not a database"),
    (["ask", "x", "--thread", "t", "--store", "no/such/folder.db"], "the store no/such/folder.db cannot be opened"),
    (["resume", "--thread", "tt", "--store", "good.db"], "found no thread 'tt' in good.db; did you mean 't'? known: t"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_mistakes_get_one_clear_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("junk.db").write_text("junk" * 500)
    run("ask", "1 + 1", "--thread", "t", "--store", "good.db")

    done = run(*arguments)

    assert done.code != 0
    assert expected in done.err
    assert len(done.err.strip().splitlines()) == 1
