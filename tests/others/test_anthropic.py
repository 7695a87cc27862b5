"""The server that stands in for Anthropic's batches does what its own client expects of it."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from batch_server import Plan, Refusal
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langgraph_moa.core.models.resolve import resolve_model
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


CALLS: list[dict[str, Any]] = [{"id": "toolu_1", "name": "look_up", "args": {"a": [1, None]}, "type": "tool_call"}]
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CONVERSATIONS: dict[str, list[Any]] = {
    "plain": [SystemMessage("Be brief."), HumanMessage("hi"), AIMessage("well"), HumanMessage("and?")],
    "pictures": [HumanMessage([{"type": "text", "text": "What is it?"}, PICTURE])],
    "tools": [
        HumanMessage("hi"), AIMessage("Let me see", tool_calls=CALLS), ToolMessage("seen", tool_call_id="toolu_1"),
        HumanMessage("and?"),
    ],
    "several results": [
        HumanMessage("hi"), AIMessage("", tool_calls=[*CALLS, {**CALLS[0], "id": "toolu_2"}]),
        ToolMessage("seen", tool_call_id="toolu_1"), ToolMessage("not", tool_call_id="toolu_2"),
    ],
}  # fmt: skip


@tool
def look_up(a: list[int]) -> str:
    """Look something up."""
    return str(a)


def blocks(sent: dict[str, Any]) -> dict[str, Any]:
    """Return a request with each content in blocks, and without what says the same by being left out."""
    whole: dict[str, Any] = json.loads(json.dumps({name: value for name, value in sent.items() if value is not None}))
    for message in whole["messages"]:
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        for block in message["content"]:
            block.pop("is_error", None)
            if block["type"] == "tool_result" and isinstance(block["content"], list):
                block["content"] = block["content"][0]["text"]
    return whole


@pytest.mark.parametrize("name", CONVERSATIONS)
@pytest.mark.parametrize("tools", [False, True])
def test_it_is_asked_as_langchains_own_package_asks(
    server: MessageServer, monkeypatch: pytest.MonkeyPatch, name: str, tools: bool
) -> None:
    address = server.url.removesuffix("/v1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
    usage = {"input_tokens": 5, "output_tokens": 9, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100}
    server.say("m", Reply("well", usage=usage, tool_calls=[("look_up", {"a": [1]})] if tools else []))
    theirs: Any = ChatAnthropic(model="m", max_tokens=9, api_key="k", base_url=address, stop=["X"])
    ours: Any = resolve_model("anthropic:m", transport="lean", max_tokens=9, stop="X")
    answers = []
    for model in (theirs, ours):
        asked = model.bind_tools([look_up], tool_choice="any") if tools else model
        answers.append(asked.invoke(CONVERSATIONS[name]))
    bodies = [blocks(request.body) for request in server.requests]

    assert bodies[0] == bodies[1]
    assert answers[0].text == answers[1].text == "well"
    assert answers[0].tool_calls == answers[1].tool_calls
    counts = [answer.usage_metadata for answer in answers]
    assert [{name: count[name] for name in ("input_tokens", "output_tokens", "total_tokens")} for count in counts] == [
        {"input_tokens": 125, "output_tokens": 9, "total_tokens": 134}
    ] * 2
    assert [count["input_token_details"]["cache_read"] for count in counts] == [100, 100]
    assert answers[0].response_metadata["stop_reason"] == answers[1].response_metadata["finish_reason"]
