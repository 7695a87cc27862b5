"""One question, all its turns, and what became of them."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from answering import ASKED, alone, broken_off, model, on, panel, rows_in
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, InputError, Proposer, Question, abatch, create_moa
from langgraph_moa.core.errors import AllProposersFailed
from loopback import Loopback, Reply


async def test_later_turns_are_put_to_the_conversation_so_far(out: Path) -> None:
    script = model(["one", "two", "three"])
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?", "Third?"])

    await abatch(create_moa(proposers=[script], layers=1), [question], out)

    (row,) = rows_in(out)
    assert (row["answer"], [turn["answer"] for turn in row["turns"]]) == ("three", ["one", "two", "three"])
    assert [m.text for m in script.asked[2]] == ["First?", "one", "Second?", "two", "Third?"]
    assert (row["cost"]["calls"], [turn["run"]["calls"] for turn in row["turns"]]) == (3, [1, 1, 1])
    assert row["run"] == row["turns"][2]["run"]


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


async def test_a_row_holds_what_each_proposer_answered(out: Path) -> None:
    moa = panel(second=RuntimeError("broken"))

    await abatch(moa, ["Why?"], out)

    (row,) = rows_in(out)
    assert [(p["layer"], p["proposer"], p["sample"], p["status"], p["text"]) for p in row["proposals"]] == [
        (1, "first", 1, "ok", "a"),
        (1, "second", 1, "error", None),
    ]
    assert row["proposals"][0].keys() >= {"model", "served_model", "tokens", "usd", "seconds"}


async def test_a_proposal_of_another_tier_than_the_usual_one_says_so(loopback: Loopback, out: Path) -> None:
    loopback.say("a", Reply("4", tier="flex"))
    seats = [Proposer("a", base_url=loopback.url, tier="flex"), Proposer("b", base_url=loopback.url)]

    await abatch(create_moa(proposers=seats, aggregator="offline:words"), ["Why?"], out)

    assert [p.get("tier") for p in rows_in(out)[0]["proposals"]] == ["flex", None]
    assert "tier" not in rows_in(out)[0]["proposals"][1]


async def test_a_failed_question_and_the_last_of_several_turns_have_their_proposals_too(out: Path) -> None:
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?"])

    await abatch(panel(first=["a", "c"], second=["b", "d"], last=["the answer", "another"]), [question], out)
    await abatch(panel(second=RuntimeError("broken"), min_proposals=2), ["Why?"], failed := out.with_suffix(".failed"))

    assert [p["text"] for p in rows_in(out)[0]["proposals"]] == ["c", "d"]
    assert [p["text"] for p in rows_in(failed)[0]["proposals"]] == ["a", None]


async def test_proposals_are_left_out_where_nobody_wants_them(out: Path) -> None:
    await abatch(panel(), ["Why?"], out, proposals=False)

    assert "proposals" not in rows_in(out)[0]


async def test_later_turns_are_bounded_too(out: Path) -> None:
    question = Question(id="q", messages=[{"role": "user", "content": "First?"}], later=["Second?"])

    report = await abatch(alone(), [question], out, budget=Budget(calls=1))

    assert report["stopped"] == "Budget(calls=1): 0 are spent, the step may take 2"


async def test_what_goes_wrong_with_the_checkpointer_ends_the_batch(out: Path) -> None:
    class Full(InMemorySaver):
        async def aput_writes(self, *args: Any, **options: Any) -> None:
            raise OSError("no room")

    class Damaged(InMemorySaver):
        async def aget_tuple(self, config: Any) -> Any:
            raise InputError("found nothing that a run wrote")

    with pytest.raises(OSError, match="no room"):
        await abatch(panel(checkpointer=Full()), ASKED, out)
    with pytest.raises(InputError, match="found nothing"):
        await abatch(panel(checkpointer=Damaged()), ASKED, out)

    assert rows_in(out) == []


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

    def proposals(self) -> int:
        """Count the proposals of the step that is under way."""
        return sum(channel == "proposals" for step in self.writes.values() for _, channel, *_ in step.values())

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        if self.hangs and metadata.get("step") == 1:
            await asyncio.Event().wait()
        return await super().aput(config, checkpoint, metadata, new_versions)


async def test_a_step_that_all_had_answered_and_nobody_closed_goes_on(loopback: Loopback, out: Path) -> None:
    saver = HangsBeforeTheGate()
    await broken_off(on(loopback, saver), out, lambda: saver.proposals() == 2)
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
