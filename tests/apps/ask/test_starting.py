"""What the commands about one mixture begin with."""

import sys
from io import BytesIO, TextIOWrapper

import pytest
from commands import Run
from loopback import Loopback


@pytest.mark.parametrize("command", [["ask", "-"], ["chat"]])
def test_a_closed_standard_input_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert "found standard input closed" in run(*command).err


@pytest.mark.parametrize("command", [["ask", "-"], ["chat"]])
def test_bytes_that_are_no_text_are_read_and_told(
    run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"a caf\xe9?\n"), encoding="utf-8"))

    done = run(*command, "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert done.code == 0
    assert "found bytes in the question that are no UTF-8, expected text; each is read as U+FFFD" in done.err
    assert loopback.asked("a")[0].messages[0]["content"].strip() == "a caf\ufffd?"


def test_an_argument_that_is_no_text_is_read_and_told(run: Run, loopback: Loopback) -> None:
    done = run("ask", "a caf\udce9?", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert (done.code, "found bytes in the question that are no UTF-8" in done.err) == (0, True)
    assert loopback.asked("a")[0].messages[0]["content"] == "a caf\ufffd?"


def test_a_question_that_shows_nothing_is_refused(run: Run) -> None:
    assert "found an empty question" in run("ask", "\u200b\ufeff").err
