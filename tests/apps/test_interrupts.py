"""Ctrl-C ends the command line with 130 and without a traceback, wherever it comes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import finish, in_a_process
from langgraph_moa.apps.interrupts import heed_ctrl_c, leave_on_ctrl_c, leave_within
from loopback import Loopback, Reply

AT_AN_IMPORT = """
import os, signal, sys
signals = {name: getattr(signal, name) for name in ("SIGINT", "SIGTERM")}

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            for _ in range(times):
                os.kill(os.getpid(), signals[kind])

wanted, times, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
del sys.argv[1:4]
sys.meta_path.insert(0, Interrupting())
from langgraph_moa.apps.cli import main
main()
"""
AT_THE_END = """
import atexit, os, signal
atexit.register(os.kill, os.getpid(), signal.SIGINT)
from langgraph_moa.apps.cli import main
main()
"""


def ended(code: str, *arguments: str, ignored: bool = False) -> "subprocess.CompletedProcess[str]":
    """Run a program of its own, which a shell would start with SIGINT ignored where it is in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("module", "times", "command"),
    [
        ("langgraph_moa.apps.program", 1, "--help"),
        ("typer.core", 2, "ask x"),
        ("langgraph_moa.core.offline.model", 2, "ask x"),
        *(
            pytest.param(*more, marks=pytest.mark.soak)
            for more in (
                ("typer", 1, "--help"),
                ("langgraph_moa.core.errors", 1, "ask x"),
                ("langgraph_moa.apps.ask.commands", 1, "ask x"),
                ("langchain_core.messages", 2, "ask x"),
                ("langgraph_moa.graphs.moa", 1, "ask x"),
                ("langgraph_moa.core.offline.model", 1, "ask x"),
            )
        ),
    ],
)
def test_while_something_is_imported(module: str, times: int, command: str) -> None:
    """The last ones are imported while the mixture is built, when the program has begun to work."""
    done = ended(AT_AN_IMPORT, module, str(times), "SIGINT", *command.split())

    assert (done.returncode, done.stdout) == (130, "")
    assert [line for line in done.stderr.splitlines() if not line.startswith("models: ")] == []


def test_in_a_background_it_is_ignored() -> None:
    done = ended(AT_AN_IMPORT, "typer", "1", "SIGINT", "--version", ignored=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("langgraph-moa ")


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("langgraph_moa.graphs.moa", "ask x --thread t --store s"),
        pytest.param("typer", "batch in out", marks=pytest.mark.soak),
        pytest.param("langgraph_moa.evaluation.batch.batch", "batch in out", marks=pytest.mark.soak),
        pytest.param("langgraph_moa.evaluation.comparing.compare", "compare in", marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("ignored", [pytest.param(False, marks=pytest.mark.soak), True])
def test_sigterm_ends_an_import_in_a_background_too(module: str, command: str, ignored: bool) -> None:
    done = ended(AT_AN_IMPORT, module, "1", "SIGTERM", *command.split(), ignored=ignored)

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "", "")


def test_once_all_is_done() -> None:
    done = ended(AT_THE_END, "--version")

    assert (done.returncode, done.stderr) == (130, "")
    assert done.stdout.startswith("langgraph-moa ")  # what it came to is not lost


def test_it_is_an_exception_for_work_that_ends_in_order() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        leave_on_ctrl_c()
        heed_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda number, frame: None], ids=["ignored", "somebody_elses"])
def test_what_somebody_else_does_about_it_stays(theirs: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, theirs)
    try:
        for change in (leave_on_ctrl_c, heed_ctrl_c):
            change()
            assert signal.getsignal(signal.SIGINT) is theirs
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_that_nobody_can_end_holds_no_end_up() -> None:
    """Python waits for its threads, as for one that looks for a host in vain."""
    code = "import threading; from langgraph_moa.apps.interrupts import leave_within; "
    waits = "threading.Thread(target=threading.Event().wait).start()"

    assert ended(f"{code}leave_within(0.1); {waits}").returncode == 143
    leave_within(0.1)()
    time.sleep(0.2)  # or these tests would be gone


MOMENTS = {
    "ask": ["ask", "x", "--proposer", "a", "--layers", "1"],
    "in a thread": ["ask", "x", "--proposer", "a", "--aggregator", "b", "--thread", "t", "--store", "store"],
    "chat": ["chat", "--proposer", "a", "--aggregator", "b"],
    "chat in a thread": ["chat", "--proposer", "a", "--aggregator", "b", "--thread", "t", "--store", "store"],
    "resume": ["resume", "--thread", "t", "--store", "store"],
    "batch": ["batch", "questions.jsonl", "rows.jsonl", "--proposer", "a", "--aggregator", "b"],
    "compare": ["compare", "questions.jsonl", "--system", "single,proposer=a", "--system", "single,proposer=b"],
}


@pytest.mark.soak
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("in_background", [False, True])
@pytest.mark.parametrize("command", MOMENTS)
def test_sigterm_ends_whatever_asks(
    loopback: Loopback,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    in_background: bool,
    again: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.jsonl").write_text('{"id": 1, "question": "x", "gold": "1"}\n' * 1)
    hangs = Reply(broken="hang")
    server = ["--base-url", loopback.url]
    if command == "resume":
        loopback.say("b", Reply(status=500))
        assert finish(in_a_process(*MOMENTS["in a thread"], *server)).code == 0
    loopback.scripts.update({"a": hangs, "b": hangs})
    before = len(loopback.requests)
    process = in_a_process(*MOMENTS[command], *server, in_background=in_background, talks=True)
    if command.startswith("chat") and process.stdin:
        process.stdin.write("x\n")
        process.stdin.flush()
    loopback.wait_until(lambda: len(loopback.requests) > before)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    if again:
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    seconds, asked = time.monotonic() - begun, len(loopback.requests)

    assert process.returncode in (143, -signal.SIGTERM), err
    assert seconds < (4 if again else 10)
    assert "Traceback" not in err
    assert all(request.closed_early.wait(10) for request in loopback.requests[before:])
    assert len(loopback.requests) == asked
