"""Run commands in the tests' own process."""

import sys
from typing import Any

import pytest
from commands import Output, Run
from langgraph_moa.apps.cli import main


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
