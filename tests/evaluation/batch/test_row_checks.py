"""What no batch can have written is told by its place."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from answering import ASKED, alone, bytes_of, panel
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa import Budget, ConfigError, abatch
from langgraph_moa.evaluation.batch.row_checks import checked_cost, fault_in
from langgraph_moa.evaluation.batch.rows import RowFile, cost_in

RUN: Any = {"mixture": "m", "calls": 2, "usage": {"total_tokens": 7}, "usd": None, "aggregators": []}
ANSWERED: Any = {"id": "a", "answer": "x", "run": RUN, "error": None, "gold": None, "seconds": 0.5}
FAILED: Any = {**ANSWERED, "answer": None, "run": None, "error": "no answer"}
COST: Any = {"calls": 1, "tokens": None, "usd": 0.5}
PROPOSAL: Any = {
    "layer": 1, "proposer": "a", "sample": 1, "status": "ok", "text": "x", "served_model": None, "tokens": 7,
    "usd": None,
}  # fmt: skip

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({**ANSWERED, "cost": {**COST, "calls": -1_000_000}}, "cost.calls"),
    ({**ANSWERED, "cost": {**COST, "calls": 1.5}}, "cost.calls"),
    ({**ANSWERED, "cost": {**COST, "calls": True}}, "cost.calls"),
    ({**ANSWERED, "cost": {**COST, "tokens": "7"}}, "cost.tokens"),
    ({**ANSWERED, "cost": {**COST, "tokens": 10**400}}, "cost.tokens"),
    ({**FAILED, "cost": {**COST, "usd": -100}}, "cost.usd"),
    ({**ANSWERED, "cost": {**COST, "usd": float("nan")}}, "cost.usd"),
    ({**ANSWERED, "cost": {**COST, "usd": float("inf")}}, "cost.usd"),
    ({**ANSWERED, "cost": {"calls": 1}}, "cost.tokens"),
    ({**ANSWERED, "cost": "x"}, "cost"),
    ({**ANSWERED, "cost": None}, "cost"),
    ({**ANSWERED, "run": 5}, "run"),
    ({**ANSWERED, "run": None}, "run"),
    ({**FAILED, "run": 5}, "run"),
    ({**FAILED, "answer": "x"}, "answer"),
    ({**FAILED, "error": None}, "answer"),
    ({**ANSWERED, "error": 5}, "error"),
    ({**ANSWERED, "answer": [1]}, "answer"),
    ({**ANSWERED, "gold": 5}, "gold"),
    ({**ANSWERED, "id": "\ud800"}, "id"),
    ({**ANSWERED, "seconds": None}, "seconds"),
    ({**ANSWERED, "seconds": -1}, "seconds"),
    ({**ANSWERED, "run": {**RUN, "mixture": 5}}, "run.mixture"),
    ({**ANSWERED, "run": {**RUN, "calls": -1}}, "run.calls"),
    ({**ANSWERED, "run": {**RUN, "usage": [7]}}, "run.usage"),
    ({**ANSWERED, "run": {**RUN, "usage": {}}}, "run.usage.total_tokens"),
    ({**ANSWERED, "run": {**RUN, "usd": "free"}}, "run.usd"),
    ({**ANSWERED, "run": {**RUN, "aggregators": [5]}}, "run.aggregators"),
    ({**ANSWERED, "run": {**RUN, "aggregators": [{"started": "now", "seconds": 1}]}}, "run.aggregators"),
    ({**ANSWERED, "turns": {}}, "turns"),
    ({**ANSWERED, "turns": ["x"]}, "turn 1"),
    ({**ANSWERED, "turns": [{"answer": "x", "run": RUN}, {"answer": "x"}]}, "turn 2's run"),
    ({**ANSWERED, "spared": 5}, "spared"),
    ({**ANSWERED, "spared": COST}, "spared.seconds"),
    ({**ANSWERED, "spared": {**COST, "calls": -1, "seconds": 1}}, "spared.calls"),
    ({**ANSWERED, "proposals": {}}, "proposals"),
    ({**ANSWERED, "proposals": ["x"]}, "proposal 1"),
    ({**ANSWERED, "proposals": [PROPOSAL, {**PROPOSAL, "text": 5}]}, "proposal 2's text"),
    ({**ANSWERED, "proposals": [{**PROPOSAL, "layer": "1"}]}, "proposal 1's layer"),
    ({**ANSWERED, "proposals": [{**PROPOSAL, "usd": -1}]}, "proposal 1's usd"),
]


@pytest.mark.parametrize(("row", "place"), FAULTS)
def test_what_cannot_be_is_told_with_its_line_and_left_alone(file: RowFile, row: dict[str, Any], place: str) -> None:
    content = f"{json.dumps(ANSWERED)}\n{json.dumps(row)}\n"
    file.path.write_text(content, encoding="utf-8")

    with pytest.raises(
        ConfigError, match=rf"^found .* for {place} in line 2 of .*rows.jsonl, expected .*; take the line"
    ):
        list(file.rows())

    assert file.path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    "row",
    [ANSWERED, FAILED, {**ANSWERED, "cost": COST, "turns": [{"answer": "x", "run": RUN}], "proposals": [PROPOSAL]}],
)
def test_what_a_batch_writes_has_no_fault(row: dict[str, Any]) -> None:
    assert fault_in(row) is None


async def test_what_a_batch_wrote_is_taken_and_a_budget_is_not_raised_by_it(out: Path) -> None:
    await abatch(panel(), ASKED[:2], out)
    assert [fault_in(row) for _, row in RowFile(out).rows()] == [None, None]
    rows = [json.loads(line) for line in bytes_of(out).splitlines()]
    rows[0]["cost"] = {"calls": -1_000_000, "tokens": -5, "usd": -100}
    await asyncio.to_thread(out.write_text, "".join(f"{json.dumps(row)}\n" for row in rows))

    with pytest.raises(ConfigError, match=r"found -1000000 for cost\.calls in line 1 of"):
        await abatch(panel([]), ASKED, out, budget=Budget(calls=7))


@pytest.mark.parametrize("cost", [{"calls": 0, "tokens": 0, "usd": 0}, {"calls": None, "tokens": None, "usd": None}])
async def test_a_cost_below_what_the_runs_say_raises_no_budget(out: Path, cost: dict[str, Any]) -> None:
    await abatch(panel(), ASKED[:2], out)
    rows = [{**json.loads(line), "cost": cost} for line in bytes_of(out).splitlines()]
    await asyncio.to_thread(out.write_text, "".join(f"{json.dumps(row)}\n" for row in rows))

    report = await abatch(panel([]), ASKED, out, budget=Budget(calls=8))

    assert (report["calls"], report["left"]) == (6, 3)
    assert report["stopped"] == "Budget(calls=8): 6 are spent, the step may take 3"


ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*ANSWERED, *RUN, *COST]), inner, max_size=4)
    ),
    max_leaves=6,
)
KEYS = [*ANSWERED, "cost", "turns"]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING), st.sampled_from([ANSWERED, FAILED]))
def test_whatever_stands_in_a_row_it_is_told_or_can_be_counted(changes: dict[str, Any], row: dict[str, Any]) -> None:
    changed: Any = {**row, **changes}

    if fault_in(changed) is None:
        cost = cost_in(changed)
        assert all(value is None or value >= 0 for value in (cost["calls"], cost["tokens"], cost["usd"]))


def test_a_cost_is_read_as_one_or_not_at_all() -> None:
    nonsense: list[Any] = [None, [], {}, {**COST, "calls": -1}, {**COST, "usd": "1"}]

    assert checked_cost({**COST, "more": 1}) == COST
    assert [checked_cost(value) for value in nonsense] == [None] * 5


async def test_a_batch_over_one_model_goes_on_from_rows_of_before(out: Path) -> None:
    await abatch(alone(), ASKED[:2], out)
    assert (await abatch(alone([]), ASKED[:2], out))["done_before"] == 2
