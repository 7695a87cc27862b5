"""The server that stands in for a provider's batches does what the provider's own client expects of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from batch_server import BatchServer, Plan, Refusal
from loopback import Reply

SCRIPT = Path(__file__).parents[1] / "support" / "servers" / "batch_server.py"


@pytest.fixture
def client(batches: BatchServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=batches.url, api_key="k", max_retries=0) as made:
        yield made


def line(number: int, model: str = "m", **changes: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": f"question {number}"}]}
    return {"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body, **changes}


def written(lines: list[Any]) -> tuple[str, bytes]:
    return "requests.jsonl", "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines).encode()


def create(client: openai.OpenAI, lines: list[Any]) -> Any:
    file = client.files.create(file=written(lines), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"by": "test"}
    )


def to_the_end(client: openai.OpenAI, batch: Any) -> tuple[Any, list[str]]:
    states = [batch.status]
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        batch = client.batches.retrieve(batch.id)
        states += [batch.status] if states[-1] != batch.status else []
    return batch, states


def content(client: openai.OpenAI, file_id: str | None) -> dict[str, Any]:
    if file_id is None:
        return {}
    rows = [json.loads(row) for row in client.files.content(file_id).text.splitlines()]
    return {row["custom_id"]: row for row in rows}


def test_a_batch_is_answered(client: openai.OpenAI, batches: BatchServer) -> None:
    batches.say("m", lambda body: Reply(f"about {body['messages'][0]['content']}"))
    batch, states = to_the_end(client, create(client, [line(n) for n in range(20)]))
    rows = content(client, batch.output_file_id)

    assert states == ["validating", "in_progress", "finalizing", "completed"]
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (20, 20, 0)
    assert {row["response"]["body"]["choices"][0]["message"]["content"] for row in rows.values()} == {
        f"about question {n}" for n in range(20)
    }
    assert [*rows] != sorted(rows, key=lambda name: int(name[1:]))
    assert (batch.error_file_id, batch.errors, batch.metadata) == (None, None, {"by": "test"})
    assert len(batches.billed_requests) == len(batches.billed) == 20
    assert {billed["batch"] for billed in batches.billed_requests} == {batch.id}


def test_some_requests_of_a_batch_fail(client: openai.OpenAI, batches: BatchServer) -> None:
    failing = {"question 1": Reply(status=429), "question 2": Reply(status=400, body="{no"), "question 3": Reply(
        broken="request_timeout")}  # fmt: skip
    batches.say("m", lambda body: failing.get(body["messages"][0]["content"], Reply("well")))
    batches.plans = [Plan(), Plan(together=True), Plan(lost=2, doubled=1, garbage=["{", "[]"], statuses=[500])]
    lines = [line(n) for n in range(8)]
    apart, beside, crooked = [to_the_end(client, create(client, lines))[0] for _ in range(3)]
    answers, errors = content(client, apart.output_file_id), content(client, apart.error_file_id)

    assert {*answers} == {"r0", *(f"r{n}" for n in range(4, 8))}
    assert {name: row["response"] and row["response"]["status_code"] for name, row in errors.items()} == {
        "r1": 429, "r2": 400, "r3": None
    }  # fmt: skip
    assert errors["r3"]["error"]["code"] == "request_timeout"
    assert (apart.request_counts.completed, apart.request_counts.failed) == (5, 3)
    assert {*content(client, beside.output_file_id)} == {f"r{n}" for n in range(8)} - {"r3"}
    assert crooked.status == "completed"


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_ends_early(client: openai.OpenAI, batches: BatchServer, end: str) -> None:
    batches.plans = [Plan(end="completed" if end == "cancelled" else end, share=0.25)]
    batch = create(client, [line(n) for n in range(8)])
    if end == "cancelled":
        assert client.batches.cancel(batch.id).status == "cancelling"
    batch, states = to_the_end(client, batch)
    errors = content(client, batch.error_file_id)

    assert states[-1] == end
    assert (len(content(client, batch.output_file_id)), len(errors), len(batches.billed_requests)) == (2, 6, 2)
    assert {row["error"]["code"] for row in errors.values()} == {f"batch_{end}"}
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([], [("empty_file", None)]),
        ([line(0), "{"], [("invalid_json_line", 2)]),
        ([line(0), line(0)], [("duplicate_custom_id", 1), ("duplicate_custom_id", 2)]),
        ([line(0), line(1, url="/v1/embeddings")], [("url_mismatch", 2)]),
        ([line(0), line(1, "other")], [("model_mismatch", 2)]),
        ([line(0), line(1, method="GET")], [("missing_required_parameter", 2)]),
        ([line(n) for n in range(11)], [("too_many_tasks", None)]),
    ],
)
def test_a_file_may_be_no_batch(client: openai.OpenAI, batches: BatchServer, lines: Any, faults: Any) -> None:
    batches.most_requests = 10
    batch, states = to_the_end(client, create(client, lines))

    assert states == ["validating", "failed"]
    assert [(fault.code, fault.line) for fault in batch.errors.data] == faults
    assert (batch.output_file_id, batch.error_file_id, batches.billed) == (None, None, [])


def test_too_many_tokens_wait(client: openai.OpenAI, batches: BatchServer) -> None:
    lines = [line(n) for n in range(10)]
    batches.most_tokens = len(written(lines)[1]) // 4 + 10
    first = create(client, lines)
    client.batches.retrieve(first.id)
    running = client.batches.retrieve(first.id)
    second, _ = to_the_end(client, create(client, lines))
    first, _ = to_the_end(client, first)
    third, _ = to_the_end(client, create(client, lines))

    assert (running.status, first.status, second.status, third.status) == (
        "in_progress", "completed", "failed", "completed"
    )  # fmt: skip
    assert [(fault.code, fault.line) for fault in second.errors.data] == [("token_limit_exceeded", None)]


def test_what_is_wrong_is_refused(client: openai.OpenAI, batches: BatchServer) -> None:
    batches.most_bytes = 300
    file = client.files.create(file=written([line(0)]), purpose="batch")
    again: Any = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}

    with pytest.raises(openai.APIStatusError) as too_large:
        client.files.create(file=written([line(n) for n in range(9)]), purpose="batch")
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("requests.txt", b"{}"), purpose="batch")
    with pytest.raises(openai.BadRequestError):
        client.batches.create(input_file_id="file-none", **again)
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_none")
    batches.refusals = [Refusal("/batches"), Refusal("/batches", done=True)]
    with pytest.raises(openai.RateLimitError):
        client.batches.create(input_file_id=file.id, **again)
    with pytest.raises(openai.APIConnectionError):
        client.batches.create(input_file_id=file.id, **again)
    assert too_large.value.status_code == 413
    assert [batch.input_file_id for batch in client.batches.list()] == [file.id]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


def test_batches_are_listed_page_by_page(client: openai.OpenAI, batches: BatchServer) -> None:
    made = [create(client, [line(n)]).id for n in range(5)]
    page = client.batches.list(limit=2)

    assert [batch.id for batch in page.data] == made[:2:-1]
    assert page.has_more
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]
    assert [batch.id for batch in client.batches.list(after=made[1])] == [made[0]]
    assert len([*client.files.list(purpose="batch")]) == 5


def test_it_answers_live_ones_too(client: openai.OpenAI, batches: BatchServer) -> None:
    batches.say("m", "well")
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])

    assert answer.choices[0].message.content == "well"
    assert [(billed["model"], "batch" in billed) for billed in batches.billed_requests] == [("m", False)]


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_as_a_process_it_outlives_who_asks(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    plans = json.dumps([{"end": "expired", "share": 0.5}])
    command = [sys.executable, str(SCRIPT), "--log", str(log), "--plans", plans, "--seconds", "60"]
    path = {"PYTHONPATH": f"{SCRIPT.parents[1]}:{SCRIPT.parents[1] / 'files'}"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=path) as process:
        assert process.stdin
        assert process.stdout
        url = process.stdout.readline().strip()
        with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
            batch, _ = to_the_end(client, create(client, [line(n) for n in range(4)]))
        process.stdin.close()
        process.wait(30)
    lines = [json.loads(row) for row in log.read_text().splitlines()]

    assert batch.status == "expired"
    assert [row["requests"] for row in lines if "created" in row] == [4]
    assert [row["batch"] for row in lines if "billed" in row] == [batch.id] * 2
