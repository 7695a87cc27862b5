"""Nothing that was paid for is paid for again, whichever way a batch is started, stopped and called."""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Plan, Refusal
from batched import SOON, in_batches, mixture
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langgraph.cache.memory import InMemoryCache
from langgraph_moa import Budget, ConfigError, Price, abatch, acompare, create_moa, create_rag_moa
from langgraph_moa.core.batches.deferring import Deferring
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.cancelling import cancel_batches
from langgraph_moa.graphs.asked import models_asked
from loopback import Reply


async def stopped(server: BatchServer, out: Path, **options: Any) -> None:
    """Begin, and leave the batches of the first layer under way."""
    server.refusals = [Refusal("/batches", status=401, method="GET", seen=0)]
    with pytest.raises(ConfigError):
        await in_batches(server, out, **options)
    server.refusals = []
    assert len(server.batches) == 2


async def test_what_is_under_way_is_not_asked_now(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    with pytest.raises(ConfigError, match=r"in providers' batches.* add --provider-batch, or cancel with --cancel-"):
        await in_batches(batches, out, provider_batch=None)
    assert batches.requests == []

    await cancel_batches(models_asked(mixture(batches)), [out], poll_s=0.001)
    assert (await in_batches(batches, out, provider_batch=None))["answered"] == 4
    assert [file.name for file in out.parent.iterdir()] == ["rows.jsonl"]


async def test_verdicts_under_way_are_not_asked_for_now(batches: BatchServer, tmp_path: Path) -> None:
    systems = {name: create_moa(proposers=[name], layers=1, resolve=batches.resolve) for name in "ab"}
    given: Any = {"judge": "judge", "out": tmp_path / "c", "resolve": batches.resolve}
    batches.refusals = [Refusal("/batches", status=401, seen=2)]
    with pytest.raises(ConfigError):
        await acompare(systems, ["Question?"], provider_batch=SOON, **given)
    batches.refusals = []
    with pytest.raises(ConfigError, match="in providers' batches"):
        await acompare(systems, ["Question?"], **given)
    assert batches.requests == []


async def test_once_cancelled_another_mixture_may_begin(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    other = mixture(batches, layers=3)
    with pytest.raises(ConfigError, match="another mixture"):
        await in_batches(batches, out, moa=other)
    await cancel_batches(models_asked(other), [out], poll_s=0.001)
    assert (await in_batches(batches, out, moa=other))["answered"] == 4
    assert not any(batch["mixture"] is None for batch in (row["run"] for row in rows_in(out)))


def size_of(path: Path) -> int:
    return path.stat().st_size


def linked(out: Path) -> Path:
    real = out.with_name("real.jsonl")
    out.symlink_to(real)
    return real


async def test_a_link_and_what_it_leads_to_are_one_file(batches: BatchServer, out: Path) -> None:
    real = linked(out)
    await stopped(batches, out)
    report = await in_batches(batches, real)
    assert (report["answered"], len(batches.batches)) == (4, 3)
    assert sorted(file.name for file in out.parent.iterdir()) == ["real.jsonl", "rows.jsonl"]


@pytest.mark.parametrize("stops", [False, True])
async def test_rows_are_on_the_disk_before_what_they_hold_is_forgotten(
    stops: bool, batches: BatchServer, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a power failure: of the rows only what was written to the disk is there, and of the journal all."""
    on_disk: dict[Path, int] = {}
    fsync = os.fsync

    def sync(file: int) -> None:
        fsync(file)
        if os.path.samestat(os.fstat(file), out.stat()):
            on_disk[out] = os.fstat(file).st_size

    monkeypatch.setattr("os.fsync", sync)

    def stop(row: Any, report: Any) -> None:
        if stops:
            raise KeyError("stopped")

    with suppress(KeyError):
        await in_batches(batches, out, on_row=stop)
    assert on_disk[out] == size_of(out)


class Clock(BaseRetriever):
    """A retriever that finds something else each time."""

    times: Any

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return [Document(f"It is {next(self.times)} o'clock, and the sky is blue.", metadata={"source": "clock"})]


async def test_what_a_retriever_brought_is_what_all_layers_are_shown(batches: BatchServer, out: Path) -> None:
    moa = create_rag_moa(
        proposers=["a", "b"], aggregator="last", resolve=batches.resolve, retrievers=[Clock(times=count())]
    )
    report = await in_batches(batches, out, 2, moa=moa, budget=Budget(calls=6))
    assert (report["answered"], len(batches.billed_requests), len(batches.batches)) == (2, 6, 3)


async def test_what_answers_here_at_once_is_asked_once(batches: BatchServer, out: Path) -> None:
    times = count()
    quick = ScriptedModel(script=lambda messages: f"answer {next(times)}", name_of_model="quick")
    moa = mixture(batches, proposers=["a", quick], layers=3)
    report = await in_batches(batches, out, 2, moa=moa)
    assert (report["answered"], len(batches.billed_requests), next(times)) == (2, 6, 4)
    assert len({p["text"] for row in rows_in(out) for p in row["proposals"] if p["proposer"] == "quick"}) == 4


async def test_what_asks_anew_each_time_ends_the_batch(
    batches: BatchServer, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = count()
    monkeypatch.setattr(Deferring, "recalled", lambda run, about: lambda value: None)
    moa = create_rag_moa(
        proposers=["a", "b"], aggregator="last", resolve=batches.resolve, retrievers=[Clock(times=times)]
    )
    with pytest.raises(ConfigError, match=r"asks something else .* a prompt that holds the time"):
        await in_batches(batches, out, 2, moa=moa)
    assert len(batches.billed_requests) == 4


def expiring(server: BatchServer, second: Reply) -> Any:
    """Let the first layer's batch of the model a expire, and its question be asked now, with another answer later."""
    replies = iter([Reply("never seen"), second])
    server.say("a", lambda body: next(replies, Reply("late")))
    server.plans = [Plan(end="expired", share=0)]
    return replace(SOON, failed="live")


@pytest.mark.parametrize(
    ("reply", "status"), [(Reply(status=400), "error"), (Reply("slow", delay=9), "timeout")], ids=["refused", "late"]
)
async def test_a_call_that_was_asked_now_in_vain_is_not_asked_again(
    reply: Reply, status: str, batches: BatchServer, out: Path
) -> None:
    declared = expiring(batches, reply)
    moa = mixture(batches, proposers=[["a", "b"], ["b", "c"]], timeout=0.3)
    report = await in_batches(batches, out, 1, moa=moa, provider_batch=declared)
    assert (report["answered"], len(batches.requests)) == (1, 1)
    assert Counter(p["status"] for row in rows_in(out) for p in row["proposals"]) == {"ok": 3, status: 1}
    assert {*Counter(one["digest"] for one in batches.billed_requests).values()} == {1}


async def test_what_another_question_left_in_a_cache_is_not_free_for_who_paid(batches: BatchServer, out: Path) -> None:
    prices = dict.fromkeys(("a", "b", "last"), Price(input=10**6, batch=0.5))
    moa = mixture(batches, cache=InMemoryCache(), prices=prices)
    report = await abatch(moa, ["Same?"] * 3, out, provider_batch=SOON, concurrency=1)
    words = sum(one["usage"]["prompt_tokens"] for one in batches.billed_requests)
    assert report["calls"] == len(batches.billed_requests)
    assert report["usd"] == pytest.approx(words / 2)
