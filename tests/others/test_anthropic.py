"""The server that stands in for Anthropic's batches does what its own client expects of it."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from batch_server import Plan, Refusal
from loopback import Reply, running
from message_batches import MessageServer


@pytest.fixture
def server() -> Iterator[MessageServer]:
    with running(MessageServer()) as started:
        started.key = "k"
        yield started


@pytest.fixture
def client(server: MessageServer) -> Iterator[Any]:
    with anthropic.Anthropic(base_url=server.url.removesuffix("/v1"), api_key="k", max_retries=0) as made:
        yield made


def request(number: int, **changes: Any) -> dict[str, Any]:
    asked = {"role": "user", "content": f"question {number}"}
    return {"custom_id": f"r{number}", "params": {"model": "m", "max_tokens": 9, "messages": [asked], **changes}}


def to_the_end(client: Any, batch: Any) -> tuple[Any, dict[str, Any]]:
    while batch.processing_status != "ended":
        batch = client.messages.batches.retrieve(batch.id)
    return batch, {line.custom_id: line.result for line in client.messages.batches.results(batch.id)}


def test_a_batch_is_answered(client: Any, server: MessageServer) -> None:
    server.say("m", lambda body: Reply(f"about {body['messages'][0]['content']}", reasoning="so"))
    batch, results = to_the_end(client, client.messages.batches.create(requests=[request(n) for n in range(9)]))
    counts = batch.request_counts

    assert (counts.succeeded, counts.processing, counts.errored, counts.canceled, counts.expired) == (9, 0, 0, 0, 0)
    assert {name: result.message.content[1].text for name, result in results.items()} == {
        f"r{n}": f"about question {n}" for n in range(9)
    }
    assert [*results] != sorted(results)
    assert results["r1"].message.usage.service_tier == "batch"
    assert results["r1"].message.stop_reason == "end_turn"
    assert len(server.billed_requests) == 9


@pytest.mark.parametrize("faulty", [False, True])
def test_some_requests_fail(client: Any, server: MessageServer, faulty: bool) -> None:
    server.plans = [Plan(statuses=[529, 400, 500])]
    asked = [request(n) for n in range(6)]
    if faulty:
        server.plans, asked = [], [*asked, request(6, max_tokens=None), request(7, messages=[])]
    batch, results = to_the_end(client, client.messages.batches.create(requests=asked))
    errors = sorted(result.error.error.type for result in results.values() if result.type == "errored")

    others = ["api_error", "invalid_request_error", "overloaded_error"]

    assert errors == (["invalid_request_error"] * 2 if faulty else others)
    assert batch.request_counts.errored == len(errors)
    assert len(server.billed_requests) == batch.request_counts.succeeded


@pytest.mark.parametrize("end", ["expired", "canceled"])
def test_a_batch_ends_early(client: Any, server: MessageServer, end: str) -> None:
    server.plans = [Plan(end=end, share=0.25)]
    batch = client.messages.batches.create(requests=[request(n) for n in range(8)])
    if end == "canceled":
        batch = client.messages.batches.cancel(batch.id)
        assert batch.processing_status == "canceling"
    batch, results = to_the_end(client, batch)

    assert getattr(batch.request_counts, end) == 6
    assert sorted(result.type for result in results.values()) == [end] * 6 + ["succeeded"] * 2
    assert len(server.billed_requests) == 2


def test_what_is_wrong_is_refused(client: Any, server: MessageServer) -> None:
    server.most_message_requests, server.most_message_bytes = 2, 1000
    create = client.messages.batches.create
    for wrong in ([], [request(n) for n in range(3)], [request(1)] * 2, [{**request(1), "custom_id": "a b"}]):
        with pytest.raises(anthropic.BadRequestError):
            create(requests=wrong)
    with pytest.raises(anthropic.RequestTooLargeError):
        create(requests=[request(1, system="a" * 1000)])
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve("msgbatch_none")
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="other").messages.batches.create(requests=[request(1)])
    server.refusals = [Refusal("/messages/batches"), Refusal("/messages/batches", done=True)]
    with pytest.raises(anthropic.RateLimitError):
        create(requests=[request(1)])
    with pytest.raises(anthropic.APIConnectionError):
        create(requests=[request(1)])
    assert [batch.request_counts.processing for batch in client.messages.batches.list()] == [1]


def test_batches_are_listed_page_by_page(client: Any) -> None:
    made = [client.messages.batches.create(requests=[request(n)]).id for n in range(5)]
    page = client.messages.batches.list(limit=2)

    assert [batch.id for batch in page.data] == made[:2:-1]
    assert page.has_more
    assert [batch.id for batch in client.messages.batches.list(limit=2)] == made[::-1]


def test_it_answers_live_ones_too(client: Any, server: MessageServer) -> None:
    server.say("m", Reply("well", tool_calls=[("look_up", {"a": 1})]))
    answer = client.messages.create(**request(1)["params"])

    assert [block.type for block in answer.content] == ["text", "tool_use"]
    assert (answer.stop_reason, answer.content[1].input) == ("tool_use", {"a": 1})
    assert [json.dumps(billed["usage"]) for billed in server.billed_requests]
