"""Samples of one request are bounded, counted and cut as if each were asked alone."""

import asyncio

import pytest
from langgraph_moa import (
    Budget,
    BudgetExceeded,
    EarlyStop,
    Limits,
    Proposer,
    Quorum,
    create_self_moa,
)
from loopback import Loopback, Reply
from reading import QUESTION, user
from sampling import asked_for, bill_of, counted, counting, mixture


async def test_they_count_for_the_quorum(loopback: Loopback) -> None:
    loopback.say("slow", Reply(broken="hang"))

    result = await mixture(loopback, proposers=[Proposer("m", samples=4), "slow"], quorum=Quorum(4), samples=1).ainvoke(
        QUESTION
    )

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4 + ["cancelled"]


async def test_they_count_for_an_agreement_that_does_not_wait(loopback: Loopback) -> None:
    loopback.say("m", "Final answer: 12")
    loopback.say("slow", Reply(broken="hang"))
    stop = EarlyStop(quorum=0.75, min_responses=1, as_completed=True, then="answer")

    result = await mixture(loopback, proposers=[Proposer("m", samples=4), "slow"], early_stop=stop, samples=1).ainvoke(
        QUESTION
    )

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4 + ["cancelled"]
    assert result["run"]["stopped"] == "agreed"


BUDGETS: list[tuple[Budget, bool]] = [
    (Budget(calls=5), True),
    (Budget(calls=3), False),
    (Budget(tokens=3_000), True),
    (Budget(tokens=300), False),
]


@pytest.mark.parametrize(("budget", "fits"), BUDGETS, ids=str)
@pytest.mark.parametrize("most", [128, 1])
async def test_a_budget_bounds_them_as_if_each_were_asked_alone(
    loopback: Loopback, budget: Budget, fits: bool, most: int
) -> None:
    loopback.most_choices = most
    moa = mixture(loopback, budget=budget, max_tokens=100)
    if not fits:
        with pytest.raises(BudgetExceeded, match="nothing was asked"):
            await moa.ainvoke(QUESTION)
        assert loopback.requests == []
        return

    result = await moa.ainvoke(QUESTION)

    assert result["run"]["stopped"] == "completed"
    assert result["run"]["calls"] == len(loopback.requests)


async def test_what_nobody_counted_is_bounded_for_all_of_them(loopback: Loopback) -> None:
    loopback.say("m", Reply("fine", usage=None))

    result = await mixture(loopback, max_tokens=100).ainvoke(QUESTION)

    first, *others = result["proposals"]
    assert first["at_most"]["tokens"] >= 400
    assert [p["at_most"] for p in others] == [None] * 3


async def test_limits_count_one_request(loopback: Loopback) -> None:
    counting(loopback)

    result = await mixture(loopback, limits=[Limits(provider="openai", concurrency=1)]).ainvoke(QUESTION)

    assert asked_for(loopback) == [4]
    assert result["run"]["degraded"] is None


async def test_a_cancelled_run_closes_its_one_request(loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="hang"))
    run = asyncio.create_task(mixture(loopback).ainvoke(QUESTION))
    await asyncio.to_thread(loopback.wait_for, "m")

    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    assert await loopback.asked("m")[0].closed()


async def test_one_request_for_six_samples_bills_a_quarter_of_six(
    loopback: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """One model, six samples, three layers, a question of 1,500 tokens: the prompt is billed once a layer."""
    question = user(" ".join(f"word{n}" for n in range(1_500)))
    answer = " ".join(f"said{n}" for n in range(150))
    loopback.say("m", answer)
    billed = {}
    for most in (128, 1):
        loopback.most_choices = most
        loopback.billed.clear()
        loopback.requests.clear()
        moa = create_self_moa(model="m", samples=6, layers=3, early_stop=None, resolve=loopback.resolve)
        if most == 1:
            await moa.ainvoke(user("Do you take n?"))  # it is remembered that this server does not
            loopback.billed.clear()
            loopback.requests.clear()
        result = await moa.ainvoke(question)
        assert counted(result["run"]) == bill_of(loopback)
        billed[most] = bill_of(loopback)["input_tokens"], len(loopback.requests)

    (once, requests), (six_times, more_requests) = billed[128], billed[1]
    assert (requests, more_requests) == (3, 13)
    with capsys.disabled():
        share = once / six_times
        print(f"\nprompt tokens: {once:,} in {requests} requests, {six_times:,} in {more_requests}: {share:.2f}")
    assert once <= 0.3 * six_times
