"""A review from the command line: at a terminal, or days later."""

import io
import json
import os
import pty
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import warm
from commands import Run
from langgraph_moa import ConfigError
from langgraph_moa.apps.ask.review import Decisions, ask_person, decisions_of
from rich.console import Console

QUESTION = "How does a gate end a layer?"


@pytest.fixture
def reviewed(tmp_path: Path) -> list[str]:
    file = tmp_path / "r.toml"
    file.write_text('preset = "offline"\nreview = true\n')
    return ["--config", str(file)]


@pytest.fixture
def thread(tmp_path: Path) -> list[str]:
    return ["--thread", "t", "--store", str(tmp_path / "t.db")]


def test_without_a_terminal_a_review_needs_a_thread_to_wait_in(run: Run, reviewed: list[str]) -> None:
    done = run("ask", QUESTION, *reviewed)

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: found a review without a terminal, expected a thread to wait in: --thread ID --store FILE\n"
    )
    assert "found a review without a terminal" in run("chat", *reviewed).err


def test_a_run_waits_is_decided_and_goes_on(run: Run, reviewed: list[str], thread: list[str]) -> None:
    waits = run("ask", QUESTION, *reviewed, *thread)
    assert (waits.code, waits.out) == (75, "")
    assert "go on with: langgraph-moa resume --thread t" in waits.err

    again = run("resume", *thread, "--decide", "phrases=retry", "--json")
    assert (again.code, json.loads(again.out)["answer"]) == (75, None)

    done = run("resume", *thread, "--decide", "stems=drop", "--decide", "words=edit:A gate ends it: gong.", "--json")
    report = json.loads(done.out)
    assert done.code == 0
    assert [(p["status"], p["reviewed"]) for p in report["proposals"]] == [
        ("ok", "edited"),
        ("dropped", "dropped"),
        ("ok", None),
        ("ok", None),
    ]
    assert report["proposals"][0]["text"] == "A gate ends it: gong."
    assert report["run"]["calls"] == 6


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        ("wrods=drop", "unknown proposer 'wrods'; did you mean 'words'?"),
        ("words=dorp", "unknown action 'dorp' for 'words'; did you mean 'drop'?"),
    ],
)
def test_what_cannot_be_done_is_told_and_the_run_still_waits(
    run: Run, reviewed: list[str], thread: list[str], decision: str, told: str
) -> None:
    run("ask", QUESTION, *reviewed, *thread)

    wrong = run("resume", *thread, "--decide", decision)

    assert wrong.code == 75
    assert told in wrong.err
    assert run("resume", *thread, "--decide", "accept").code == 0


def test_there_must_be_something_to_decide(run: Run, thread: list[str]) -> None:
    run("ask", QUESTION, *thread)

    done = run("resume", *thread, "--decide", "accept")

    assert "error: found --decide, expected thread 't' to wait for a review; leave it out" in done.err


@pytest.mark.parametrize("written", ["words", "words=", "=drop", "words=edit", "words=drop:why"])
def test_a_decision_is_written_one_way(written: str) -> None:
    with pytest.raises(ConfigError, match=r"NAME=drop, NAME=retry or NAME=edit:TEXT"):
        decisions_of([written])


def test_decisions_are_read() -> None:
    assert decisions_of(["accept", "a=drop", "b=edit:x = y: z"]) == {
        "decisions": [
            {"proposer": "a", "action": "drop"},
            {"proposer": "b", "action": "edit", "text": "x = y: z"},
        ]
    }


SHOWN: Any = {
    "problem": "unknown proposer 'z'",
    "proposals": [
        {"proposer": "a", "status": "error", "text": "", "error": "no \x1b[2J[red]way"},
        {"proposer": "b", "status": "ok", "text": "one\n" + "two " * 500, "error": None},
    ],
}


def asked(monkeypatch: pytest.MonkeyPatch, *typed: str, decisions: Decisions) -> tuple[bool, str]:
    lines = iter(typed)

    def read(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    screen = io.StringIO()
    return ask_person(SHOWN, Console(file=screen, width=200), decisions), screen.getvalue()


def test_a_person_is_shown_what_there_is_and_may_mistype(monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = Decisions()

    goes_on, screen = asked(monkeypatch, "a=dropp:x", "z=drop", "a=drop", "b=drop", "b=accept", "", decisions=decisions)

    assert goes_on
    assert decisions.resume["decisions"] == [{"proposer": "a", "action": "drop"}, {"proposer": "b", "action": "accept"}]
    assert "a (error)\nno [2J[red]way" in screen
    assert "two " * 499 in screen
    assert "unknown proposer 'z'; known: a, b" in screen
    assert "found 'a=dropp:x', expected accept" in screen


def test_what_was_typed_before_is_kept_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = Decisions()
    asked(monkeypatch, "a=drop", "b=drop", "", decisions=decisions)

    _, screen = asked(monkeypatch, "b=accept", "", decisions=decisions)

    assert "so far: a=drop; b=drop" in screen
    assert [one["action"] for one in decisions.resume["decisions"]] == ["drop", "accept"]


def test_the_end_of_the_input_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, _ = asked(monkeypatch, "a=drop", decisions=Decisions())

    assert not goes_on


def test_at_a_terminal_somebody_is_asked(reviewed: list[str]) -> None:
    """A real terminal, on which somebody drops one proposal and then presses Enter."""
    command = ["-m", "langgraph_moa", "ask", QUESTION, *reviewed]
    terminal, theirs = pty.openpty()
    env = {**os.environ, "TERM": "dumb", "COLUMNS": "200"}
    with warm.start(*command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as asked:
        os.close(theirs)
        shown, answers = b"", iter([b"stems=drop\n", b"\n"])
        with suppress(OSError):  # a terminal whose program has ended
            while part := os.read(terminal, 4096):
                shown += part
                if part.rstrip().endswith(b"review>"):
                    os.write(terminal, next(answers))
        os.close(terminal)

    text = shown.decode()
    assert asked.returncode == 0
    assert "headings (ok)" in text
    assert "note: stems (layer 1): dropped by a reviewer" in text


def test_a_turn_that_is_left_without_a_review_is_no_part_of_the_conversation(
    run: Run, reviewed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed: Any = iter(["What is 17 * 24?", EOFError(), "/history", "/quit"])

    def read(prompt: str) -> Any:
        line = next(typed)
        if isinstance(line, EOFError):
            raise line
        return line

    monkeypatch.setattr("builtins.input", read)
    monkeypatch.setattr("langgraph_moa.apps.ask.talks.can_ask", lambda: True)
    monkeypatch.setattr("langgraph_moa.apps.ask.running.can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    done = run("chat", *reviewed)

    assert (done.code, done.out) == (0, "")
    assert "left without a review; nothing of this run is kept" in done.err
