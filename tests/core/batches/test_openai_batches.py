"""Batches of OpenAI's form, on a server of the same, and Together's words."""

from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Plan
from batched import journal_with
from langgraph_moa.core.batches.openai_batches import OpenAIBatches
from langgraph_moa.core.batches.provider import BatchRequest, BatchResult, BatchStatus, Parcel
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer
from langgraph_moa.core.wire.sending import Address

BODY = b'{"model": "a", "messages": [{"role": "user", "content": "%d"}]}'


def parcel(count: int = 3, file: str = "") -> Parcel:
    return Parcel("n", count, lambda: iter([BatchRequest(f"moa-{n}", BODY % n) for n in range(count)]), file)


async def created(server: BatchServer, count: int = 3) -> tuple[OpenAIBatches, BatchStatus, Parcel]:
    batches = OpenAIBatches(Address(server.url, "sk-key"))
    sent = parcel(count, await batches.upload(parcel(count)))
    return batches, await batches.create(sent), sent


async def ended(batches: OpenAIBatches, status: BatchStatus) -> tuple[BatchStatus, list[BatchResult]]:
    for _ in range(20):
        if (status := await batches.poll(status.batch)).has_ended:
            return status, [result async for result in batches.results(status)]
    raise AssertionError


async def test_what_is_sent_comes_back(batches: BatchServer) -> None:
    sender, status, sent = await created(batches)
    assert (status.state, status.has_ended, sender.name) == ("validating", False, "other")
    status, results = await ended(sender, status)
    assert (status.state, status.completed, status.total) == ("completed", 3, 3)
    assert {result.custom_id for result in results} == {"moa-0", "moa-1", "moa-2"}
    assert all(result.status == 200 and b'"service_tier":"batch"' in result.body for result in results)
    assert batches.billed_requests[0]["batch"] == status.batch
    await sender.forget(sent)
    await sender.forget(sent)  # it is gone
    assert sent.file not in batches.files


ENDS: list[tuple[Plan, dict[int | None, int]]] = [
    (Plan(end="expired", share=0.5), {200: 2, None: 2}),
    (Plan(statuses=[429, 400]), {200: 2, 429: 1, 400: 1}),
    (Plan(statuses=[500], together=True, garbage=["", "no JSON", "[]", '{"custom_id": 5}']), {200: 3, 500: 1}),
    (Plan(lost=1), {200: 3}),
    (Plan(end="failed"), {}),
    (Plan(end="cancelled", share=0.25), {200: 1, None: 3}),
]


@pytest.mark.parametrize(("plan", "counts"), ENDS)
async def test_each_end_is_told_with_what_there_is(
    plan: Plan, counts: dict[int | None, int], batches: BatchServer
) -> None:
    batches.plans = [plan]
    sender, status, _ = await created(batches, 4)
    status, results = await ended(sender, status)
    assert status.state == plan.end
    assert {code: sum(result.status == code for result in results) for code in counts} == counts
    assert len(results) == sum(counts.values())
    if plan.end == "failed":
        assert status.is_full
        assert "Enqueued token limit" in str(status.error)


async def test_a_lost_batch_is_found_by_its_file_however_long_the_list_is(batches: BatchServer) -> None:
    sender, status, sent = await created(batches)
    for _ in range(101):
        await sender.create(sent)
    batches.batches = dict(reversed(batches.batches.items()))
    other = parcel(1, await sender.upload(parcel(1)))
    assert await sender.find(other, set()) is None
    found_batch = await sender.find(sent, set())
    assert found_batch
    assert found_batch.state == "validating"
    assert status.batch in batches.batches


async def test_what_is_refused_says_so_without_the_key(batches: BatchServer) -> None:
    sender = OpenAIBatches(Address(batches.url, "sk-key"))
    for ask in (sender.create(parcel(1, "no file sk-key")), sender.poll("no/such?batch")):
        with pytest.raises(ServerError) as caught:
            await ask
        assert caught.value.status_code in (400, 404)
        assert "sk-key" not in str(caught.value)


TOGETHER: list[tuple[dict[str, Any], BatchStatus]] = [
    ({"job": {"id": "j", "status": "VALIDATING"}}, BatchStatus("j", "validating")),
    ({"id": "j", "status": "IN_PROGRESS", "progress": 75}, BatchStatus("j", "in_progress")),
    (
        {"id": "j", "status": "COMPLETED", "output_file_id": "o", "error_file_id": "o"},
        BatchStatus("j", "completed", outputs=("o",)),
    ),
    ({"id": "j", "status": "FAILED", "error": "no such model"}, BatchStatus("j", "failed", error="no such model")),
    ({"id": "j", "status": "CANCELLED"}, BatchStatus("j", "cancelled")),
    (
        {"id": "j", "status": "a new word", "request_counts": {"total": "9", "failed": -1}},
        BatchStatus("j", "in_progress"),
    ),
]


def test_togethers_words_are_told_in_openais() -> None:
    sender = OpenAIBatches(Address("https://api.together.xyz/v1", "key"))
    assert sender.name == "together"
    for sent, status in TOGETHER:
        assert sender._status(sent) == status


LIES: list[dict[str, Any]] = [
    {"id": ""},
    {"id": "\ud800"},
    {"id": "a\nb"},
    {"id": "x" * 10_000},
    {"id": 5},
    {"id": "b", "status": "completed", "output_file_id": "\ud800"},
    {"id": "b", "status": "expired", "error_file_id": ["f"]},
]


@pytest.mark.parametrize("lie", LIES)
def test_what_cannot_be_an_id_is_no_answer(lie: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswer, match="found no id"):
        OpenAIBatches(Address("http://127.0.0.1:1/v1", "key"))._status(lie)


WILD: list[dict[str, Any]] = [
    {"request_counts": {"completed": 10**30, "failed": 2**64 - 1, "total": True}},
    {"request_counts": {"completed": -1, "failed": "many", "total": 1.5}},
    {"request_counts": [1]},
    {"status": "failed", "errors": {"data": [{"code": "\ud800", "message": "\udfff no", "line": 10**30}]}},
    {"status": "\ud800", "errors": [None, 5, ["x"]]},
]


@pytest.mark.parametrize("wild", WILD)
def test_whatever_a_provider_says_can_be_written_down(wild: dict[str, Any], tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 1)
    sent = parcels.pack("http://127.0.0.1:1/v1", "n", model="a", most=9, most_bytes=10**6)
    assert sent
    status = OpenAIBatches(Address("http://127.0.0.1:1/v1", "key"))._status({"id": "b", "status": "failed", **wild})
    parcels.note_status(sent.number, status)
    assert (parcels.parcel(1).completed, parcels.parcel(1).failed, status.total) == (0, 0, 0)
    journal.close()
