"""Nothing that was paid for is paid for again, whichever way a batch is started, stopped and called."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Refusal
from batched import SOON, in_batches, mixture
from langgraph_moa import ConfigError, acompare, create_moa
from langgraph_moa.evaluation.batch.cancelling import cancel_batches
from langgraph_moa.graphs.asked import models_asked


async def stopped(server: BatchServer, out: Path, **options: Any) -> None:
    """Begin, and leave the batches of the first layer under way."""
    server.refusals = [Refusal("/batches", status=401, method="GET", seen=0)]
    with pytest.raises(ConfigError):
        await in_batches(server, out, **options)
    server.refusals = []
    assert len(server.batches) == 2


async def test_what_is_under_way_is_not_asked_now(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    with pytest.raises(ConfigError, match=r"in providers' batches.* add --provider-batch, or cancel with --cancel-"):
        await in_batches(batches, out, provider_batch=None)
    assert batches.requests == []

    await cancel_batches(models_asked(mixture(batches)), [out], poll_s=0.001)
    assert (await in_batches(batches, out, provider_batch=None))["answered"] == 4
    assert [file.name for file in out.parent.iterdir()] == ["rows.jsonl"]


async def test_verdicts_under_way_are_not_asked_for_now(batches: BatchServer, tmp_path: Path) -> None:
    systems = {name: create_moa(proposers=[name], layers=1, resolve=batches.resolve) for name in "ab"}
    given: Any = {"judge": "judge", "out": tmp_path / "c", "resolve": batches.resolve}
    batches.refusals = [Refusal("/batches", status=401, seen=2)]
    with pytest.raises(ConfigError):
        await acompare(systems, ["Question?"], provider_batch=SOON, **given)
    batches.refusals = []
    with pytest.raises(ConfigError, match="in providers' batches"):
        await acompare(systems, ["Question?"], **given)
    assert batches.requests == []


async def test_once_cancelled_another_mixture_may_begin(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    other = mixture(batches, layers=3)
    with pytest.raises(ConfigError, match="another mixture"):
        await in_batches(batches, out, moa=other)
    await cancel_batches(models_asked(other), [out], poll_s=0.001)
    assert (await in_batches(batches, out, moa=other))["answered"] == 4
    assert not any(batch["mixture"] is None for batch in (row["run"] for row in rows_in(out)))


def size_of(path: Path) -> int:
    return path.stat().st_size


def linked(out: Path) -> Path:
    real = out.with_name("real.jsonl")
    out.symlink_to(real)
    return real


async def test_a_link_and_what_it_leads_to_are_one_file(batches: BatchServer, out: Path) -> None:
    real = linked(out)
    await stopped(batches, out)
    report = await in_batches(batches, real)
    assert (report["answered"], len(batches.batches)) == (4, 3)
    assert sorted(file.name for file in out.parent.iterdir()) == ["real.jsonl", "rows.jsonl"]


@pytest.mark.parametrize("stops", [False, True])
async def test_rows_are_on_the_disk_before_what_they_hold_is_forgotten(
    stops: bool, batches: BatchServer, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a power failure: of the rows only what was written to the disk is there, and of the journal all."""
    on_disk: dict[Path, int] = {}
    fsync = os.fsync

    def sync(file: int) -> None:
        fsync(file)
        if os.path.samestat(os.fstat(file), out.stat()):
            on_disk[out] = os.fstat(file).st_size

    monkeypatch.setattr("os.fsync", sync)

    def stop(row: Any, report: Any) -> None:
        if stops:
            raise KeyError("stopped")

    with suppress(KeyError):
        await in_batches(batches, out, on_row=stop)
    assert on_disk[out] == size_of(out)
