"""What the commands about one mixture begin with."""

import sys

import pytest
from commands import Run


@pytest.mark.parametrize("command", [["ask", "-"], ["chat"]])
def test_a_closed_standard_input_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert "found standard input closed" in run(*command).err
