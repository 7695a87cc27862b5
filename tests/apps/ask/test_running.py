"""A run that is stopped in the middle, or that fails."""

import json
import signal
import time

import pytest
from commands import in_a_process
from loopback import Loopback, Reply


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_stops_with_what_was_answered(loopback: Loopback, as_json: bool) -> None:
    loopback.say("slow", Reply(broken="hang"))
    panel = ["--proposer", "quick", "--proposer", "slow"]
    process = in_a_process("ask", "x", "--base-url", loopback.url, *panel, *(["--json"] if as_json else []))
    assert process.stderr
    err = ""
    while "quick  ok" not in err:
        line = process.stderr.readline()
        assert line, err
        err += line
    deadline = time.monotonic() + 30
    while not loopback.asked("slow") and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in err + rest
    assert "Unclosed" not in err + rest
    assert loopback.asked("slow")[0].closed_early.wait(10)
    if as_json:
        report = json.loads(out)
        assert (report["answer"], [p["text"] for p in report["proposals"]]) == (None, ["answer of quick"])
        assert (report["run"]["stopped"], report["run"]["calls"]) == ("interrupted", 1)
        assert "moa" not in report["proposals"][0]
    else:
        assert "interrupted; answered so far:\n- layer 1, quick: answer of quick" in rest
