"""What all commands share of a terminal."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import pytest
from langgraph_moa.apps import terminal
from langgraph_moa.apps.terminal import OrderlyEnd, note, print_error, sigterm_as_ctrl_c


def test_an_error_is_one_line_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("the key sk-abcdefghijklmnopqrstuvwxyz0123456789\nis wrong\x1b[2J")

    written = capsys.readouterr().err
    assert written.startswith("error: the key ")
    assert written.count("\n") == 1
    assert "abcdefghijklmnop" not in written
    assert "\x1b" not in written


def test_a_note_is_not_broken_into_lines(capsys: pytest.CaptureFixture[str]) -> None:
    note("long " * 60)

    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_a_note_drives_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    note("models: x\x1b]0;T\a\x1b[2J aggregates")

    assert not set(capsys.readouterr().err) & {"\x1b", "\a"}


def test_sigterm_ends_what_runs_in_order_and_is_told_apart() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            steps.append("ended in order")

    before = signal.getsignal(signal.SIGTERM)
    with sigterm_as_ctrl_c() as ending, pytest.raises(KeyboardInterrupt):
        ending.run(work())

    assert (steps, ending.terminated) == (["ended in order"], True)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_and_one_while_nothing_runs_wait_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[float] = []

    def leave_within(seconds: float) -> Callable[[], None]:
        bounds.append(seconds)
        return bounds.clear

    monkeypatch.setattr(terminal, "leave_within", leave_within)
    ending = OrderlyEnd()
    with pytest.raises(KeyboardInterrupt):
        ending.on_signal(signal.SIGTERM, None)
    assert ending.terminated

    async def work() -> None:
        with pytest.raises(KeyboardInterrupt):
            ending.on_signal(signal.SIGTERM, None)

    ending.run(work())
    assert bounds == [9.0, 3.0]
    ending.timers.close()
    assert bounds == [], "who has ended is not ended once more"


def test_what_is_cancelled_without_a_signal_is_not_taken_for_one() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        OrderlyEnd().run(work())


def test_beside_the_main_thread_signals_are_left_alone() -> None:
    before, terminated = signal.getsignal(signal.SIGTERM), []

    def elsewhere() -> None:
        with sigterm_as_ctrl_c() as ending:
            terminated.append(ending.terminated)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert terminated == [False]
    assert signal.getsignal(signal.SIGTERM) is before
