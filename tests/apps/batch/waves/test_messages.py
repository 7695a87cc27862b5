"""`batch --provider-batch` with Anthropic's models, as it dies: nothing is paid for twice."""

import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from batch_server import Plan, Refusal
from batches import Files
from commands import in_a_process
from loopback import running
from message_batches import MessageServer

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
FLAGS = "--proposer anthropic:a --proposer anthropic:b --aggregator anthropic:last --early-stop off".split()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessageServer]:
    with running(MessageServer()) as started:
        started.key = "sk-secret-key"
        monkeypatch.setenv("ANTHROPIC_API_KEY", started.key)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", started.url.removesuffix("/v1"))
        yield started


@pytest.mark.parametrize(("how_many", "kills"), [(3, 1), pytest.param(100, 8, marks=pytest.mark.soak)])
def test_killed_at_any_moment_nothing_is_paid_for_twice(
    how_many: int, kills: int, server: MessageServer, tmp_path: Path
) -> None:
    files, dice = Files(tmp_path), random.Random(how_many)
    files.ask(how_many)
    server.plans = [Plan(end="expired", share=0.5), Plan(), Plan(statuses=[529, 500])]
    server.refusals = [Refusal("/messages/batches", done=True, seen=1)]
    flags = [*FLAGS, "--layers", "3", "--provider-batch", "--batch-poll", "0.01"]
    command = ["batch", str(files.questions), str(files.rows), *flags]
    for _ in range(kills):
        process = in_a_process(*command)
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0.2, 1.5))
        process.kill()
        process.communicate(timeout=60)
    process = in_a_process(*command)
    out, err = process.communicate(timeout=180)  # a minute of which it may look for what was lost

    assert process.returncode == 0, (out, err)
    assert sorted(int(row["id"]) for row in files.whole_rows()) == list(range(how_many))
    assert {row["error"] for row in files.whole_rows()} == {None}
    assert {*Counter(one["digest"] for one in server.billed_requests).values()} == {1}
    assert len(server.billed_requests) == 5 * how_many
    assert "sk-secret-key" not in out + err
