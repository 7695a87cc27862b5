"""A measure of agreement of one's own: what goes wrong in it stops nothing."""

import asyncio
from typing import Any

import pytest
from faulty import hangs
from langgraph_moa import (
    Budget,
    EarlyStop,
    Vote,
    closed_answers,
    create_moa,
)
from panels import says
from reading import QUESTION
from solving import solve, solvers


def raises(texts: Any) -> Any:
    raise RuntimeError("measured wrongly")


def none(texts: Any) -> Any:
    return None


def nobody(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0, 7]]}


def twice(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0, 1, 1]]}


def floats(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0.0, 1.0, 2.0]]}


def outsider(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0, 1], [2]], "representative": 2}


def undecided(texts: Any) -> Any:
    return {**closed_answers()(texts), "abstained": "after all"}


async def cancels(texts: Any) -> Any:
    raise asyncio.CancelledError


GARBAGE = [raises, none, nobody, twice, floats, outsider, undecided, hangs, cancels]


@pytest.mark.parametrize("measure", GARBAGE)
def test_a_measure_of_ones_own_that_fails_stops_nothing(measure: Any) -> None:
    rule = EarlyStop(agreement=measure, as_completed=measure not in (hangs, cancels))
    budget = Budget(seconds=3 if measure is hangs else 60)

    result = solve("1", "1", "1", early_stop=rule, layers=2, budget=budget)

    assert result["verdicts"][0]["agreement"]["abstained"].startswith("it failed: ")
    assert result["verdicts"][0]["saved"] == 0
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 3


@pytest.mark.parametrize("measure", GARBAGE)
def test_a_measure_that_fails_makes_a_vote_abstain(measure: Any) -> None:
    moa = create_moa(
        proposers=solvers("1", "1", "1"),
        aggregator=[Vote(agreement=measure), says("written", "z")],
        early_stop=None,
        budget=Budget(seconds=1) if measure is hangs else None,
    )

    result = moa.invoke(QUESTION)

    assert result["run"]["notes"][0].startswith("the vote abstained: it failed: ")


async def test_judging_takes_of_the_runs_time() -> None:
    proposers = [says(f"Final answer: {n}", f"m{n}") for n in range(3)]
    moa = create_moa(
        proposers=proposers,
        aggregator=says("x", "z"),
        layers=5,
        early_stop=EarlyStop(agreement=hangs, later_layers=True),
        budget=Budget(seconds=2),
    )

    async with asyncio.timeout(60):
        result = await moa.ainvoke(QUESTION)

    assert len(result["verdicts"]) == 1
    assert result["run"]["stopped"] == "budget"


async def awaited(texts: Any) -> Any:
    return closed_answers()(texts)


def test_a_measure_of_ones_own_may_be_awaited() -> None:
    assert solve("1", "1", "1", early_stop=EarlyStop(agreement=awaited), layers=3)["run"]["stopped"] == "agreed"
