"""Whole batches whose models are Anthropic's: asked in its message batches, found again, and paid for once."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import Plan, Refusal
from batched import SOON
from langgraph_moa import ConfigError, Price, Proposer, abatch, create_moa, resolve_model
from langgraph_moa.core.models.resolve import resolve_for_batches
from loopback import Reply
from message_batches import MessageServer, running_for_anthropic

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
QUESTIONS = [f"Question {n}?" for n in range(4)]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessageServer]:
    with running_for_anthropic(monkeypatch) as started:
        yield started


def mixture(**options: Any) -> Any:
    panel: dict[str, Any] = {"proposers": ["anthropic:a", "anthropic:b"], "aggregator": "anthropic:last"}
    prices = {name: Price(input=1.0, output=1.0, batch=0.5) for name in ("a", "b", "last")}
    return create_moa(**{**panel, "early_stop": None, "prices": prices, "resolve": resolve_for_batches, **options})


def times(server: MessageServer) -> set[int]:
    return {*Counter(one["digest"] for one in server.billed_requests).values()}


async def test_its_models_are_asked_in_batches_at_their_price(server: MessageServer, tmp_path: Path) -> None:
    server.say("last", lambda body: Reply(f"re {json.dumps(body)[-20:]}", reasoning="hm"))
    report = await abatch(mixture(layers=3), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)
    rows = rows_in(tmp_path / "rows.jsonl")
    usages = [one["usage"] for one in server.billed_requests]

    assert (report["answered"], report["errors"], report["calls"]) == (4, 0, 20)
    assert len(server.message_batches) == 5  # one for each model: a server that is not known may take no more
    assert (len(usages), times(server)) == (20, {1})
    assert all(row["answer"].startswith("re ") for row in rows)
    assert {row["run"]["aggregators"][0]["finish_reason"] for row in rows} == {"end_turn"}
    tokens = sum(usage["input_tokens"] + usage["output_tokens"] for usage in usages)
    assert report["usd"] == pytest.approx(tokens * 0.5 / 10**6)
    assert names(tmp_path) == {"rows.jsonl"}


@pytest.mark.parametrize("plan", [Plan(end="expired", share=0.4), Plan(statuses=[529, 500, 429]), Plan(lost=1)])
async def test_what_failed_in_passing_is_sent_again(plan: Plan, server: MessageServer, tmp_path: Path) -> None:
    server.plans = [plan]
    report = await abatch(mixture(), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)

    assert (report["answered"], report["errors"]) == (4, 0)
    assert len(server.billed_requests) == 12 + plan.lost


async def test_a_lost_answer_to_its_creation_is_found_again(server: MessageServer, tmp_path: Path) -> None:
    server.refusals = [Refusal("/messages/batches", done=True)]
    report = await abatch(mixture(), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)

    assert (report["answered"], report["errors"]) == (4, 0)
    assert (len(server.message_batches), times(server)) == (3, {1})


async def test_a_batch_that_is_not_there_yet_is_waited_for(server: MessageServer, tmp_path: Path) -> None:
    server.refusals = [Refusal("/messages/batches/", method="GET", status=404, seen=n % 2) for n in range(6)]
    report = await abatch(mixture(), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)

    assert (report["answered"], report["errors"], times(server)) == (4, 0, {1})
    assert (len(server.billed_requests), server.refusals) == (12, [])


async def test_a_journal_shows_no_key(server: MessageServer, tmp_path: Path) -> None:
    server.refusals = [Refusal("/messages/batches/", method="GET", status=403, code="permission_error")]
    with pytest.raises(ConfigError, match="403"):
        await abatch(mixture(), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)
    journals = [name for name in names(tmp_path) if name.startswith("rows.jsonl.batches")]

    assert journals
    assert not any(b"sk-secret-key" in (tmp_path / name).read_bytes() for name in journals)
    report = await abatch(mixture(), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)
    assert (report["answered"], times(server)) == (4, {1})


async def test_samples_are_requests_of_their_own(server: MessageServer, tmp_path: Path) -> None:
    proposers = [Proposer("anthropic:a", samples=2, temperature=1.0)]
    report = await abatch(mixture(proposers=proposers), QUESTIONS, tmp_path / "rows.jsonl", provider_batch=SOON)

    assert (report["answered"], report["calls"], len(server.message_batches)) == (4, 12, 2)


def test_only_what_is_not_said_is_decided_for_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    by_us: Any = resolve_for_batches("anthropic:a", temperature=0.5)

    assert (by_us.model_name, by_us.provider, by_us.temperature) == ("a", "anthropic", 0.5)
    assert resolve_for_batches(by_us) is by_us
    for resolve in (partial(resolve_for_batches, transport="openai"), resolve_model):
        with pytest.raises(ConfigError, match="langchain-anthropic"):
            resolve("anthropic:a")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY is not set"):
        resolve_for_batches("anthropic:a")
