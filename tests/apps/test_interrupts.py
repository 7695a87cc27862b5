"""Ctrl-C ends the command line with 130 and without a traceback, wherever it comes."""

import os
import signal
import subprocess
import sys

import pytest
from langgraph_moa.apps.interrupts import heed_ctrl_c, leave_on_ctrl_c

AT_AN_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

wanted, times = sys.argv[1], int(sys.argv[2])
del sys.argv[1:3]
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
        ("typer", 1, "--help"),
        ("typer.core", 2, "ask x"),
        ("langgraph_moa.core.errors", 1, "ask x"),
        ("langgraph_moa.apps.ask.commands", 1, "ask x"),
        ("langchain_core.messages", 2, "ask x"),
        ("langgraph_moa.graphs.moa", 1, "ask x"),
        ("langgraph_moa.core.offline.model", 1, "ask x"),
        ("langgraph_moa.core.offline.model", 2, "ask x"),
    ],
)
def test_while_something_is_imported(module: str, times: int, command: str) -> None:
    """The last ones are imported while the mixture is built, when the program has begun to work."""
    done = ended(AT_AN_IMPORT, module, str(times), *command.split())

    assert (done.returncode, done.stdout) == (130, "")
    assert [line for line in done.stderr.splitlines() if not line.startswith("models: ")] == []


def test_in_a_background_it_is_ignored() -> None:
    done = ended(AT_AN_IMPORT, "typer", "1", "--version", ignored=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("langgraph-moa ")


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
