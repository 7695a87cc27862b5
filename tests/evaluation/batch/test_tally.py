"""Sums of a batch, and its budget."""

from pathlib import Path

import pytest
from answering import ASKED, alone, model, panel
from langgraph_moa import Budget, abatch, create_moa
from langgraph_moa.core.run.records import Cost
from langgraph_moa.evaluation.batch.ids import Ids
from langgraph_moa.evaluation.batch.tally import Tally


@pytest.mark.parametrize(("good", "asked"), [(0, 10), (1, 50)])
async def test_what_fails_alike_from_the_start_is_stopped(out: Path, good: int, asked: int) -> None:
    script = model(lambda messages: "fine" if int(messages[-1].text) < good else str(1 / 0))
    moa = create_moa(proposers=[script], layers=1)

    report = await abatch(moa, [str(n) for n in range(50)], out, concurrency=1)

    assert len(script.asked) == asked == report["answered"] + report["errors"]
    stopped = "the first 10 questions all failed alike, the last of them with: 0 of 1 proposals"
    assert (report["stopped"] or "").startswith(stopped if not good else "")
    assert bool(report["stopped"]) is not bool(good)


async def test_a_budget_bounds_the_whole_batch_over_calls(out: Path) -> None:
    begun = [await abatch(panel(), ASKED, out, budget=Budget(calls=limit)) for limit in (2, 7, 11)]
    whole = await abatch(panel(), ASKED, out, budget=Budget(calls=15))

    assert [(r["answered"], r["left"], r["calls"]) for r in begun] == [(0, 5, 0), (2, 3, 6), (3, 2, 9)]
    assert [r["stopped"] for r in begun] == [
        "Budget(calls=2): 0 are spent, the step may take 3",
        "Budget(calls=7): 6 are spent, the step may take 3",
        "Budget(calls=11): 9 are spent, the step may take 3",
    ]
    assert (whole["answered"], whole["calls"], whole["stopped"]) == (5, 15, None)


async def test_what_is_set_aside_and_not_spent_is_given_to_others(out: Path) -> None:
    at_most_3 = create_moa(proposers=[model("x")], aggregator=[model("y"), model("z")], early_stop=None)

    report = await abatch(at_most_3, ASKED, out, budget=Budget(calls=11))

    assert (report["answered"], report["calls"]) == (5, 10)


async def test_seconds_are_those_of_this_call(out: Path) -> None:
    report = await abatch(alone(), ASKED, out, budget=Budget(seconds=1e-9))

    assert (report["left"], (report["stopped"] or "")[:29]) == (5, "Budget(seconds=1e-09) is spen")


def test_what_is_set_aside_is_released_as_it_was() -> None:
    with Ids() as bounds:
        tally = Tally(Budget(calls=5), bounds=bounds)
        for name in ("a", "b", "b"):
            tally.set_aside(name, Cost(calls=2, tokens=None, usd=0.5))
        assert (tally.under_way, tally.has_aside("b"), tally.has_aside("c")) == (2, True, False)
        assert tally.misfit(Cost(calls=2, tokens=None, usd=None))
        for name in ("a", "a", "c"):
            tally.release(name)
        assert (tally.under_way, tally.misfit(Cost(calls=3, tokens=None, usd=None))) == (1, None)
