"""A comparison that is stopped, and whose batches are cancelled."""

import signal
from pathlib import Path

import pytest
from batch_server import BatchServer, Refusal
from commands import Run, finish, in_a_process
from loopback import Loopback, Reply

SYSTEMS = ["--system", "single,proposer=a,label=alone", "--system", "single,proposer=b,label=other"]


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


def test_the_flag_that_errors_advise_cancels_what_all_systems_have_under_way(
    batches: BatchServer, tmp_path: Path, run: Run
) -> None:
    questions, folder = tmp_path / "questions.jsonl", tmp_path / "compared"
    questions.write_text('{"question": "What is 1 + 1?", "gold": "2"}\n')
    command = ["compare", str(questions), "--keep", str(folder), "--base-url", batches.url, "--grader", "exact"]
    batches.refusals = [Refusal("/batches", method="GET", status=401)]
    stopped = run(*command, *SYSTEMS, "--provider-batch")
    assert (stopped.code, len(batches.batches)) == (1, 1)
    assert list(folder.glob("*.batches"))

    cancelled = run(*command, *SYSTEMS, "--cancel-batches")
    assert cancelled.code == 0
    assert cancelled.out.startswith(f"1 batch was cancelled ({next(iter(batches.batches))})")
    assert "1 batch: 1 cancelling" in cancelled.err
    assert run(*command, *SYSTEMS, "--cancel-batches").out == f"nothing is under way at providers for {folder}\n"
    alone = run(*command[:2], *SYSTEMS, "--cancel-batches")
    assert "found --cancel-batches without --keep, expected a folder" in " ".join(alone.err.split())
