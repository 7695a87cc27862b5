"""What is under way is cancelled, and its end waited for; who answers instead of whom decides what is kept."""

from contextlib import suppress
from pathlib import Path

import pytest
from batch_server import BatchServer, Refusal
from batched import in_batches, mixture
from langgraph_moa import ConfigError
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.evaluation.batch.cancelling import cancel_batches, files_with_batches
from langgraph_moa.graphs.asked import models_asked


async def left_under_way(server: BatchServer, out: Path) -> int:
    server.refusals = [Refusal("/batches", method="GET", status=401)]
    with suppress(ConfigError):
        await in_batches(server, out)
    return len(server.batches)


async def test_another_mixture_begins_anew_once_all_has_ended(batches: BatchServer, tmp_path: Path) -> None:
    out, other = tmp_path / "rows.jsonl", mixture(batches, layers=3)
    made = await left_under_way(batches, out)
    with pytest.raises(ConfigError, match="--cancel-batches"):
        await in_batches(batches, out, moa=other)
    waves: list[Wave] = []
    for batch in batches.batches.values():
        batch.plan.polls = 10**6
    cancelled = await cancel_batches(models_asked(other), [out], waves.append, seconds=0.01, poll_s=0.001)
    assert {parcel.state for parcel in cancelled} == {"cancelling"}
    assert waves
    with pytest.raises(ConfigError, match="--cancel-batches"):  # for something is under way
        await in_batches(batches, out, moa=other)
    for batch in batches.batches.values():
        batch.plan.polls = 1
    cancelled = await cancel_batches(models_asked(other), [out], poll_s=0.001)
    assert ([parcel.state for parcel in cancelled], len(cancelled)) == (["cancelled"] * made, made)
    assert await cancel_batches(models_asked(other), [out]) == []

    assert (await in_batches(batches, out, moa=other))["answered"] == 4
    assert files_with_batches(tmp_path) == []


async def test_the_same_mixture_goes_on_from_what_was_answered(batches: BatchServer, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    await left_under_way(batches, out)
    assert files_with_batches(tmp_path) == [out]
    await cancel_batches(models_asked(mixture(batches)), [out, tmp_path / "none.jsonl"], poll_s=0.001)
    answered = len(batches.billed_requests)
    assert answered
    assert (await in_batches(batches, out))["answered"] == 4
    assert len(batches.billed_requests) == 12


async def test_where_one_file_cannot_be_cancelled_the_others_are(batches: BatchServer, tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        await left_under_way(batches, file)
    batches.refusals = [Refusal("/batches/", status=403)]
    with pytest.raises(ConfigError, match="does not cancel its batches, which go on and are billed"):
        await cancel_batches(models_asked(mixture(batches)), files, poll_s=0.001)
    statuses = [batch.status for batch in batches.batches.values()]
    assert (statuses[0] in ("validating", "in_progress"), set(statuses[1:2])) == (True, {"cancelling"})
    assert set(statuses[2:]) == {"cancelled"}
