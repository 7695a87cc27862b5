"""A race ends its last calls: by a quorum, by what decides it, or by the run's seconds."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from langgraph_moa import Quorum
from langgraph_moa.core.bounds.quorum import Answered, Cutoff, Race
from records import a_proposal


async def until_cut(race: Race) -> Cutoff:
    """Be a call that never ends by itself."""
    cut = Cutoff()

    async def hang() -> None:
        async with cut:
            race.enter(cut)
            try:
                await asyncio.Event().wait()
            finally:
                race.leave(cut)

    with pytest.raises(TimeoutError):
        await hang()
    return cut


async def test_enough_answers_end_the_rest() -> None:
    race = Race(quorum=Quorum(2))
    waiting = asyncio.create_task(until_cut(race))
    await asyncio.sleep(0)

    race.count("a", "x", served=None, whole=True)
    race.count("a", "x", served=None, whole=True)
    assert not waiting.done()
    race.count("b", "x", served=None, whole=False)

    cut = await asyncio.wait_for(waiting, 10)
    assert (cut.why, cut.cause, cut.happened) == ("cut 0 s after 2 proposals of the layer were usable", "quorum", True)


async def test_whoever_comes_after_the_end_is_cut_at_once() -> None:
    race = Race(quorum=Quorum(1))
    race.count_proposal(a_proposal("x", "a"))

    assert (await asyncio.wait_for(until_cut(race), 10)).cause == "quorum"


async def test_what_decides_a_race_is_shown_whole_answers_only() -> None:
    shown: list[dict[str, Answered]] = []

    def decide(answers: Mapping[str, Answered]) -> str | None:
        shown.append(dict(answers))
        return "they agree" if len(answers) == 2 else None

    race = Race(decide=decide, read=str.upper)
    waiting = asyncio.create_task(until_cut(race))
    await asyncio.sleep(0)

    race.count_proposal(a_proposal("x", "a", served_model="m"))
    race.count_proposal(a_proposal("y", "b", status="truncated"))
    race.count_proposal(a_proposal("z", "c"))

    cut = await asyncio.wait_for(waiting, 10)
    assert (cut.cause, cut.why) == ("agreed", "they agree")
    assert shown[-1] == {"a": Answered("X", "m", "a"), "c": Answered("Z", None, "c")}


async def test_the_runs_seconds_cut_what_was_still_wanted() -> None:
    cut = await asyncio.wait_for(until_cut(Race(seconds=0.01)), 10)

    assert cut.why == "cut at the run's deadline: the last 0.0 s of its budget were over"
    assert (cut.cause, cut.happened) == ("deadline", True)


@pytest.mark.parametrize(("first", "then", "why"), [(1, 2, "first"), (2, 1, "then")])
async def test_the_earlier_end_holds(first: float, then: float, why: str) -> None:
    now = asyncio.get_running_loop().time()

    async with Cutoff() as cut:
        cut.by(now + 60 * first, "quorum", "first")
        cut.by(now + 60 * then, "quorum", "then")
        assert (cut.why, cut.due, cut.happened) == (why, False, False)
        await asyncio.sleep(0)


async def test_a_call_that_is_over_is_not_cut() -> None:
    cut: Any = Cutoff()
    async with cut:
        pass
    cut.by(0, "quorum", "late")

    assert (cut.why, cut.happened) == (None, False)
