"""Run commands in the tests' own process."""

import gc
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from commands import Output, Run
from langgraph_moa.apps.cli import main


@pytest.fixture(autouse=True)
def of_the_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the garbage collector, and Ctrl-C, to the tests: a command takes them as its own process's."""
    monkeypatch.setattr(gc, "freeze", lambda: None)
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)
    gc.enable()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> Output:
        monkeypatch.setattr(sys, "argv", ["langgraph-moa", *arguments])
        code: Any = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        captured = capsys.readouterr()
        return Output(code, captured.out, captured.err)

    return call
