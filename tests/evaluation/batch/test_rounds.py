"""Whole batches of questions whose calls go to providers' batches."""

import json
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Plan, Refusal
from batched import SOON, in_batches, mixture
from langchain_core.runnables import RunnableLambda
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    Budget,
    ConfigError,
    Limits,
    Price,
    Proposer,
    Question,
    Quorum,
    abatch,
    create_moa,
    create_sectioned_moa,
    create_self_moa,
)
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.wire.chat import ChatCompletions
from langgraph_moa.evaluation.batch.rounds import addresses_of
from loopback import Reply
from pydantic import SecretStr


def billed(server: BatchServer) -> Counter[str]:
    return Counter(one["digest"] for one in server.billed_requests)


async def test_each_layer_is_a_wave_and_each_request_is_made_once(batches: BatchServer, out: Path) -> None:
    waves: list[Wave] = []
    report = await in_batches(batches, out, 5, moa=mixture(batches, layers=3), on_wave=waves.append)
    assert (report["answered"], report["errors"], report["calls"]) == (5, 0, 25)
    assert {wave.number for wave in waves} == {1, 2, 3}
    assert [wave.requests for wave in waves if wave.ended] == [10, 10, 5]
    assert set(billed(batches).values()) == {1}
    assert len(batches.billed_requests) == 25
    assert batches.requests == []  # nobody was asked now
    assert {row["answer"] for row in rows_in(out)} == {"answer of last"}
    assert {(p["status"], p["layer"]) for row in rows_in(out) for p in row["proposals"]} == {("ok", 1), ("ok", 2)}
    assert [file.name for file in out.parent.iterdir()] == ["rows.jsonl"]


async def test_rows_are_those_of_a_live_batch(batches: BatchServer, out: Path) -> None:
    await in_batches(batches, out)
    other = out.with_name("live.jsonl")
    await in_batches(batches, other, provider_batch=None)

    def told(path: Path) -> list[Any]:
        return sorted((row["id"], row["answer"], row["cost"], row["run"]["calls"]) for row in rows_in(path))

    assert told(out) == told(other)


ENDS = [
    (Plan(end="expired", share=0.5), 0),
    (Plan(end="failed"), 0),
    (Plan(statuses=[429, 500]), 0),
    (Plan(end="cancelled", share=0.25), 0),
    (Plan(statuses=[400]), 1),
]


@pytest.mark.parametrize(("plan", "lost"), ENDS)
async def test_what_failed_in_passing_is_sent_again_and_a_refusal_is_one(
    plan: Plan, lost: int, batches: BatchServer, out: Path
) -> None:
    batches.plans = [plan]
    report = await in_batches(batches, out)
    assert (report["answered"], report["errors"]) == (4, 0)
    assert set(billed(batches).values()) == {1}
    assert len(batches.billed_requests) == 12 - lost
    statuses = Counter(p["status"] for row in rows_in(out) for p in row["proposals"])
    assert statuses == ({"ok": 7, "error": 1} if lost else {"ok": 8})


@pytest.mark.parametrize(("failed", "status", "live"), [("live", "ok", 4), ("leave", "timeout", 0)])
async def test_what_expired_is_asked_now_or_left(
    failed: Any, status: str, live: int, batches: BatchServer, out: Path
) -> None:
    batches.plans = [Plan(end="expired", share=0.01)]
    report = await in_batches(batches, out, provider_batch=replace(SOON, failed=failed))
    assert (report["answered"], report["errors"]) == (4, 0)
    assert len(batches.requests) == live
    statuses = Counter(p["status"] for row in rows_in(out) for p in row["proposals"])
    assert sum(statuses.values()) == sum(statuses[one] for one in {"ok", status}) == 8
    assert statuses[status] >= 4


async def test_a_server_that_takes_no_batches_is_asked_now_where_that_was_said(batches: BatchServer, out: Path) -> None:
    missing = [Refusal("/files", status=404), Refusal("/batches", method="GET", status=404)]
    batches.refusals = [replace(refusal) for _ in range(3) for refusal in missing]
    with pytest.raises(ConfigError, match="found no batches"):
        await in_batches(batches, out)
    report = await in_batches(batches, out, provider_batch=replace(SOON, failed="live"))
    assert report["answered"] == 4
    assert len(batches.requests) == 12
    assert set(billed(batches).values()) == {1}
    assert not batches.batches


async def test_who_is_stopped_goes_on_with_what_is_under_way(batches: BatchServer, out: Path) -> None:
    """Fail at each of the first requests that a provider gets, one after the other, as if killed there."""
    for seen in range(12):
        for method, path in (("POST", "/files"), ("POST", "/batches"), ("GET", "/batches"), ("GET", "/files")):
            batches.refusals = [Refusal(path, status=401, method=method, seen=seen)]
            with suppress(ConfigError):
                await in_batches(batches, out)
    batches.refusals = []
    report = await in_batches(batches, out)
    assert (report["answered"], report["errors"]) == (4, 0)
    assert set(billed(batches).values()) == {1}
    assert len(batches.billed_requests) == 12


async def test_samples_of_one_model_are_answers_of_their_own(batches: BatchServer, out: Path) -> None:
    numbers = iter(range(100))
    batches.say("a", lambda body: Reply(f"answer {next(numbers)}"))
    for shares in (True, False):
        batches.refuses_n = None if shares else 400
        file = out.with_name(f"{shares}.jsonl")
        moa = create_self_moa(model="a", samples=3, aggregator="last", resolve=batches.resolve)
        report = await in_batches(batches, file, 2, moa=moa)
        texts = [p["text"] for row in rows_in(file) for p in row["proposals"]]
        assert len(set(texts)) == len(texts) == 6
        assert report["answered"] == 2


async def test_with_a_checkpointer_only_who_waits_is_run_again(batches: BatchServer, out: Path) -> None:
    saver = InMemorySaver()
    calls: list[str] = []

    def answer(_: Any) -> str:
        calls.append("asked")
        return "an answer at once"

    quick = ScriptedModel(script=answer, name_of_model="quick")
    moa = create_moa(
        proposers=["a", quick], aggregator="last", early_stop=None, resolve=batches.resolve, checkpointer=saver
    )
    report = await in_batches(batches, out, 3, moa=moa)
    assert (report["answered"], len(calls), len(batches.billed_requests)) == (3, 3, 6)
    assert saver.storage == {}


async def test_a_quorum_has_nobody_to_cut_and_limits_do_not_slow_lookups(batches: BatchServer, out: Path) -> None:
    moa = create_moa(
        proposers=["a", "b", "c"], aggregator="last", early_stop=None, quorum=Quorum(1), resolve=batches.resolve,
        limits=[Limits(provider="openai", per_second=0.001, concurrency=1)], budget=Budget(seconds=1000),
    )  # fmt: skip
    report = await in_batches(batches, out, 3, moa=moa)
    assert report["answered"] == 3
    assert {p["status"] for row in rows_in(out) for p in row["proposals"]} == {"ok"}
    assert len(batches.billed_requests) == 12


async def test_later_messages_and_repeats_are_requests_of_their_own(batches: BatchServer, out: Path) -> None:
    numbers = iter(range(100))
    batches.default = lambda body: Reply(f"answer {next(numbers)}")
    one = [{"role": "user", "content": "one?"}]
    questions = [Question(id="q", messages=one, later=["two?"]), Question(id="r", messages=one)]
    report = await abatch(mixture(batches), questions, out, provider_batch=SOON, repeat=2)
    assert report["answered"] == 4
    assert len(batches.billed_requests) == 2 * (6 + 3)
    assert len({row["answer"] for row in rows_in(out)}) == 4


async def test_the_budget_bounds_what_is_under_way_together(batches: BatchServer, out: Path) -> None:
    moa = create_moa(
        proposers=[Proposer("a", max_tokens=50), Proposer("b", max_tokens=50)], aggregator="last", max_tokens=50,
        early_stop=None, resolve=batches.resolve, prices=dict.fromkeys(("a", "b", "last"), Price(input=1)),
    )  # fmt: skip
    most: list[int] = []
    report = await in_batches(
        batches, out, 6, moa=moa, budget=Budget(calls=7), on_wave=lambda wave: most.append(wave.requests)
    )
    assert (report["answered"], report["left"], report["calls"]) == (2, 4, 6)
    assert max(most) == 4
    assert "calls" in str(report["stopped"])
    report = await in_batches(batches, out, 6, moa=moa, budget=Budget(calls=18))
    assert (report["answered"], report["left"], len(batches.billed_requests)) == (6, 0, 18)


async def test_failed_questions_are_asked_again_anew(batches: BatchServer, out: Path) -> None:
    batches.default = Reply(status=400)
    report = await in_batches(batches, out)
    assert report["errors"] == 4
    batches.default = lambda body: Reply("well")
    assert (await in_batches(batches, out))["errors"] == 4
    report = await in_batches(batches, out, retry_errors=True)
    assert (report["answered"], report["errors"]) == (4, 0)
    assert len(rows_in(out)) == 4


async def test_calls_cost_what_a_batch_does_and_those_asked_now_the_list_price(batches: BatchServer, out: Path) -> None:
    prices = dict.fromkeys(("a", "b", "last"), Price(input=10**6, batch=0.5))
    batches.plans = [Plan(end="expired", share=0.01)]  # of the model a
    moa = mixture(batches, prices=prices, max_tokens=10)
    report = await in_batches(batches, out, 2, moa=moa, provider_batch=replace(SOON, failed="live"))
    words = {
        n: sum(one["usage"]["prompt_tokens"] for one in batches.billed_requests if ("batch" in one) == n)
        for n in (True, False)
    }
    assert words[False] > 0
    assert report["usd"] == pytest.approx(words[False] + words[True] / 2)
    tiers = Counter(p.get("tier") for row in rows_in(out) for p in row["run"]["aggregators"])
    assert tiers == {"batch": 2}


@pytest.mark.parametrize(("failed", "questions"), [("again", 2), ("live", 1)])
async def test_a_budget_bounds_questions_at_the_price_of_a_batch(
    failed: Any, questions: int, batches: BatchServer, out: Path
) -> None:
    moa = create_moa(
        proposers=[Proposer("a", max_tokens=1)], layers=1, resolve=batches.resolve,
        prices={"a": Price(output=10**6, batch=0.5)},
    )  # fmt: skip
    report = await in_batches(
        batches, out, 3, moa=moa, budget=Budget(usd=1.0), provider_batch=replace(SOON, failed=failed),
        on_row=lambda row, sums: None,
    )  # fmt: skip
    first = next(iter(batches.batches.values()))
    assert first.shown["request_counts"]["total"] == questions
    assert report["left"] > 0 or report["usd"] == 1.5


async def test_what_a_cache_keeps_is_no_answer_of_the_same_question(batches: BatchServer, out: Path) -> None:
    cache = InMemoryCache[Any]()
    report = await in_batches(batches, out, 2, moa=mixture(batches, layers=3, cache=cache))
    assert report["calls"] == 10
    assert not any("spared" in row for row in rows_in(out))
    other = out.with_name("other.jsonl")
    again = await in_batches(batches, other, 2, moa=mixture(batches, layers=3, cache=cache))
    assert again["calls"] == 2
    assert len(batches.billed_requests) == 12


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"proposers": ["a", RunnableLambda(lambda messages: "x")]}, {}, "RunnableLambda.*expected models by name"),
    ({}, {"budget": Budget(seconds=5)}, "found seconds=5 in the budget"),
    ({}, {"provider_batch": replace(SOON, tries=0)}, "found tries=0"),
    ({}, {"questions": 0}, "found no questions"),
]


@pytest.mark.parametrize(("options", "given", "words"), WRONG)
async def test_what_cannot_wait_is_refused_before_anybody_is_asked(
    options: dict[str, Any], given: dict[str, Any], words: str, batches: BatchServer, out: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        await in_batches(batches, out, **{"moa": mixture(batches, **options), **given})
    assert not batches.files
    assert [file.name for file in out.parent.iterdir()] in ([], ["rows.jsonl"])


@pytest.mark.parametrize(
    ("model", "url", "words"),
    [
        ("mistral-small", "https://api.mistral.ai/v1", "found mistral, whose batches are jobs"),
        ("deepseek-ai/DeepSeek-V3.1", "https://api.together.xyz/v1", "which together takes into no batch"),
        ("Qwen/Qwen3", "https://api.together.xyz/v1", None),
    ],
)
def test_what_its_provider_takes_into_no_batch_is_refused_unless_it_may_be_asked_now(
    model: str, url: str, words: str | None
) -> None:
    chat = ChatCompletions(model=model, base_url=url, api_key=SecretStr("k"))

    with pytest.raises(ConfigError, match=rf"{words}.*--batch-failed live") if words else nullcontext():
        addresses_of([chat], SOON)
    assert len(addresses_of([chat], replace(SOON, failed="live"))) == 1
    assert len(addresses_of([chat])) == 1


async def test_what_is_written_by_sections_is_refused(batches: BatchServer, out: Path) -> None:
    moa = create_sectioned_moa(proposers=["a", "b"], aggregator="last", resolve=batches.resolve)
    with pytest.raises(ConfigError, match="writes by sections"):
        await in_batches(batches, out, moa=moa)


async def test_a_journal_holds_no_secret_and_stays_while_it_is_needed(batches: BatchServer, out: Path) -> None:
    batches.refusals = [Refusal("/batches", status=401)]
    with pytest.raises(ConfigError):
        await in_batches(batches, out)
    journal = out.with_name("rows.jsonl.batches")
    assert journal.stat().st_mode & 0o777 == 0o600
    assert b"Question 1?" in journal.read_bytes()
    assert json.dumps("sk-").encode()[1:-1] not in journal.read_bytes()
    with pytest.raises(ConfigError, match="requests of another mixture"):
        await in_batches(batches, out, moa=mixture(batches, proposers=["c"]))
