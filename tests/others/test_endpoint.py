"""The example that starts a server and asks it, which may not talk to itself among the other examples."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_server_is_started_asked_and_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "openai_endpoint.py"), run_name="__main__")

    first, calls, pieces = capsys.readouterr().out.splitlines()
    assert first == pieces.replace("|", "") == "17 * 24 = 408"
    assert calls == "5 calls"
    assert pieces.count("|") > 2
