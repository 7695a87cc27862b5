"""Batches of OpenAI's form, on a server of the same, and Together's words."""

from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Plan
from batched import journal_with
from langgraph_moa.core.batches.openai_batches import OpenAIBatches, _result_in
from langgraph_moa.core.batches.provider import BatchRequest, BatchResult, BatchStatus, Parcel
from langgraph_moa.core.wire.parsing import read_json, write_json
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer
from langgraph_moa.core.wire.sending import Address
from loopback import Reply

BODY = b'{"model": "a", "messages": [{"role": "user", "content": "%d"}]}'


def parcel(count: int = 3, file: str = "") -> Parcel:
    return Parcel("n", count, lambda: iter([BatchRequest(f"moa-{n}", BODY % n) for n in range(count)]), file)


async def created(
    server: BatchServer, count: int = 3, key: str = "sk-key"
) -> tuple[OpenAIBatches, BatchStatus, Parcel]:
    batches = OpenAIBatches(Address(server.url, key))
    sent = parcel(count, await batches.upload(parcel(count)))
    return batches, await batches.create(sent), sent


async def ended(batches: OpenAIBatches, status: BatchStatus) -> tuple[BatchStatus, list[BatchResult]]:
    for _ in range(20):
        if (status := await batches.poll(status.batch)).has_ended:
            return status, [result async for result in batches.results(status)]
    raise AssertionError


async def test_what_is_sent_comes_back(batches: BatchServer) -> None:
    sender, status, sent = await created(batches)
    assert (status.state, status.has_ended) == ("validating", False)
    status, results = await ended(sender, status)
    assert (status.state, status.completed) == ("completed", 3)
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
        BatchStatus("j", "in_progress", word="a new word"),
    ),
    (
        {"id": "j", "status": f"\x1b[31m\ud800\u202e{'x' * 999}", "expires_at": 1e9},
        BatchStatus("j", "in_progress", word=f"[31m\ufffd{'x' * 34}…", expires=1e9),
    ),
    (
        {"id": "j", "status": "FAILED", "error": "Credit limit exceeded"},
        BatchStatus("j", "failed", error="Credit limit exceeded", is_accounts=True),
    ),
]


def test_togethers_words_are_told_in_openais() -> None:
    sender = OpenAIBatches(Address("https://api.together.xyz/v1", "key"))
    for sent, status in TOGETHER:
        assert sender._status(sent) == status


RESULTS: list[tuple[dict[str, Any], int | None]] = [
    ({"response": {"status_code": "200", "body": {"choices": []}}}, 200),
    ({"response": {"status_code": "429", "body": {}}}, 429),
    ({"response": {"status_code": "0200000", "body": {"choices": []}}}, 200),
    ({"response": {"status_code": True, "body": {"error": {"code": 403}}}}, 403),
    ({"response": {"status_code": "OK", "body": {}}}, 500),
    ({"response": {"status_code": 10**30, "body": None}}, 500),
    ({"response": {}}, 200),
    ({"error": {"code": "batch_expired", "message": "m"}}, None),
    ({"error": {"code": "batch_cancelled", "message": "m"}}, None),
    ({"error": None}, None),
    ({}, None),
    ({"error": {"code": "invalid_request_error", "message": "too long"}}, 400),
    ({"error": {"type": "unknown", "code": None}}, 400),
    ({"error": {"code": "rate_limit_exceeded"}}, 429),
    ({"error": {"code": "request_timeout"}}, 500),
    ({"error": {"code": "server_error"}}, 500),
    ({"error": {"code": "503"}}, 503),
    ({"error": {"message": "who knows"}}, 500),
    ({"error": "who knows"}, 500),
]


@pytest.mark.parametrize(("line", "status"), RESULTS)
def test_what_was_asked_is_never_taken_for_unasked(line: dict[str, Any], status: int | None) -> None:
    result = _result_in(write_json({"custom_id": "moa-1", **line}))
    assert result
    assert result.status == status
    if line.get("error") and status:
        assert read_json(result.body) == {"error": line["error"]}


async def test_an_error_is_handed_on_without_the_key(batches: BatchServer) -> None:
    batches.say("a", Reply(status=401, body='{"error": {"message": "Incorrect key: sk-key-0123456789"}}'))
    batches.plans = [Plan(garbage=['{"custom_id": "moa-9", "error": {"code": "x", "message": "sk-key-0123456789"}}'])]
    sender, status, _ = await created(batches, key="sk-key-0123456789")
    _, results = await ended(sender, status)
    assert len(results) == 4
    assert all(b"[redacted]" in result.body and b"0123456789" not in result.body for result in results)


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
    assert (parcels.parcel(1).completed, parcels.parcel(1).failed) == (0, 0)
    journal.close()
