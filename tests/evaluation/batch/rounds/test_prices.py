"""What is asked in providers' batches costs their share of the list price: in rows, sums and budgets."""

from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Plan
from batched import in_batches
from langgraph_moa import Budget, Price, ProviderBatch, create_moa, estimate
from langgraph_moa.core.batches.declared import WhenFailed
from langgraph_moa.core.deferral import reckoned_in_batches

HALF = Price(input=1000, output=1000, batch=0.5)


def priced(server: BatchServer, **options: Any) -> Any:
    prices = dict.fromkeys(["a", "b", "last"], HALF)
    models: Any = {"proposers": ["a", "b"], "aggregator": "last"}
    return create_moa(**models, resolve=server.resolve, prices=prices, early_stop=None, **options)


async def test_it_is_half_of_what_is_asked_at_once(batches: BatchServer, out: Path) -> None:
    batched = await in_batches(batches, out, moa=priced(batches))
    live = await in_batches(batches, out.with_name("live.jsonl"), moa=priced(batches), provider_batch=None)

    assert live["usd"] == pytest.approx(live["tokens"] / 1000)
    assert batched["usd"] == pytest.approx((live["usd"] or 0) / 2)
    for row in rows_in(out):
        assert row["run"]["usd"] == pytest.approx(row["cost"]["tokens"] / 2000)
        assert "last: 1 call answered in a provider's batch" in row["run"]["notes"]


async def test_what_is_asked_at_once_in_the_end_has_its_full_price(batches: BatchServer, out: Path) -> None:
    batches.plans = [Plan(end="expired", share=0.0)]
    failed: WhenFailed = "live"

    report = await in_batches(
        batches, out, 1, moa=priced(batches), provider_batch=ProviderBatch(poll_s=0.001, failed=failed)
    )

    (row,) = rows_in(out)
    assert [call["tier"] for call in row["run"]["aggregators"]] == ["batch"]
    assert report["usd"] == row["cost"]["usd"]
    assert row["cost"]["tokens"] / 2000 < row["cost"]["usd"] < row["cost"]["tokens"] / 1000


async def test_a_budget_of_a_run_reckons_with_the_price_of_batches(batches: BatchServer, out: Path) -> None:
    with reckoned_in_batches():
        at_most = estimate(priced(batches, max_tokens=40), "Question 0?")["usd"] or 0
    moa = priced(batches, budget=Budget(usd=1.1 * at_most), max_tokens=40)

    await in_batches(batches, out, 1, moa=moa)
    await in_batches(batches, out.with_name("live.jsonl"), 1, moa=moa, provider_batch=None)

    stopped = [row["run"]["stopped"] for file in (out, out.with_name("live.jsonl")) for row in rows_in(file)]
    assert stopped == ["completed", "budget"]


async def test_a_budget_of_a_batch_does_so_too(batches: BatchServer, out: Path) -> None:
    moa = priced(batches, max_tokens=40)
    at_once = estimate(moa, "Question 0?")["usd"] or 0

    report = await in_batches(batches, out, 1, moa=moa, budget=Budget(usd=0.6 * at_once))
    live = await in_batches(
        batches,
        out.with_name("live.jsonl"),
        1,
        moa=moa,
        budget=Budget(usd=0.6 * at_once),
        provider_batch=ProviderBatch(poll_s=0.001, failed="live"),
    )

    assert (report["answered"], live["answered"]) == (1, 0)
    assert str(live["stopped"]).startswith("Budget(usd=")


@pytest.mark.parametrize("end", ["expired", "failed", "cancelled"])
@pytest.mark.parametrize("room", [{}, {"max_tokens": 50}], ids=["no bound", "a bound"])
async def test_what_a_batch_left_unanswered_costs_nothing(
    end: str, room: dict[str, Any], batches: BatchServer, out: Path
) -> None:
    batches.plans = [Plan(end=end, share=0.0, errors=[{"code": "model_not_found", "message": "no such model"}])]

    report = await in_batches(
        batches, out, moa=priced(batches, **room), provider_batch=ProviderBatch(poll_s=0.001, failed="leave")
    )

    usage = [one["usage"] for one in batches.billed_requests]
    assert len(usage) == 8
    assert report["tokens"] == sum(one["prompt_tokens"] + one["completion_tokens"] for one in usage)
    assert report["usd"] == pytest.approx(report["tokens"] / 2000)
    assert {row["run"]["usd"] for row in rows_in(out)} == {row["cost"]["usd"] for row in rows_in(out)}
