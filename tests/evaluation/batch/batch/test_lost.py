"""An attempt may be lost with who made it: the question is asked again, and what is known of its cost is counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from answering import ASKED, panel, rows_in
from langgraph_moa import Budget
from langgraph_moa.core.run.records import Cost
from langgraph_moa.evaluation.batch.batch import batch_by
from langgraph_moa.evaluation.batch.one_question import AttemptLost, QuestionResult, answer_question
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.batch.tally import BatchReport
from langgraph_moa.evaluation.batch.workers import MOST_LOSSES, AskedBy

OF_AN_ATTEMPT = Cost(calls=2, tokens=10, usd=0.5)


async def batch(out: Path, losses: Sequence[int], budget: Budget | None = None) -> BatchReport:
    """Lose so many attempts at each of the questions."""
    moa, losing = panel(), dict(zip(ASKED, losses, strict=False))

    async def ask(question: Question) -> QuestionResult:
        text = str(question.messages[-1]["content"])
        if losing.get(text, 0):
            losing[text] -= 1
            raise AttemptLost("its machine is gone", OF_AN_ATTEMPT)
        return await answer_question(moa, question, file=out)

    options: dict[str, Any] = {"retry_errors": False, "repeat": 1, "on_start": None, "on_row": None}
    return await batch_by(AskedBy(ask=ask), moa, ASKED, out, concurrency=2, budget=budget, **options)


async def test_a_lost_attempt_is_made_again_and_its_cost_is_the_rows(out: Path) -> None:
    sums = await batch(out, [2, 1])

    rows = sorted(rows_in(out), key=lambda row: -row["cost"]["calls"])
    assert (sums["answered"], sums["lost"]) == (5, {"attempts": 3, "calls": 6, "tokens": 30, "usd": 1.5})
    assert [row["cost"]["calls"] for row in rows] == [7, 5, 3, 3, 3]
    assert sums["calls"] == 21


async def test_what_loses_every_attempt_becomes_a_row_with_an_error(out: Path) -> None:
    sums = await batch(out, [MOST_LOSSES])

    [row] = [row for row in rows_in(out) if row["error"]]
    assert (sums["answered"], sums["errors"]) == (4, 1)
    assert row["error"].endswith("the last time: its machine is gone")
    assert row["cost"]["calls"] == 2 * MOST_LOSSES


@pytest.mark.parametrize(("calls", "answered"), [(17, 4), (18, 5)])
async def test_a_budget_sets_aside_what_a_lost_attempt_may_have_cost(out: Path, calls: int, answered: int) -> None:
    sums = await batch(out, [1], Budget(calls=calls))

    assert (sums["answered"], sums["left"]) == (answered, 5 - answered)
    assert sums["calls"] <= calls
