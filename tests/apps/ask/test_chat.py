"""Several turns at a terminal."""

import sys

import pytest
from commands import Run
from loopback import Loopback, Reply


def test_chat_remembers(run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("first?\n\n/history\n/what\nsecond?\n/quit\nnever\n"))

    done = run("chat", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert done.code == 0
    assert done.out == "answer of z\nhuman: first?\nai: answer of z\nanswer of z\n"
    assert "unknown command '/what'; known: /history, /quit" in done.err
    texts = [m["content"] for m in loopback.asked("a")[-1].messages]
    assert texts == ["first?", "answer of z", "second?"]


def test_chat_goes_on_after_a_failed_turn(run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    loopback.say("a", lambda body: Reply(status=500) if len(loopback.asked("a")) == 1 else Reply("back"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("first?\nsecond?\n"))

    done = run("chat", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert (done.code, done.out) == (0, "answer of z\n")
    assert "error: 0 of 1 proposals were usable" in done.err
    assert [m["content"] for m in loopback.asked("a")[-1].messages] == ["second?"]
