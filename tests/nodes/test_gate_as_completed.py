"""A layer that is asked to ends as soon as its answers are decided, and the rest are cut."""

from typing import Any

import pytest
from langgraph_moa import (
    ConfigError,
    EarlyStop,
    create_moa,
    judge_agreement,
    near_duplicates,
)
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION
from solving import solve


async def test_a_layer_ends_as_soon_as_it_is_decided(loopback: Loopback) -> None:
    for name in "abcd":
        loopback.say(name, Reply("Final answer: 7", delay=0.3))
    loopback.say("e", Reply("Final answer: 8"))
    loopback.say("f", Reply(broken="hang"))
    rule = EarlyStop(quorum=4 / 6, as_completed=True, then="answer")
    moa = create_moa(
        proposers=list("abcdef"),
        aggregator="last",
        layers=3,
        early_stop=rule,
        resolve=loopback.resolve,
    )

    result = await moa.ainvoke(QUESTION)

    late = result["proposals"][5]
    assert (late["status"], late["error"]) == ("cancelled", "no longer needed: 4 of 6 agree")
    assert await loopback.asked("f")[0].closed()
    assert result["messages"][-1].text == "Final answer: 7"
    cut = sum(p["status"] == "cancelled" for p in result["proposals"])
    assert result["run"]["saved"] == 6 + 1 + cut
    assert result["run"]["degraded"] is None


async def test_half_is_not_decided_while_the_other_half_may_say_something_else(loopback: Loopback) -> None:
    for name in "ab":
        loopback.say(name, Reply("Final answer: 1"))
    for name in "cd":
        loopback.say(name, Reply("Final answer: 2", delay=0.3))
    rule = EarlyStop(quorum=0.5, min_responses=2, as_completed=True)
    moa = create_moa(proposers=list("abcd"), aggregator="z", early_stop=rule, resolve=loopback.resolve)

    result = await moa.ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
    assert result["verdicts"][0]["agreement"]["reached"] is False


async def test_disagreement_ends_nothing(loopback: Loopback) -> None:
    for number, name in enumerate("abc"):
        loopback.say(name, Reply(f"Final answer: {number}", delay=0.2 * number))
    rule = EarlyStop(as_completed=True)
    moa = create_moa(proposers=list("abc"), aggregator="z", early_stop=rule, resolve=loopback.resolve)

    assert [p["status"] for p in (await moa.ainvoke(QUESTION))["proposals"]] == ["ok"] * 3


@pytest.mark.parametrize("measure", [judge_agreement(says("x", "judge")), near_duplicates()], ids=["judge", "slow"])
def test_a_measure_that_takes_its_time_cannot_end_a_layer_by_halves(measure: Any) -> None:
    with pytest.raises(ConfigError, match="found as_completed with a measure that is awaited or takes its time"):
        solve("1", "1", early_stop=EarlyStop(agreement=measure, as_completed=True))
