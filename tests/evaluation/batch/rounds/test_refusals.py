"""Whole batches at providers that refuse for a while: nothing is paid for twice, and nobody gives up too soon."""

from collections import Counter
from pathlib import Path

from batch_server import BatchServer, Refusal
from batched import in_batches


def times(server: BatchServer) -> set[int]:
    return {*Counter(one["digest"] for one in server.billed_requests).values()}


async def test_a_batch_that_is_not_known_for_a_while_is_not_sent_again(batches: BatchServer, out: Path) -> None:
    batches.refusals = [Refusal("/batches/", method="GET", status=404) for _ in range(4)]
    batches.refusals += [Refusal(f"/files/file-batch_output{n}", method="GET", status=404) for n in range(9)]
    report = await in_batches(batches, out)

    assert (report["answered"], report["errors"], times(batches)) == (4, 0, {1})
    assert len(batches.billed_requests) == 12


async def test_a_batch_that_is_gone_is_sent_again(batches: BatchServer, out: Path) -> None:
    batches.refusals = [Refusal("/batches/batch_0", method="GET", status=404) for _ in range(100)]
    report = await in_batches(batches, out)

    assert (report["answered"], report["errors"]) == (4, 0)
    assert len(batches.billed_requests) == 12  # its first four were never answered


async def test_a_batch_for_which_there_is_no_room_waits_for_others(batches: BatchServer, out: Path) -> None:
    batches.refusals = [Refusal("/batches", status=429, seen=1) for _ in range(10)]  # all but the first
    report = await in_batches(batches, out)

    assert (report["answered"], report["errors"], times(batches)) == (4, 0, {1})
    assert len(batches.billed_requests) == 12
