"""The server that stands in for Together's batches does what its own client expects of it."""

import json
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

import pytest
from batch_server import Plan
from langgraph_moa.core.batches import openai_batches
from langgraph_moa.core.batches.openai_batches import OpenAIBatches
from langgraph_moa.core.batches.provider import BatchRequest, Parcel
from langgraph_moa.core.batches.tiers import batch_limits
from langgraph_moa.core.wire.sending import Address
from loopback import running
from together_server import TogetherServer


@pytest.fixture
def server() -> Iterator[TogetherServer]:
    with running(TogetherServer()) as started:
        yield started


def their_package() -> Any:
    """Return Together's package, and not the module of the same name among those that tests share."""
    spec = PathFinder.find_spec("together", [sysconfig.get_path("purelib")])
    assert spec
    assert spec.loader
    sys.modules["together"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client(server: TogetherServer) -> Iterator[Any]:
    with their_package().Together(base_url=server.url.removesuffix("/v1"), api_key="k", max_retries=0) as made:
        yield made


async def test_its_client_reads_what_was_created(
    client: Any, server: TogetherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_batches, "batch_limits", lambda _: batch_limits("https://api.together.xyz/v1"))
    ours = OpenAIBatches(Address(server.url, "k"))
    asked = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
    sent = Parcel("a", 4, lambda: iter([BatchRequest(f"r{number}", asked) for number in range(4)]))
    sent = Parcel("a", 4, sent.requests, file=await ours.upload(sent))
    server.plans = [Plan(statuses=[500]), Plan(end="failed")]
    created = await ours.create(sent)
    by_client = client.batches.create(endpoint="/v1/chat/completions", input_file_id=sent.file)
    files = {file.id: file for file in client.files.list().data}
    jobs = {job.id: job for job in client.batches.list()}

    assert (files[sent.file].purpose, files[sent.file].file_type) == ("batch-api", "jsonl")
    assert jobs[created.batch].status == "VALIDATING"
    found = await ours.find(sent, [])
    assert found
    assert found.batch == created.batch
    for batch in (created.batch, by_client.job.id):
        while client.batches.retrieve(batch).status not in ("COMPLETED", "FAILED"):
            pass
    done, failed = [await ours.poll(batch) for batch in (created.batch, by_client.job.id)]
    assert (done.state, failed.state, failed.is_full, bool(failed.error)) == ("completed", "failed", False, True)
    assert sorted([result.status or 0 async for result in ours.results(done)]) == [200, 200, 200, 500]
    assert client.batches.retrieve(created.batch).progress == 100
