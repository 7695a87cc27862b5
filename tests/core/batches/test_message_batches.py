"""Batches of messages are sent, found again, and what came of them is read; nobody else's is ever taken."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from batch_server import Plan, Refusal
from langchain_core.messages import AIMessage
from langgraph_moa.core.batches import message_batches
from langgraph_moa.core.batches.message_batches import MessageBatches, _status
from langgraph_moa.core.batches.provider import BatchRequest, BatchResult, BatchStatus, Parcel
from langgraph_moa.core.batches.providers import batches_at
from langgraph_moa.core.clock import unix_time
from langgraph_moa.core.models.resolve import resolve_model
from langgraph_moa.core.wire.parsing import write_json
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer
from loopback import Reply
from message_batches import MessageServer, running_for_anthropic

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessageServer]:
    with running_for_anthropic(monkeypatch) as started:
        yield started


@pytest.fixture
def model(server: MessageServer) -> Any:
    resolved: Any = resolve_model("anthropic:m", transport="lean")
    return resolved.model_copy(update={"max_retries": 0})


@pytest.fixture
def batches(model: Any) -> MessageBatches:
    provider = batches_at(model.address)
    assert isinstance(provider, MessageBatches)
    return MessageBatches(model.address)


def parcel(name: str = "langgraph-moa-1a2b-1", *numbers: int) -> Parcel:
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    requests = [BatchRequest(f"moa-{number}", write_json(asked)) for number in numbers or range(1, 9)]
    return Parcel(name, len(requests), lambda: iter(requests), began=unix_time())


async def to_the_end(batches: MessageBatches, status: BatchStatus) -> BatchStatus:
    while not status.has_ended:
        status = await batches.poll(status.batch)
    return status


async def results(batches: MessageBatches, status: BatchStatus) -> list[BatchResult]:
    return sorted([result async for result in batches.results(status)], key=lambda result: result.custom_id)


async def lost(batches: MessageBatches, server: MessageServer, sent: Parcel) -> None:
    """Have a batch created, and the answer lost."""
    server.refusals = [Refusal("/messages/batches", done=True)]
    with pytest.raises(ServerError):
        await batches.create(sent)


async def test_a_batch_is_sent_and_read(batches: MessageBatches, server: MessageServer) -> None:
    assert await batches.upload(parcel()) == ""
    first = await batches.create(parcel())
    status = await to_the_end(batches, first)
    answers = await results(batches, status)

    assert (first.state, status.state, status.completed) == ("in_progress", "completed", 8)
    assert first.expires
    assert 86_000 < first.expires - unix_time() < 87_000
    assert [(answer.custom_id, answer.status) for answer in answers] == [
        (f"moa-{number}", 200) for number in range(1, 9)
    ]
    assert b'"type":"message"' in answers[0].body.replace(b" ", b"")
    assert {billed["custom_id"] for billed in server.billed_requests} == {
        f"langgraph-moa-1a2b-1_moa-{number}" for number in range(1, 9)
    }


async def test_what_failed_says_how(batches: MessageBatches, server: MessageServer) -> None:
    server.plans = [
        Plan(statuses=[529, 500, 429, 413, 400, 402], garbage=["{", "[]", '{"custom_id": "a", "result": 1}'])
    ]
    answers = await results(batches, await to_the_end(batches, await batches.create(parcel())))

    assert sorted(answer.status or 0 for answer in answers) == [200, 200, 400, 402, 413, 429, 500, 529]
    assert all(b"scripted failure" in answer.body for answer in answers if answer.status != 200)


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_a_batch_ends_early(batches: MessageBatches, server: MessageServer, end: str) -> None:
    server.plans = [Plan(end=end, share=0.25)]
    status = await batches.create(parcel())
    if end == "cancelled":
        assert (await batches.cancel(status.batch)).state == "cancelling"
    status = await to_the_end(batches, status)
    answers = await results(batches, status)

    assert (status.state, status.completed, status.failed) == (end, 2, 6)
    assert [answer.status for answer in answers].count(None) == 6


async def test_what_was_lost_is_found(batches: MessageBatches, server: MessageServer) -> None:
    sent = parcel()
    await lost(batches, server, sent)
    status = await batches.find(sent, [])
    assert status
    assert not status.is_certain
    asked_to_cancel = await batches.cancel(status.batch)
    assert (asked_to_cancel.state, asked_to_cancel.is_certain) == ("in_progress", False)
    ended = await to_the_end(batches, status)
    again = await batches.find(sent, [])

    assert again
    assert again.is_certain
    assert (status.state, ended.state, len(await results(batches, ended))) == ("in_progress", "completed", 8)
    assert ended.batch == again.batch in server.message_batches
    assert await batches.find(sent, [ended.batch]) is None
    assert len(server.billed_requests) == 8


async def test_nobody_elses_is_taken(batches: MessageBatches, server: MessageServer) -> None:
    other = await batches.create(parcel("langgraph-moa-other-1"))
    status = await batches.find(sent := parcel(), [])
    assert status
    ended = await to_the_end(batches, status)
    assert (ended.state, ended.outputs) == ("failed", ())
    assert ended.error
    assert await batches.find(sent, []) is None

    await batches.create(parcel("langgraph-moa-other-2"))
    await lost(batches, server, sent)
    await batches.create(parcel("langgraph-moa-other-3"))
    status = await batches.find(sent, [other.batch])
    assert status
    ended = await to_the_end(batches, status)
    assert ended.batch == [*server.message_batches][2]


async def test_a_file_that_is_not_read_to_its_end_is_closed(
    batches: MessageBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def lines(address: object, path: str) -> AsyncGenerator[bytes]:
        try:
            for number in range(9):
                yield b'{"custom_id": "langgraph-moa-1a2b-1_moa-%d", "result": {"type": "expired"}}' % number
        finally:
            closed.append(path)

    monkeypatch.setattr(message_batches, "lines_at", lines)
    assert await batches._is_of("b", "langgraph-moa-1a2b-1")
    assert len(closed) == 1
    async with aclosing(batches.results(BatchStatus("b", "completed", outputs=("b",)))) as some:
        await anext(some)
    assert len(closed) == 2


@pytest.mark.parametrize(("size", "hours"), [(7, 0), (8, 2)])
async def test_another_size_or_time_is_another_batch(
    batches: MessageBatches, server: MessageServer, size: int, hours: int
) -> None:
    now = server.now
    server.now = lambda: now() - timedelta(hours=hours)
    await batches.create(parcel("langgraph-moa-1a2b-1", *range(size)))

    assert await batches.find(parcel(), []) is None


async def test_the_list_is_read_to_its_end(batches: MessageBatches, server: MessageServer) -> None:
    sent = parcel("langgraph-moa-1a2b-1", 1, 2)
    await lost(batches, server, sent)
    for number in range(120):
        await batches.create(parcel(f"langgraph-moa-other-{number}", 1))
    status = await batches.find(sent, [])

    assert status
    assert (await to_the_end(batches, status)).batch == next(iter(server.message_batches))


async def test_what_is_refused_shows_no_key(batches: MessageBatches, server: MessageServer) -> None:
    server.key = "another"
    with pytest.raises(ServerError) as refused:
        await batches.create(parcel())

    assert refused.value.status_code == 401
    assert "sk-secret-key" not in f"{refused.value!r} {refused.value.body} {vars(refused.value)}"


async def test_live_it_is_asked_for_messages(model: Any, server: MessageServer) -> None:
    server.say("m", Reply("well", reasoning="hm"))
    answer = await model.ainvoke([("system", "Be brief."), ("user", "hi")])
    streamed = [chunk async for chunk in model.astream("hi")]

    assert isinstance(answer, AIMessage)
    assert (answer.content, answer.additional_kwargs["reasoning_content"]) == ("well", "hm")
    assert answer.usage_metadata
    assert answer.usage_metadata["output_tokens"] == 1
    assert [chunk.content for chunk in streamed if chunk.content] == ["well"]
    assert server.requests[0].body == {
        "model": "m", "max_tokens": 8192, "system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]
    }  # fmt: skip
    server.say("m", Reply(status=529))
    with pytest.raises(ServerError) as failed:
        await model.ainvoke("hi")
    assert failed.value.status_code == 529


@pytest.mark.parametrize("id_", ["", "\ud800", 5, None, "a b\tc"])
def test_what_cannot_be_an_id_is_no_answer(id_: object) -> None:
    with pytest.raises(UnreadableAnswer, match="found no id"):
        _status({"id": id_, "processing_status": "ended", "request_counts": {"succeeded": 10**30}})
    counted = _status({"id": "b", "processing_status": "ended", "request_counts": {"succeeded": 10**30, "errored": -1}})
    assert (counted.completed, counted.failed) == (0, 0)
