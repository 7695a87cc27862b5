"""Many questions: every one gets its row, and nothing is paid for twice."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import ASKED, alone, broken_off, bytes_of, on, panel, rows_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph_moa import Budget, abatch, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.tally import BatchReport
from loopback import Loopback, Reply


async def test_each_question_gets_a_row(out: Path) -> None:
    questions = [{"id": n, "question": text, "gold": n} for n, text in enumerate(ASKED)]
    seen: list[tuple[str, int]] = []

    report = await abatch(
        panel(last="是"), questions, out, on_row=lambda row, sums: seen.append((row["id"], sums["left"]))
    )

    rows = rows_in(out)
    assert sorted(row["id"] for row in rows) == list("01234")
    assert {(row["answer"], row["error"], row["run"]["calls"]) for row in rows} == {("是", None, 3)}
    assert all(row["gold"] == row["id"] and row["cost"]["calls"] == 3 for row in rows)
    assert seen == [(row["id"], left) for row, left in zip(rows, [4, 3, 2, 1, 0], strict=True)]
    assert "是".encode() in bytes_of(out)
    assert report == {
        "questions": 5,
        "done_before": 0,
        "answered": 5,
        "errors": 0,
        "left": 0,
        "calls": 15,
        "tokens": sum(row["run"]["usage"]["total_tokens"] for row in rows),
        "usd": 0.0,
        "seconds": report["seconds"],
        "stopped": None,
    }
    assert [p.name for p in out.parent.iterdir()] == ["rows.jsonl"]


async def test_what_has_a_row_is_not_asked_again(out: Path) -> None:
    first = await abatch(alone(), ASKED[:3], out)

    begun: list[BatchReport] = []
    report = await abatch(alone(["new", "new"]), ASKED, out, on_start=begun.append)
    again = await abatch(alone([]), ASKED, out)

    assert [row["answer"] for row in rows_in(out)] == ["an answer"] * 3 + ["new"] * 2
    assert (begun[0]["done_before"], begun[0]["left"], begun[0]["calls"]) == (3, 2, 3)
    assert (report["done_before"], report["answered"], again["done_before"]) == (3, 5, 5)
    assert again["tokens"] == report["tokens"] > first["tokens"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(share=st.floats(0, 1))
def test_torn_anywhere_it_comes_to_the_same(tmp_path: Path, share: float) -> None:
    file = tmp_path / "rows.jsonl"
    file.unlink(missing_ok=True)
    moa = alone(lambda messages: f"re: {messages[-1].text} – 是")
    asyncio.run(abatch(moa, ASKED, file))
    whole = {row["id"]: row["answer"] for row in rows_in(file)}

    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    report = asyncio.run(abatch(moa, ASKED, file))

    assert {row["id"]: row["answer"] for row in rows_in(file)} == whole
    assert (len(rows_in(file)), report["answered"]) == (5, 5)


async def test_never_more_than_asked_for_are_under_way(out: Path) -> None:
    under_way: list[int] = [0, 0]

    class Slow(ScriptedModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            under_way[0] += 1
            under_way[1] = max(under_way)
            for _ in range(20):
                await asyncio.sleep(0)
            under_way[0] -= 1
            return await super()._agenerate(*args, **kwargs)

    moa = create_moa(proposers=[Slow(script="x")], layers=1)

    await abatch(moa, [f"{n}?" for n in range(40)], out, concurrency=3)

    assert under_way == [0, 3]


# Failures


def fails(*broken: str) -> Callable[[list[Any]], str]:
    def script(messages: list[Any]) -> str:
        if any(text in messages[-1].text for text in broken):
            raise RuntimeError("a line\nwith sk-0123456789abcdef in it")
        return "fine"

    return script


async def test_a_question_that_fails_is_a_row(out: Path) -> None:
    report = await abatch(alone(fails("1", "3")), ASKED, out)

    failed = [row for row in rows_in(out) if row["error"]]
    assert (report["answered"], report["errors"], report["left"], report["stopped"]) == (3, 2, 0, None)
    assert {(row["answer"], row["run"]) for row in failed} == {(None, None)}
    assert failed[0]["error"].startswith("0 of 1 proposals were usable")
    assert "a line with [redacted] in it" in failed[0]["error"]


async def test_errors_are_asked_again_where_that_is_wanted(out: Path) -> None:
    await abatch(alone(fails("1", "3")), ASKED, out)

    left_alone = await abatch(alone([]), ASKED, out)
    report = await abatch(alone(fails("3")), ASKED, out, retry_errors=True)

    assert (left_alone["errors"], left_alone["calls"]) == (2, 5)
    assert (report["answered"], report["errors"], report["done_before"], report["calls"]) == (4, 1, 3, 7)
    assert Counter(bool(row["error"]) for row in rows_in(out)) == {False: 4, True: 1}
    assert sum(row["cost"]["calls"] for row in rows_in(out)) == 7, "what failed attempts cost is not forgotten"


async def test_asked_again_and_stopped_what_failures_cost_is_not_forgotten(out: Path) -> None:
    await abatch(alone(fails("1", "3", "4")), ASKED, out)

    def stop(row: Any, sums: Any) -> None:
        raise LookupError("stopped")

    with pytest.raises(LookupError):
        await abatch(alone(fails("3")), ASKED, out, retry_errors=True, concurrency=1, on_row=stop)
    stopped = await abatch(alone([]), ASKED, out)
    bounded = await abatch(alone([]), ASKED, out, retry_errors=True, budget=Budget(calls=6))
    report = await abatch(alone("fine"), ASKED, out, retry_errors=True, budget=Budget(calls=8))

    assert (stopped["answered"], stopped["errors"], stopped["done_before"], stopped["calls"]) == (3, 2, 5, 6)
    assert (bounded["left"], bounded["calls"], bounded["done_before"]) == (2, 6, 3)
    assert (report["answered"], report["calls"], len(rows_in(out))) == (5, 8, 5)


async def test_killed_while_failures_are_asked_again_the_last_row_counts(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await abatch(alone(fails("1", "3")), ASKED, out)
    with monkeypatch.context() as killed:
        killed.setattr("langgraph_moa.evaluation.batch.rows.RowFile.settle", lambda file: None)
        await abatch(alone(fails("3")), ASKED, out, retry_errors=True)
    assert len(rows_in(out)) == 7

    report = await abatch(alone([]), ASKED, out)

    assert (report["answered"], report["errors"], report["done_before"], report["calls"]) == (4, 1, 5, 7)
    assert sorted(row["id"] for row in rows_in(out)) == sorted({row["id"] for row in rows_in(out)})


async def test_the_model_is_not_hurt_by_whoever_watches(out: Path) -> None:
    def watch(row: Any, sums: Any) -> None:
        raise LookupError("watching failed")

    with pytest.raises(LookupError, match="watching failed"):
        await abatch(alone(), ASKED, out, on_row=watch)

    assert (await abatch(alone(), ASKED, out))["left"] == 0


# What was under way


async def test_cancelled_it_closes_what_was_under_way(loopback: Loopback, out: Path) -> None:
    loopback.say("last", Reply(broken="hang"))

    await broken_off(on(loopback), out, lambda: loopback.asked("last"))

    assert await asyncio.to_thread(loopback.asked("last")[0].closed_early.wait, 10)
    assert bytes_of(out) == b""
    loopback.scripts.clear()
    assert (await abatch(on(loopback), ASKED[:1], out))["answered"] == 1
