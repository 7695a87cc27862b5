"""A comparison that is stopped."""

import signal
from pathlib import Path

import pytest
from commands import finish, in_a_process
from loopback import Loopback, Reply


@pytest.mark.parametrize("in_background", [False, True])
def test_sigterm_says_how_to_go_on(sums: str, loopback: Loopback, tmp_path: Path, in_background: bool) -> None:
    loopback.say("a", lambda body: Reply(broken="hang"))
    systems = ["--base-url", loopback.url, "--system", "single,proposer=a,label=a", "--system", "single,proposer=b"]
    (tmp_path / "temp").mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(tmp_path / "temp"))
        process = in_a_process("compare", str(tmp_path / sums), *systems, in_background=in_background)
    loopback.wait_until(lambda: len(loopback.requests) >= 8)
    process.send_signal(signal.SIGTERM)
    done = finish(process)

    told = "stopped: nothing is kept; with --keep DIR the same command goes on"
    assert (done.code, done.err.splitlines()[-1]) == (143, told)
    assert "Traceback" not in done.err
    assert list((tmp_path / "temp").glob("langgraph-moa-*")) == []
