"""Many questions: every one gets its row, and nothing is paid for twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, ConfigError, Question, abatch, create_moa, resolve_model
from langgraph_moa.core.errors import AllProposersFailed
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.tally import BatchReport
from loopback import Loopback, Reply

ASKED = [f"Question {n}?" for n in range(5)]


def model(script: Any, name: str = "model") -> ScriptedModel:
    return ScriptedModel(script=script, name_of_model=name)


def alone(script: Any = "an answer") -> Any:
    return create_moa(proposers=[model(script)], layers=1)


def panel(first: Any = "a", second: Any = "b", last: Any = "the answer", **options: Any) -> Any:
    proposers = [model(first, "first"), model(second, "second")]
    return create_moa(proposers=proposers, aggregator=model(last, "last"), early_stop=None, **options)


def rows_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def bytes_of(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b"not there"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


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


async def test_later_turns_are_put_to_the_conversation_so_far(out: Path) -> None:
    script = model(["one", "two", "three"])
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?", "Third?"])

    await abatch(create_moa(proposers=[script], layers=1), [question], out)

    (row,) = rows_in(out)
    assert (row["answer"], [turn["answer"] for turn in row["turns"]]) == ("three", ["one", "two", "three"])
    assert [m.text for m in script.asked[2]] == ["First?", "one", "Second?", "two", "Third?"]
    assert (row["cost"]["calls"], [turn["run"]["calls"] for turn in row["turns"]]) == (3, [1, 1, 1])
    assert row["run"] == row["turns"][2]["run"]


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


async def test_what_a_failed_question_cost_is_known(out: Path) -> None:
    moa = panel(second=RuntimeError("broken"), min_proposals=2)

    await abatch(moa, ["Why?"], out)

    (row,) = rows_in(out)
    assert row["cost"]["calls"] == 2


async def test_a_later_turn_that_fails_leaves_those_before(out: Path) -> None:
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?"])

    await abatch(alone(["one", RuntimeError("broken")]), [question], out)

    (row,) = rows_in(out)
    assert (row["answer"], row["run"], [turn["answer"] for turn in row["turns"]]) == (None, None, ["one"])
    assert row["cost"]["calls"] == 2


@pytest.mark.parametrize(("good", "asked"), [(0, 10), (1, 50)])
async def test_what_fails_alike_from_the_start_is_stopped(out: Path, good: int, asked: int) -> None:
    script = model(lambda messages: "fine" if int(messages[-1].text) < good else str(1 / 0))
    moa = create_moa(proposers=[script], layers=1)

    report = await abatch(moa, [str(n) for n in range(50)], out, concurrency=1)

    assert len(script.asked) == asked == report["answered"] + report["errors"]
    stopped = "the first 10 questions all failed alike, the last of them with: 0 of 1 proposals"
    assert (report["stopped"] or "").startswith(stopped if not good else "")
    assert bool(report["stopped"]) is not bool(good)


async def test_the_model_is_not_hurt_by_whoever_watches(out: Path) -> None:
    def watch(row: Any, sums: Any) -> None:
        raise LookupError("watching failed")

    with pytest.raises(LookupError, match="watching failed"):
        await abatch(alone(), ASKED, out, on_row=watch)

    assert (await abatch(alone(), ASKED, out))["left"] == 0


# What a batch may spend


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


async def test_later_turns_are_bounded_too(out: Path) -> None:
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?"])

    report = await abatch(alone(), [question], out, budget=Budget(calls=1))

    assert report["stopped"] == "Budget(calls=1): 0 are spent, the step may take 2"


# What is refused before anything is asked


async def test_rows_of_another_kind_are_refused(out: Path) -> None:
    await abatch(alone(), ASKED[:2], out)
    before = bytes_of(out)
    refused: list[tuple[Any, Sequence[Any], str]] = [
        (panel(), ASKED, r"found a row of another mixture in line 1 .* expected format \d+: first"),
        (alone([]), ASKED[1:], r"found a row of '\w{12}' in line 1 of .*, which is none of the questions"),
        (alone([]), [*ASKED, " "], "found no text in `question` in question 6"),
    ]

    for moa, questions, told in refused:
        with pytest.raises(ConfigError, match=told):
            await abatch(moa, questions, out)
    await asyncio.to_thread(out.write_bytes, before * 2)
    with pytest.raises(ConfigError, match=r"found a second row of '.*' in line 3"):
        await abatch(alone([]), ASKED, out)

    assert bytes_of(out) == before * 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"moa": 3}, "found int that is no mixture"),
    ({"moa": panel(review=True, checkpointer=InMemorySaver())}, "found review=True in a batch"),
    ({"questions": []}, "found no questions, expected at least one"),
    ({"questions": (text for text in ASKED)}, "found generator as questions, expected what can be gone through twice"),
    ({"concurrency": 0}, "found concurrency=0"),
    ({"budget": 3}, "found 3 as the budget"),
    ({"budget": Budget()}, r"found Budget\(\) without a limit"),
    ({"budget": Budget(tokens=9)}, r"found Budget\(tokens=...\) over what cannot be bounded \(model: no max_tokens"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED)
async def test_wrong_options_are_refused(out: Path, wrong: dict[str, Any], told: str) -> None:
    right: dict[str, Any] = {"moa": alone([]), "questions": ASKED}

    with pytest.raises(ConfigError, match=told):
        await abatch(**{**right, **wrong}, out=out)

    assert bytes_of(out) == b"not there"


def test_questions_and_rows_are_two_files(out: Path) -> None:
    out.write_text('{"question": "Why?"}\n')

    with pytest.raises(ConfigError, match="as questions and as rows, expected two files"):
        asyncio.run(abatch(alone([]), out, out))


async def test_questions_that_change_while_they_are_asked_are_told(out: Path) -> None:
    class Changing:
        texts = iter([["a"], ["b"]])

        def __iter__(self) -> Any:
            return iter(next(self.texts))

    with pytest.raises(ConfigError, match="only the second time that all were gone through"):
        await abatch(alone([]), Changing(), out)


# What was under way


def on(server: Loopback, saver: Any = None) -> Any:
    resolve = partial(resolve_model, base_url=server.url)
    options: dict[str, Any] = {"proposers": ["a", "b"], "aggregator": "last", "early_stop": None}
    return create_moa(**options, resolve=resolve, checkpointer=saver)


async def broken_off(moa: Any, out: Path, is_so: Callable[[], Any]) -> None:
    """Cancel a batch as soon as something is so."""
    batch = asyncio.create_task(abatch(moa, ASKED[:1], out))
    async with asyncio.timeout(60):
        while True:
            if is_so():
                break
            await asyncio.sleep(0.01)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch


async def test_cancelled_it_closes_what_was_under_way(loopback: Loopback, out: Path) -> None:
    loopback.say("last", Reply(broken="hang"))

    await broken_off(on(loopback), out, lambda: loopback.asked("last"))

    assert await asyncio.to_thread(loopback.asked("last")[0].closed_early.wait, 10)
    assert bytes_of(out) == b""
    loopback.scripts.clear()
    assert (await abatch(on(loopback), ASKED[:1], out))["answered"] == 1


async def test_with_a_checkpointer_who_answered_is_not_asked_again(loopback: Loopback, out: Path) -> None:
    saver = InMemorySaver()
    loopback.say("last", Reply(broken="hang"))
    await broken_off(on(loopback, saver), out, lambda: loopback.asked("last"))
    assert saver.storage
    loopback.scripts.clear()

    report = await abatch(on(loopback, saver), ASKED, out)

    asked = Counter(r.model for r in loopback.requests)
    assert (report["answered"], asked) == (5, {"a": 5, "b": 5, "last": 6})
    assert not saver.storage, "threads are gone once their rows are there"


class HangsBeforeTheGate(InMemorySaver):
    """Keep what all proposers said, and never close their step."""

    hangs = True

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        if self.hangs and metadata.get("step") == 1:
            await asyncio.Event().wait()
        return await super().aput(config, checkpoint, metadata, new_versions)


async def test_a_step_that_all_had_answered_and_nobody_closed_goes_on(loopback: Loopback, out: Path) -> None:
    saver = HangsBeforeTheGate()
    await broken_off(on(loopback, saver), out, lambda: sum(map(len, saver.writes.values())) >= 4)
    saver.hangs = False

    await abatch(on(loopback, saver), ASKED[:1], out)

    assert rows_in(out)[0]["answer"] == "answer of last"
    assert Counter(r.model for r in loopback.requests) == {"a": 1, "b": 1, "last": 1}


async def test_a_thread_of_another_question_is_not_taken_up(loopback: Loopback, out: Path) -> None:
    saver = InMemorySaver()
    loopback.say("last", Reply(broken="hang"))
    moa = on(loopback, saver)
    batch = asyncio.create_task(abatch(moa, [{"id": 1, "question": "Old?"}], out))
    await asyncio.to_thread(loopback.wait_for, "last")
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    loopback.scripts.clear()

    await abatch(moa, [{"id": 1, "question": "New?"}], out)

    assert "New?" in loopback.requests[-1].prompt
    assert len(loopback.asked("a")) == 2


async def test_a_run_that_ended_before_its_row_was_written_is_not_run_again(out: Path) -> None:
    saver = InMemorySaver()
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?"])
    moa = create_moa(proposers=[model(["one", RuntimeError("broken"), "two"])], layers=1, checkpointer=saver)
    deleted = saver.adelete_thread
    saver.adelete_thread = lambda thread: asyncio.sleep(0)  # type: ignore[method-assign, assignment] # as if it had been killed
    await abatch(moa, [question], out)
    saver.adelete_thread = deleted  # type: ignore[method-assign]

    await abatch(moa, [question], out, retry_errors=True)

    (row,) = rows_in(out)
    assert [turn["answer"] for turn in row["turns"]] == ["one", "two"]


def test_failures_that_are_no_ours_do_not_look_alike() -> None:
    from langgraph_moa.evaluation.batch.one_question import _sort_of

    failed = AllProposersFailed([{"proposer": "a", "status": "timeout", "error": None}])

    assert _sort_of(failed) == "AllProposersFailed, timeout"
    assert _sort_of(ValueError("x")) == "ValueError"
