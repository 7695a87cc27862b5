"""What reading in several windows may take is bounded and counted."""

from itertools import count
from typing import Any

import pytest
from langgraph_moa import (
    Aggregator,
    Budget,
    BudgetExceeded,
    Proposer,
    Quorum,
    create_moa,
)
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION
from windows import WINDOW, joining, mixture, read_by, tokens, words


async def test_what_it_took_is_counted(loopback: Loopback) -> None:
    result = await mixture(loopback).ainvoke(QUESTION)

    run = result["run"]
    assert run["calls"] == len(loopback.requests)
    assert run["usage"]["total_tokens"] == loopback.tokens_billed
    assert len(run["aggregators"]) == len(loopback.asked("last"))
    assert [call["windows"] for call in run["aggregators"]] == [1] * (len(run["aggregators"]) - 1) + [
        len(run["aggregators"])
    ]


@pytest.mark.parametrize("calls", range(8, 15))
async def test_a_budget_of_calls_is_never_exceeded_and_never_spent_on_windows_alone(
    loopback: Loopback, calls: int
) -> None:
    result = await mixture(loopback, budget=Budget(calls=calls)).ainvoke(QUESTION)

    assert len(loopback.requests) == result["run"]["calls"] <= calls
    assert max([0, *map(tokens, loopback.asked("last"))]) <= WINDOW
    assert result["messages"][-1].text.startswith("[last-" if calls > 8 else "[m0")
    if calls == 8 or len(read_by(loopback)[-1]) == 8:  # it had to read them at once
        assert result["run"]["stopped"] == "budget"


async def test_windows_of_a_proposer_share_the_seconds_of_the_budget(loopback: Loopback) -> None:
    def script(body: dict[str, Any]) -> Reply:
        return Reply(words("reader")) if len(loopback.asked("reader")) == 1 else Reply(broken="hang")

    loopback.say("reader", script)
    names, reader = [f"m{n}" for n in range(8)], Proposer("reader", context_tokens=WINDOW)

    moa = mixture(loopback, proposers=[names, [reader]], aggregator="last", budget=Budget(seconds=2))
    result = await moa.ainvoke(QUESTION)

    assert len(loopback.asked("reader")) == 2
    last = result["proposals"][-1]
    assert (last["status"], last["calls"], last["text"]) == ("ok", 2, words("reader"))
    assert "reader: the one before stands for it: cancelled" in result["run"]["degraded"] or "skipped" in last["error"]
    assert result["run"]["stopped"] == "budget"


async def test_a_quorum_cuts_one_who_still_folds(loopback: Loopback) -> None:
    names = [f"m{n}" for n in range(8)]
    loopback.say("reader", Reply(words("reader"), delay=0.5))
    second = [Proposer("reader", context_tokens=WINDOW), *names]

    result = await mixture(loopback, proposers=[names, second], aggregator="last", quorum=Quorum(8)).ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"][8:]] == ["cancelled", *["ok"] * 8]
    assert len(loopback.asked("reader")) == 1  # the others had answered long before


@pytest.mark.parametrize("limit", range(2_000, 9_000, 500))
@pytest.mark.parametrize("where", ["aggregator", "proposer"])
async def test_a_budget_of_tokens_is_never_exceeded(loopback: Loopback, limit: int, where: str) -> None:
    joining(loopback, "reader")
    names = [f"m{n}" for n in range(8)]
    reader = Proposer("reader", context_tokens=WINDOW + 200, max_tokens=200)
    layers: Any = [names, [reader]] if where == "proposer" else names
    last = Aggregator("last", context_tokens=WINDOW + 200, max_tokens=200)

    moa = mixture(loopback, proposers=layers, aggregator=last, max_tokens=200, budget=Budget(tokens=limit))
    try:
        result = await moa.ainvoke(QUESTION)
    except BudgetExceeded:
        assert loopback.requests == []
        return

    assert loopback.tokens_billed == result["run"]["usage"]["total_tokens"] <= limit
    assert result["messages"][-1].text


def test_what_a_skipped_proposers_windows_cost_is_in_the_sum() -> None:
    numbers = count(1)

    def script(messages: Any) -> str:
        if next(numbers) == 2:
            raise ValueError("down")
        return "merged"

    panel = [says(f"p{n}", f"p{n}") for n in range(5)]
    second = [says(script, "reader")]
    result = create_moa(proposers=[panel, second], aggregator=says("done", "last"), window=2, early_stop=None).invoke(
        QUESTION
    )

    asked = sum(len(model.asked) for model in [*panel, *second])
    assert result["run"]["calls"] == asked + 1
    assert "reader: not all was read: " in result["run"]["degraded"]
