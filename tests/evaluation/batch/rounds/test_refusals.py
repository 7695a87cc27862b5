"""Whole batches at providers that refuse for a while: nothing is paid for twice, and nobody gives up too soon."""

from collections import Counter
from pathlib import Path

import pytest
from batch_server import BatchServer, Plan, Refusal
from batched import in_batches
from loopback import Reply


def times(server: BatchServer) -> set[int]:
    return {*Counter(one["digest"] for one in server.billed_requests).values()}


async def test_a_batch_that_is_not_known_for_a_while_is_not_sent_again(batches: BatchServer, out: Path) -> None:
    batches.refusals = [Refusal("/batches/", method="GET", status=404) for _ in range(4)]
    batches.refusals += [Refusal(f"/files/file-batch_output{n}", method="GET", status=404) for n in range(9)]
    report = await in_batches(batches, out)

    assert (report["answered"], report["errors"], times(batches)) == (4, 0, {1})
    assert len(batches.billed_requests) == 12


async def test_a_creation_that_is_refused_is_tried_again_as_often_as_was_said(batches: BatchServer, out: Path) -> None:
    batches.refusals = [Refusal("/batches", status=400, code="invalid_value") for _ in range(4)]
    report = await in_batches(batches, out)
    assert (report["answered"], report["stopped"], len(batches.billed_requests)) == (4, None, 12)

    batches.refusals = [Refusal("/batches", status=400, code="invalid_value") for _ in range(6)]
    report = await in_batches(batches, out.with_name("other.jsonl"))
    assert (report["errors"], report["stopped"]) == (4, None)


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


@pytest.mark.parametrize("status", [0, 500, 429])
async def test_a_batch_may_come_back_with_failures_only(status: int, batches: BatchServer, out: Path) -> None:
    """Both were met: a completed batch without a file of answers, and answers of the status 0."""
    batches.plans = [Plan(statuses=[status] * 4)]
    report = await in_batches(batches, out)

    assert (report["answered"], report["errors"], times(batches)) == (4, 0, {1})
    assert next(iter(batches.batches.values())).shown["output_file_id"] is None
    assert len(batches.billed_requests) == 12


async def test_a_request_may_run_out_of_time_within_a_batch(batches: BatchServer, out: Path) -> None:
    replies = iter([Reply(broken="request_timeout"), *[Reply("late")] * 99])
    batches.default = lambda body: next(replies)
    report = await in_batches(batches, out)

    assert (report["answered"], report["errors"], len(batches.billed_requests)) == (4, 0, 12)
