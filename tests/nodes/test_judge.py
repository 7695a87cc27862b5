"""A judge says who agrees, in one call that counts; what it says badly stops nothing."""

import asyncio
from typing import Any

from langgraph_moa import (
    Budget,
    EarlyStop,
    create_moa,
    judge_agreement,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.nodes.judge import read_groups
from panels import says
from reading import QUESTION, references_in
from solving import solvers
from tables import each


def test_a_judge_is_one_call_that_counts() -> None:
    essay = "It depends on many things, of which this is the first one."
    judge = says('{"groups": [[1, 2, 3]]}', "judge")
    rule = EarlyStop(agreement=judge_agreement(judge))
    moa = create_moa(proposers=[says(essay, n) for n in "abc"], aggregator=says("x", "z"), layers=3, early_stop=rule)

    result = moa.invoke(QUESTION)

    assert (result["run"]["stopped"], result["run"]["calls"]) == ("agreed", 5)
    assert result["run"]["usage"]["output_tokens"] > 3 * 12
    assert references_in(judge.asked[0][0].text) == [essay] * 3
    assert result["verdicts"][0]["agreement"]["call"]["model"] == "judge"
    assert len(judge.asked) == 1


@each(
    "said",
    [
        "yes",
        '{"groups": [[1, 2]]}',
        '{"groups": [[1, 2, 3, 3]]}',
        '{"groups": [[1, 2], [true]]}',
        "[]",
        ValueError("x"),
    ],
)
def test_a_judge_that_fails_stops_nothing(said: Any) -> None:
    rule = EarlyStop(agreement=judge_agreement(says(said, "judge")))
    moa = create_moa(proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), layers=3, early_stop=rule)

    result = moa.invoke(QUESTION)

    assert (result["run"]["stopped"], result["run"]["calls"]) == ("completed", 8)
    assert result["verdicts"][0]["agreement"]["abstained"].startswith("the judge")


def test_a_judge_that_does_not_fit_the_budget_is_not_asked() -> None:
    judge = says('{"groups": [[1, 2, 3]]}', "judge")
    rule = EarlyStop(agreement=judge_agreement(judge))
    moa = create_moa(
        proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), early_stop=rule, budget=Budget(calls=3)
    )

    result = moa.invoke(QUESTION)

    assert judge.asked == []
    assert result["run"]["calls"] == 3
    assert "Budget(calls=3)" in result["verdicts"][0]["agreement"]["abstained"]


async def test_a_judge_that_is_cut_at_its_own_time_is_counted() -> None:
    judge = ScriptedModel(script="late", name_of_model="judge", delay=30)
    rule = EarlyStop(agreement=judge_agreement(judge, timeout=0.2))

    result = await create_moa(proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), early_stop=rule).ainvoke(
        QUESTION
    )

    assert result["run"]["calls"] == 5
    assert "agreement was not judged: judge: timeout" in result["run"]["degraded"]


async def test_a_judge_is_kept_to_the_runs_time_and_counted() -> None:
    judge = ScriptedModel(script="late", name_of_model="judge", delay=30)
    moa = create_moa(
        proposers=solvers("1", "1", "1"),
        aggregator=says("x", "z"),
        early_stop=EarlyStop(agreement=judge_agreement(judge)),
        budget=Budget(seconds=2),
    )

    async with asyncio.timeout(60):
        result = await moa.ainvoke(QUESTION)

    assert result["verdicts"][0]["agreement"]["call"]["status"] == "timeout"
    assert result["run"]["calls"] == 4


async def test_what_a_judge_says_is_not_streamed() -> None:
    rule = EarlyStop(agreement=judge_agreement(says('{"groups": [[1, 2, 3]]}', "judge")))
    moa: Any = create_moa(proposers=solvers("1", "1", "1"), aggregator=says("written", "z"), early_stop=rule)

    parts = [part[0].text async for part in moa.astream(QUESTION, stream_mode="messages")]

    assert "".join(parts) == "written"


def test_a_judge_may_fence_its_answer() -> None:
    assert read_groups('```json\n {"groups": [[1]]} \n``` ', 1) == [[0]]
