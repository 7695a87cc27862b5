"""SIGTERM between two steps of a run, and within one."""

import asyncio
import os
import signal
import time
from collections import Counter

import pytest
from commands import Run, finish, in_a_process
from langgraph_moa.apps.ask import draining
from layered import MODELS
from loopback import Loopback, Reply


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


@pytest.mark.parametrize("in_background", [False, True])
def test_a_second_sigterm_waits_for_nobody(run: Run, loopback: Loopback, where: list[str], in_background: bool) -> None:
    loopback.say("a", Reply(broken="hang"))
    command = ["ask", "Which?", *where, "--base-url", loopback.url, *MODELS]
    process = in_a_process(*command, in_background=in_background)
    loopback.wait_until(lambda: len(loopback.requests) == 3)
    process.send_signal(signal.SIGTERM)
    assert process.stderr
    while "stopping after this step" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGTERM)
    stopped = finish(process)
    loopback.scripts.clear()

    resumed = run("resume", *where)

    assert stopped.code == 143
    assert f"go on with: langgraph-moa resume {' '.join(where)}" in stopped.err
    assert "Traceback" not in stopped.err
    assert "between two steps" not in stopped.err
    assert loopback.asked("a")[0].closed_early.wait(10)
    assert (resumed.code, resumed.out) == (0, "answer of last\n")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let a step have no time to end, and this process live on; return when it was to be gone."""
    ends: list[float] = []
    monkeypatch.setattr(draining, "STEP_S", 0.0)
    monkeypatch.setattr(draining, "leave_within", ends.append)
    return ends


async def test_a_step_that_does_not_end_is_cut(at_once: list[float]) -> None:
    async def terminated() -> None:
        with draining.drained_on_sigterm(lambda: None):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(draining.Terminated):
        await terminated()

    assert at_once == [9.0]


async def test_a_step_that_ends_is_not_cut_afterwards(at_once: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "STEP_S", 0.01)
    stopping = asyncio.Event()
    with draining.drained_on_sigterm(stopping.set):
        os.kill(os.getpid(), signal.SIGTERM)
        await stopping.wait()
    await asyncio.sleep(0.02)  # what would be cut is this test


@pytest.mark.soak
@pytest.mark.parametrize("in_background", [False, True])
def test_a_call_that_hangs_is_not_waited_for_to_its_timeout(
    run: Run, loopback: Loopback, where: list[str], in_background: bool
) -> None:
    loopback.say("a", Reply(broken="hang"))
    command = ["ask", "Which?", *where, "--base-url", loopback.url, *MODELS]
    process = in_a_process(*command, in_background=in_background)
    loopback.wait_until(lambda: len(loopback.requests) == 3)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    stopped = finish(process)
    seconds = time.monotonic() - begun
    loopback.scripts.clear()

    resumed = run("resume", *where)

    assert stopped.code == 143
    assert seconds < 10
    assert f"go on with: langgraph-moa resume {' '.join(where)}" in stopped.err
    assert (resumed.code, resumed.out) == (0, "answer of last\n")
    assert Counter(r.model for r in loopback.requests) == {"a": 3, "b": 2, "c": 2, "last": 1}, "two layers, one hung"
