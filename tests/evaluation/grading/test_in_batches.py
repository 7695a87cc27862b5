"""A comparison whose systems and judge are asked in providers' batches."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Plan, Refusal
from batched import SOON, mixture
from langgraph_moa import Budget, ConfigError, acompare, create_moa
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.evaluation.batch.cancelling import cancel_batches, files_with_batches
from loopback import Reply

QUESTIONS = [f"Question {n}?" for n in range(4)]


def systems(server: BatchServer) -> dict[str, Any]:
    return {"alone": create_moa(proposers=["a"], layers=1, resolve=server.resolve), "moa": mixture(server)}


def judging(body: dict[str, Any]) -> Reply:
    return Reply('{"better": "A"}' if body["model"] == "judge" else f"{body['model']} says so")


async def compared(server: BatchServer, out: Path, **options: Any) -> Any:
    given: dict[str, Any] = {"judge": "judge", "provider_batch": SOON, **options}
    return await acompare(systems(server), QUESTIONS, out=out, resolve=server.resolve, **given)


async def test_both_looks_at_all_pairs_are_one_wave(batches: BatchServer, tmp_path: Path) -> None:
    batches.default = judging
    waves: list[Wave] = []
    comparison = await compared(batches, tmp_path / "c", on_wave=waves.append)
    assert comparison.graded == 4
    assert [wave.requests for wave in waves if wave.ended] == [4, 8, 4, 8]
    assert set(Counter(one["digest"] for one in batches.billed_requests if one["model"] == "judge").values()) == {1}
    assert batches.requests == []
    assert not list((tmp_path / "c").glob("*.batches"))

    other = await compared(batches, tmp_path / "live", provider_batch=None)
    assert (comparison.verdict, comparison.contradicted) == (other.verdict, other.contradicted)
    again = await compared(batches, tmp_path / "c")
    assert again.verdict == comparison.verdict


async def test_what_is_stopped_goes_on_and_verdicts_are_paid_for_once(batches: BatchServer, tmp_path: Path) -> None:
    batches.default = judging
    batches.plans = [Plan(), Plan(), Plan(), Plan(), Plan(end="expired", share=0.5)]
    stops: list[str] = []
    for seen in range(4, 12):
        batches.refusals = [Refusal("/batches", status=401, method="GET", seen=seen)]
        try:
            await compared(batches, tmp_path / "c")
        except ConfigError as exc:
            stops.append(str(exc))
        batches.refusals = []
    assert len(stops) > 2
    assert all("does not tell what became of its batches" in stop for stop in stops)
    assert (await compared(batches, tmp_path / "c")).graded == 4
    bill = Counter((one["model"], one["digest"]) for one in batches.billed_requests)
    assert {model: sum(n for (asked, _), n in bill.items() if asked == model) for model in ("b", "last", "judge")} == {
        "b": 4, "last": 4, "judge": 8,
    }  # fmt: skip


@pytest.mark.parametrize("cancels", [False, True])
async def test_a_judge_that_is_asked_otherwise_is_refused_until_it_is_cancelled(
    cancels: bool, batches: BatchServer, tmp_path: Path
) -> None:
    batches.default = judging
    batches.refusals = [Refusal("/batches/", status=401, method="GET", seen=16)]
    first, other = (batches.resolve("judge", temperature=each) for each in (0.1, 0.9))
    with pytest.raises(ConfigError, match="does not tell what became of its batches"):
        await compared(batches, tmp_path / "c", judge=first)
    made = len(batches.batches)
    with pytest.raises(ConfigError, match="found that the judge asks something else"):
        await compared(batches, tmp_path / "c", judge=other)
    assert len(batches.batches) == made
    if cancels:
        await cancel_batches([first], files_with_batches(tmp_path / "c"), poll_s=0.001)
        batches.billed_requests.clear()
    assert (await compared(batches, tmp_path / "c", judge=other if cancels else first)).graded == 4
    assert len([one for one in batches.billed_requests if one["model"] == "judge"]) == 8


async def test_two_comparisons_are_not_at_work_on_the_same_verdicts(batches: BatchServer, tmp_path: Path) -> None:
    batches.default = judging
    batches.plans, batches.plan = [Plan() for _ in range(4)], Plan(polls=10**6)
    tasks: list[asyncio.Task[None]] = []

    async def second() -> None:
        with pytest.raises(ConfigError, match=r"found another batch at work on .*verdicts"):
            await compared(batches, tmp_path / "c")
        for batch in batches.batches.values():
            batch.plan = Plan()

    def on_wave(wave: Wave) -> None:
        if not tasks and wave.parcels[0].model == "judge":
            tasks.append(asyncio.get_running_loop().create_task(second()))

    assert (await compared(batches, tmp_path / "c", on_wave=on_wave)).graded == 4
    await tasks[0]
    assert len([one for one in batches.billed_requests if one["model"] == "judge"]) == 8


async def test_the_budget_bounds_verdicts_that_wait_together(batches: BatchServer, tmp_path: Path) -> None:
    batches.default = judging
    comparison = await compared(batches, tmp_path / "c", budget=Budget(calls=20, strict=False))
    judged = [one for one in batches.billed_requests if one["model"] == "judge"]
    assert len(judged) == 4
    assert comparison.graded < 4


async def test_a_judge_that_takes_no_batches_is_asked_now_where_that_was_said(
    batches: BatchServer, tmp_path: Path
) -> None:
    batches.default = judging
    missing = [Refusal("/files", status=404), Refusal("/batches", method="GET", status=404)]
    batches.refusals = [replace(refusal) for _ in range(9) for refusal in missing]
    comparison = await compared(batches, tmp_path / "c", provider_batch=replace(SOON, failed="live"))
    assert comparison.graded == 4
    assert len(batches.requests) == 4 + 12 + 8
