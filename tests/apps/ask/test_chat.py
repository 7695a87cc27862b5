"""Several turns at a terminal, and conversations that outlive it."""

import asyncio
import io
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import Output, Run, finish, in_a_process
from kept import kept_answers
from loopback import Loopback, Reply
from reading import question_in

TWO = ["--proposer", "a", "--proposer", "b", "--aggregator", "z"]


@pytest.fixture
def chat(run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Talk: lines, and then the arguments."""

    def talk(lines: str, *arguments: str) -> Output:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        return run("chat", *arguments)

    return talk


def conversation(request: Any) -> list[str]:
    """Return what a request holds of the conversation, without what stands around it."""
    return [question_in(message["content"]) for message in request.messages if message["role"] != "system"]


def test_chat_remembers(run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("first?\n\n/history\n/what\nsecond?\n/quit\nnever\n"))

    done = run("chat", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert done.code == 0
    assert done.out == "answer of z\nhuman: first?\nai: answer of z\nanswer of z\n"
    assert "unknown command '/what'; known: /history, /quit" in done.err
    texts = [m["content"] for m in loopback.asked("a")[-1].messages]
    assert texts == ["first?", "answer of z", "second?"]


def test_chat_goes_on_after_a_failed_turn(run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    loopback.say("a", lambda body: Reply(status=500) if len(loopback.asked("a")) == 1 else Reply("back"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("first?\nsecond?\n"))

    done = run("chat", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert (done.code, done.out) == (0, "answer of z\n")
    assert "error: 0 of 1 proposals were usable" in done.err
    assert [m["content"] for m in loopback.asked("a")[-1].messages] == ["second?"]


def test_a_chat_is_left_and_taken_up_by_name(run: Run, chat: Any, loopback: Loopback, where: list[str]) -> None:
    first = chat("one?\ntwo?\n", *where, "--base-url", loopback.url, *TWO)
    second = chat("/history\nthree?\n/quit\n", *where)
    asked = run("ask", "four?", *where)
    last = chat("/history\n", *where)

    assert [done.code for done in (first, second, asked, last)] == [0, 0, 0, 0]
    assert second.out == "human: one?\nai: answer of z\nhuman: two?\nai: answer of z\nanswer of z\n"
    assert "2 questions so far" in second.err
    assert conversation(loopback.asked("a")[-1])[-3:] == ["three?", "answer of z", "four?"]
    assert last.out.count("human:") == 4


def test_a_chat_takes_up_what_ask_began(run: Run, chat: Any, loopback: Loopback, where: list[str]) -> None:
    run("ask", "one?", *where, "--base-url", loopback.url, *TWO)

    chat("two?\n", *where)

    assert conversation(loopback.asked("a")[-1]) == ["one?", "answer of z", "two?"]


def talking(loopback: Loopback, where: list[str]) -> Any:
    """Start a chat whose second answer never comes."""
    loopback.say("b", lambda body: Reply(broken="hang") if len(loopback.asked("b")) == 2 else Reply("answer of b"))
    process = in_a_process("chat", *where, "--base-url", loopback.url, *TWO, talks=True)
    assert process.stdin
    process.stdin.write("one?\ntwo?\n")
    process.stdin.flush()
    loopback.wait_until(lambda: len(loopback.asked("b")) == 2)
    return process


def until(stream: Any, text: str) -> str:
    lines = ""
    while text not in lines:
        line = stream.readline()
        assert line, lines
        lines += line
    return lines


def test_a_chat_that_was_killed_goes_on_where_it_was(chat: Any, loopback: Loopback, where: list[str]) -> None:
    process = talking(loopback, where)
    asyncio.run(kept_answers("sqlite", where[-1], 1))
    process.send_signal(signal.SIGKILL)
    finish(process)
    loopback.scripts.clear()
    before = len(loopback.asked("a"))

    done = chat("/history\nthree?\n", *where)

    assert "the last question has no answer yet; going on with layer_1/b" in done.err
    assert done.out.splitlines()[:5] == [
        "answer of z",
        "human: one?",
        "ai: answer of z",
        "human: two?",
        "ai: answer of z",
    ]
    assert len(loopback.asked("a")) == before + 1, "only the third question asks a again"


def test_one_that_was_killed_can_be_resumed(run: Run, loopback: Loopback, where: list[str]) -> None:
    process = talking(loopback, where)
    process.send_signal(signal.SIGKILL)
    finish(process)
    loopback.scripts.clear()

    assert run("resume", *where).out == "answer of z\n"


def test_while_one_talks_the_thread_is_nobody_elses(run: Run, chat: Any, loopback: Loopback, where: list[str]) -> None:
    process = talking(loopback, where)

    others = [chat("three?\n", *where), run("ask", "three?", *where), run("resume", *where)]
    process.kill()
    finish(process)

    assert [done.code for done in others] == [1, 1, 1]
    assert all("found thread 't' at work in another process" in done.err for done in others)


def test_an_interrupted_question_gives_its_place_to_the_next(loopback: Loopback, where: list[str]) -> None:
    process = talking(loopback, where)
    process.send_signal(signal.SIGINT)
    told = until(process.stderr, "or ask something else, which takes its place")

    out, err = process.communicate("three?\n/history\n/quit\n", timeout=60)

    assert "interrupted; answered so far" in told
    assert "go on with: langgraph-moa resume --thread t" in told
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert out.splitlines()[1:] == [
        "answer of z",
        "human: one?",
        "ai: answer of z",
        "human: three?",
        "ai: answer of z",
    ]


def test_sigterm_ends_a_chat_that_can_be_resumed(run: Run, loopback: Loopback, where: list[str]) -> None:
    process = talking(loopback, where)
    process.send_signal(signal.SIGTERM)
    until(process.stderr, "stopping after this step")
    process.send_signal(signal.SIGTERM)
    done = finish(process)
    loopback.scripts.clear()

    assert done.code == 143
    assert "go on with: langgraph-moa resume --thread t" in done.err
    assert run("resume", *where).out == "answer of z\n"


def test_a_question_that_failed_gives_its_place_to_the_next(chat: Any, loopback: Loopback, where: list[str]) -> None:
    loopback.say("a", lambda body: Reply(status=400) if len(loopback.asked("a")) == 1 else Reply("up"))

    done = chat("one?\ntwo?\n/history\n", *where, "--base-url", loopback.url, "--proposer", "a")

    assert (done.code, done.out) == (0, "up\nhuman: two?\nai: up\n")
    assert "error: 0 of 1 proposals were usable" in done.err
    assert "what was answered is kept; go on with: langgraph-moa resume" in done.err


def test_the_page_is_of_the_last_run(chat: Any, loopback: Loopback, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    given = ["--base-url", loopback.url, *TWO, "--report", str(page)]

    done = chat("What is first?\nWhat is second?\n", *given)
    html = page.read_text(encoding="utf-8")
    loopback.default = Reply(status=400)
    failed = chat("What is third?\n", *given)

    assert (done.code, done.err.count(f"report: {page}"), failed.code) == (0, 2, 0)
    assert html.index("What is second?") > 0
    assert "What is third?" in page.read_text(encoding="utf-8")


WRONG = [
    (["--thread", "t"], 2, "found one of --thread and --store, expected both"),
    (["--thread", "", "--store", "s.db"], 2, "found an empty --thread, expected a name"),
    (["--thread", "t", "--store", "no/such/s.db"], 1, "found no folder no/such for the store s.db"),
    (["--report", "no/such/page.html"], 1, "the report cannot be written to no/such/page.html"),
]


@pytest.mark.parametrize(("arguments", "code", "expected"), WRONG, ids=[expected for *_, expected in WRONG])
def test_what_cannot_be_kept_is_refused_before_anything_is_asked(
    chat: Any, arguments: list[str], code: int, expected: str
) -> None:
    done = chat("1+1\n", *arguments)

    assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)
    assert expected in done.err


def test_what_was_said_drives_no_terminal(chat: Any, loopback: Loopback) -> None:
    loopback.default = Reply("red \x1b[31mcarpet")

    done = chat("one?\n/history\n", "--base-url", loopback.url, "--proposer", "a")

    assert "\x1b" not in done.out
    assert "ai: red [31mcarpet" in done.out


def test_the_only_model_of_a_server_is_talked_to(chat: Any, loopback: Loopback, where: list[str]) -> None:
    loopback.listing = Reply(body='{"object": "list", "data": [{"id": "mine"}]}')

    done = [chat("one?\n", *kept, "--base-url", loopback.url) for kept in ([], where)]

    assert [(d.code, d.out) for d in done] == [(0, "answer of mine\n")] * 2, done
